#pragma once
// Texts of a configuration and what they mean. Errors are phrases: "expected a duration such as
// 15s, 500ms or 2m".

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace dragoman::settings {

// true, yes, on, 1 and their opposites, in any case.
Result<bool> parse_boolean(std::string_view text);

// Digits only.
Result<std::int64_t> parse_integer(std::string_view text);

// A number of bytes: 4096, 32KiB, 32MiB, 1GiB (also k, M, G and KB, MB, GB: all powers of 1024).
Result<std::int64_t> parse_bytes(std::string_view text);

// 500ms, 15s, 2m, 1h, or a number of seconds: 15, 0.5.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::milliseconds value);

// Items between commas or on lines of their own, without the blanks around them; empty ones are
// left out.
std::vector<std::string> parse_list(std::string_view text);

// http or https, a host, optional user information, port and path. A slash at the end is taken off.
Result<std::string> parse_url_text(std::string_view text);

// The URL with its user information replaced by ***.
std::string mask_user_info(std::string_view url);

// "localhost" becomes 127.0.0.1, brackets of IPv6 are taken off.
Result<std::string> parse_address(std::string_view text);
bool is_loopback(std::string_view address);

// What templates put where a value belongs: your_api_key, <token>, pat_xxxxxxxx, changeme.
bool is_placeholder(std::string_view text);

std::string_view trim(std::string_view text);

}  // namespace dragoman::settings
