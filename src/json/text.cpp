#include "json/text.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/utf8.hpp"

namespace dragoman::json {
namespace {

constexpr char32_t replacement = 0xFFFD;

bool is_high(char32_t c) { return c >= 0xD800 && c <= 0xDBFF; }
bool is_low(char32_t c) { return c >= 0xDC00 && c <= 0xDFFF; }

// Whether a byte of plain text must be escaped in a JSON string.
constexpr std::array<bool, 256> must_escape = [] {
  std::array<bool, 256> table{};
  for (int c = 0; c < 0x20; ++c) table[c] = true;
  table['"'] = table['\\'] = true;
  return table;
}();

void append_escape(std::string& out, unsigned char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    default:
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
  }
}

// Valid UTF-8 assumed.
void append_valid(std::string& out, std::string_view text) {
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (!must_escape[c]) continue;
    out.append(text, start, i - start);
    append_escape(out, c);
    start = i + 1;
  }
  out.append(text, start);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct Escape {
  char32_t value = replacement;
  std::size_t length = 0;  // bytes read, the backslash included
  bool valid = false;
};

// raw begins with a backslash.
Escape read_escape(std::string_view raw) {
  if (raw.size() < 2) return {replacement, raw.size(), false};
  switch (raw[1]) {
    case '"': return {U'"', 2, true};
    case '\\': return {U'\\', 2, true};
    case '/': return {U'/', 2, true};
    case 'b': return {U'\b', 2, true};
    case 'f': return {U'\f', 2, true};
    case 'n': return {U'\n', 2, true};
    case 'r': return {U'\r', 2, true};
    case 't': return {U'\t', 2, true};
    case 'u': break;
    default: return {replacement, 1, false};
  }
  if (raw.size() < 6) return {replacement, 2, false};
  char32_t value = 0;
  for (std::size_t i = 2; i < 6; ++i) {
    const int digit = hex_value(raw[i]);
    if (digit < 0) return {replacement, 2, false};
    value = value << 4 | static_cast<char32_t>(digit);
  }
  return {value, 6, true};
}

// True when raw is a JsonText already: no controls, no quotes, every escape valid and no surrogate
// escape (their pairing is left to the slow path). UTF-8 is judged elsewhere.
bool is_clean(std::string_view raw) {
  for (std::size_t i = 0; i < raw.size();) {
    const auto c = static_cast<unsigned char>(raw[i]);
    if (!must_escape[c]) {
      ++i;
      continue;
    }
    if (c != '\\') return false;
    const Escape escape = read_escape(raw.substr(i));
    if (!escape.valid || is_high(escape.value) || is_low(escape.value)) return false;
    i += escape.length;
  }
  return true;
}

// Resolves the escapes of raw into plain text. held carries a high surrogate in and out; with
// keep_last false a trailing one is replaced at once. Returns false when something was broken.
bool resolve(std::string_view raw, std::string& plain, char32_t& held, bool keep_last) {
  bool intact = true;
  const auto drop_held = [&] {
    if (held == 0) return;
    append_utf8(plain, replacement);
    held = 0;
  };
  while (!raw.empty()) {
    const std::size_t run = std::min(raw.find('\\'), raw.size());
    if (run > 0) {
      drop_held();
      plain += raw.substr(0, run);
      raw.remove_prefix(run);
      continue;
    }
    const Escape escape = read_escape(raw);
    raw.remove_prefix(escape.length);
    if (!escape.valid) {
      intact = false;
      drop_held();
      append_utf8(plain, replacement);
    } else if (is_high(escape.value)) {
      drop_held();
      held = escape.value;
    } else if (is_low(escape.value) && held != 0) {
      append_utf8(plain, 0x10000 + ((held - 0xD800) << 10) + (escape.value - 0xDC00));
      held = 0;
    } else {
      drop_held();
      append_utf8(plain, is_low(escape.value) ? replacement : escape.value);
    }
  }
  if (!keep_last) drop_held();
  return intact;
}

}  // namespace

std::string JsonText::plain() const {
  std::string text;
  char32_t held = 0;
  resolve(escaped_, text, held, false);
  return text;
}

void append_escaped(std::string& out, std::string_view utf8) {
  if (is_valid_utf8(utf8)) {
    append_valid(out, utf8);
  } else {
    append_valid(out, repair_utf8(utf8));
  }
}

std::string escape(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  append_escaped(out, utf8);
  return out;
}

std::optional<std::string> unescape(std::string_view raw) {
  if (!is_valid_utf8(raw)) return std::nullopt;
  std::string text;
  char32_t held = 0;
  if (!resolve(raw, text, held, false)) return std::nullopt;
  return text;
}

std::string& TextStream::scratch() {
  if (used_ == scratch_.size()) scratch_.emplace_back();
  std::string& text = scratch_[used_++];
  text.clear();
  return text;
}

JsonText TextStream::next(std::string_view raw) {
  if (held_ == 0 && is_clean(raw) && is_valid_utf8(raw)) return JsonText::promise(raw);
  if (raw.empty()) return {};
  std::string& plain = scratch();
  resolve(raw, plain, held_, true);
  std::string& text = scratch();
  append_escaped(text, plain);
  return JsonText::promise(text);
}

JsonText TextStream::finish() {
  if (held_ == 0) return {};
  held_ = 0;
  return JsonText::promise("\xEF\xBF\xBD");
}

}  // namespace dragoman::json
