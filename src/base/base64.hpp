#pragma once
// Base64 of RFC 4648: the standard alphabet with padding, and the URL-safe one without.
// Decoding is strict: no white space, no missing padding, no stray bits behind the last byte.

#include <optional>
#include <string>
#include <string_view>

namespace dragoman {

std::string encode_base64(std::string_view bytes);
std::string encode_base64url(std::string_view bytes);
std::optional<std::string> decode_base64(std::string_view text);
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace dragoman
