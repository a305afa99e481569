#include "json/reader.hpp"

#include <cmath>

#include "base/utf8.hpp"

namespace dragoman::json {
namespace {

using simdjson::dom::element_type;

std::string describe(simdjson::error_code code) {
  switch (code) {
    case simdjson::EMPTY: return "the body is empty, expected a JSON object";
    case simdjson::DEPTH_ERROR: return "the JSON is nested too deeply";
    case simdjson::UTF8_ERROR: return "the body is not valid UTF-8";
    case simdjson::UNESCAPED_CHARS:
      return "the JSON has an unescaped control character in a string";
    case simdjson::STRING_ERROR: return "the JSON has a malformed string";
    case simdjson::UNCLOSED_STRING: return "the JSON ends inside a string";
    case simdjson::NUMBER_ERROR: return "the JSON has a number that is malformed or out of range";
    case simdjson::CAPACITY: return "the JSON is too large";
    default: return "the body is not valid JSON";
  }
}

template <class T, class Get>
Result<std::optional<T>> optional_member(const Reader& in, std::string_view key, Get get) {
  auto member = in.find(key);
  if (!member) return std::optional<T>();
  Result<T> value = get(*member);
  if (!value) return value.error();
  return std::optional<T>(*value);
}

// Counts what takes memory in the parser's index and tape: brackets, separators and the values
// between them. Strings count as one, however long.
bool is_dense(std::string_view text) {
  const std::size_t max_tokens = text.size() / min_bytes_per_token;
  std::size_t tokens = 0;
  bool in_scalar = false;
  for (std::size_t i = 0; i < text.size() && tokens <= max_tokens; ++i) {
    const char c = text[i];
    const bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    const bool structural = c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':';
    if (c == '"') {
      while (++i < text.size() && text[i] != '"') {
        if (text[i] == '\\') ++i;
      }
      ++tokens;
    } else if (structural || (!blank && !in_scalar)) {
      ++tokens;
    }
    in_scalar = c != '"' && !blank && !structural;
  }
  return tokens > max_tokens;
}

}  // namespace

Path Path::child(std::string_view key) const {
  Path path = *this;
  if (path.size_ < max_steps) path.steps_[path.size_] = {key.data(), key.size()};
  ++path.size_;
  return path;
}

Path Path::child(std::size_t index) const {
  Path path = *this;
  if (path.size_ < max_steps) path.steps_[path.size_] = {nullptr, index};
  ++path.size_;
  return path;
}

std::string Path::str() const {
  constexpr std::size_t max_key = 48;  // a key is input too: never echo a long one
  std::string text;
  for (std::size_t i = 0; i < std::min(size_, max_steps); ++i) {
    if (i > 0) text += '.';
    const Step& step = steps_[i];
    if (step.key == nullptr) {
      text += std::to_string(step.number);
    } else {
      text += utf8_prefix({step.key, step.number}, max_key);
    }
  }
  return text;
}

Reader::Kind Reader::kind() const {
  switch (value_.type()) {
    case element_type::ARRAY: return Kind::array;
    case element_type::OBJECT: return Kind::object;
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE: return Kind::number;
    case element_type::STRING: return Kind::string;
    case element_type::BOOL: return Kind::boolean;
    case element_type::NULL_VALUE: return Kind::null;
  }
  return Kind::null;
}

std::optional<Reader> Reader::find(std::string_view key) const {
  simdjson::dom::element member;
  if (!value_.is_object() || value_.at_key(key).get(member) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  if (member.is_null()) return std::nullopt;
  return Reader(member, path_.child(key));
}

Result<Reader> Reader::require(std::string_view key) const {
  if (!value_.is_object()) return expected("an object");
  if (auto member = find(key)) return *member;
  std::string path = path_.child(key).str();
  return Error(ErrorKind::bad_request, path + ": is required").with_param(path);
}

Result<std::string_view> Reader::string() const {
  std::string_view text;
  if (value_.get(text) != simdjson::SUCCESS) return expected("a string");
  return text;
}

Result<bool> Reader::boolean() const {
  bool value = false;
  if (value_.get(value) != simdjson::SUCCESS) return expected("true or false");
  return value;
}

Result<std::int64_t> Reader::integer() const {
  std::int64_t value = 0;
  if (value_.get(value) == simdjson::SUCCESS) return value;
  double real = 0;
  constexpr double exact = 9007199254740992.0;  // 2^53: beyond it doubles skip integers
  if (value_.get(real) == simdjson::SUCCESS && std::trunc(real) == real &&
      std::abs(real) <= exact) {
    return static_cast<std::int64_t>(real);
  }
  return expected("an integer");
}

Result<double> Reader::number() const {
  double value = 0;
  if (value_.get(value) != simdjson::SUCCESS) return expected("a number");
  return value;
}

Result<Array> Reader::array() const {
  simdjson::dom::array value;
  if (value_.get(value) != simdjson::SUCCESS) return expected("an array");
  return Array(value, path_);
}

Result<Object> Reader::object() const {
  simdjson::dom::object value;
  if (value_.get(value) != simdjson::SUCCESS) return expected("an object");
  return Object(value, path_);
}

Result<std::optional<std::string_view>> Reader::optional_string(std::string_view key) const {
  return optional_member<std::string_view>(*this, key, [](const Reader& r) { return r.string(); });
}

Result<std::optional<bool>> Reader::optional_boolean(std::string_view key) const {
  return optional_member<bool>(*this, key, [](const Reader& r) { return r.boolean(); });
}

Result<std::optional<std::int64_t>> Reader::optional_integer(std::string_view key) const {
  return optional_member<std::int64_t>(*this, key, [](const Reader& r) { return r.integer(); });
}

Result<std::optional<double>> Reader::optional_number(std::string_view key) const {
  return optional_member<double>(*this, key, [](const Reader& r) { return r.number(); });
}

Error Reader::error(std::string_view problem) const {
  std::string path = path_.str();
  std::string message = path.empty() ? "the body: " : path + ": ";
  message += problem;
  return Error(ErrorKind::bad_request, std::move(message)).with_param(std::move(path));
}

Error Reader::expected(std::string_view what) const {
  return error("expected " + std::string(what));
}

Result<Document> Document::parse(std::string_view text, std::size_t max_depth) {
  return parse_text(text, max_depth, true);
}

Result<Document> Document::parse(PaddedBytes text, std::size_t max_depth) {
  return parse_text(text.view(), max_depth, false);
}

Result<Document> Document::parse_text(std::string_view text, std::size_t max_depth, bool copy) {
  // A byte order mark is not JSON, but RFC 8259 (8.1) allows to ignore it, and editors and shells
  // of Windows put it there. simdjson 3.0 refuses it.
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.substr(0, byte_order_mark.size()) == byte_order_mark) {
    text.remove_prefix(byte_order_mark.size());
  }
  // simdjson copies from the pointer of an empty view, which may be null.
  if (text.empty()) return Error(ErrorKind::bad_request, describe(simdjson::EMPTY));
  if (text.size() > max_dense_bytes && is_dense(text)) {
    return Error(ErrorKind::bad_request, "the JSON has too many values for its size");
  }
  auto parser = std::make_unique<simdjson::dom::parser>();
  if (parser->allocate(text.size(), max_depth) != simdjson::SUCCESS) {
    return Error(ErrorKind::too_large, "the JSON is too large");
  }
  Document document(std::move(parser));
  const auto code = document.parser_->parse(text.data(), text.size(), copy).get(document.root_);
  if (code != simdjson::SUCCESS) return Error(ErrorKind::bad_request, describe(code));
  return document;
}

}  // namespace dragoman::json
