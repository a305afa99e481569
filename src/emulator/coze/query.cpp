#include "emulator/coze/query.hpp"

#include <charconv>

namespace dragoman::emulator::coze {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      plain += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

}  // namespace

Query::Query(std::string_view raw) {
  while (!raw.empty()) {
    const auto end = raw.find('&');
    const std::string_view pair = raw.substr(0, end);
    raw = end == std::string_view::npos ? std::string_view() : raw.substr(end + 1);
    const auto equals = pair.find('=');
    if (pair.empty()) continue;
    pairs_.emplace_back(unescape(pair.substr(0, equals)), equals == std::string_view::npos
                                                              ? std::string()
                                                              : unescape(pair.substr(equals + 1)));
  }
}

bool Query::has(std::string_view key) const {
  for (const auto& [name, value] : pairs_) {
    if (name == key) return true;
  }
  return false;
}

std::string Query::text(std::string_view key, std::string_view fallback) const {
  for (const auto& [name, value] : pairs_) {
    if (name == key) return value;
  }
  return std::string(fallback);
}

std::string Query::required_text(std::string_view key) {
  std::string value = text(key);
  if (value.empty()) refuse(bad_parameter(std::string(key) + ": is required"));
  return value;
}

Id Query::id(std::string_view key) {
  required_text(key);
  return optional_id(key);
}

Id Query::optional_id(std::string_view key) {
  const std::string value = text(key);
  if (refusal_ || value.empty()) return 0;
  const auto id = parse_id(value);
  if (!id) refuse(bad_parameter(std::string(key) + ": must be a decimal number"));
  return id.value_or(0);
}

std::int64_t Query::number(std::string_view key, std::int64_t fallback, std::int64_t min,
                           std::int64_t max) {
  const std::string value = text(key);
  if (refusal_ || value.empty()) return fallback;
  std::int64_t number = 0;
  const char* last = value.data() + value.size();
  const auto [end, error] = std::from_chars(value.data(), last, number);
  if (error != std::errc() || end != last || number < min || number > max) {
    refuse(bad_parameter(std::string(key) + ": must be between " + std::to_string(min) + " and " +
                         std::to_string(max)));
    return fallback;
  }
  return number;
}

}  // namespace dragoman::emulator::coze
