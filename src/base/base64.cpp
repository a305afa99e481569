#include "base/base64.hpp"

#include <array>
#include <cstdint>

namespace dragoman {
namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> reverse(std::string_view alphabet) {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}

constexpr auto standard_values = reverse(standard_alphabet);
constexpr auto url_values = reverse(url_alphabet);

std::string encode(std::string_view bytes, std::string_view alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int have = 0;
  for (unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    for (have += 8; have >= 6; have -= 6) out += alphabet[bits >> (have - 6) & 63];
  }
  if (have > 0) out += alphabet[bits << (6 - have) & 63];
  while (pad && out.size() % 4 != 0) out += '=';
  return out;
}

std::optional<std::string> decode(std::string_view text,
                                  const std::array<std::int8_t, 256>& values) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int have = 0;
  for (unsigned char c : text) {
    if (values[c] < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(values[c]);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>(bits >> have & 255);
    }
  }
  if ((bits & ((1U << have) - 1)) != 0) return std::nullopt;
  return out;
}

}  // namespace

std::string encode_base64(std::string_view bytes) { return encode(bytes, standard_alphabet, true); }
std::string encode_base64url(std::string_view bytes) { return encode(bytes, url_alphabet, false); }

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  return decode(text, standard_values);
}

std::optional<std::string> decode_base64url(std::string_view text) {
  return decode(text, url_values);
}

}  // namespace dragoman
