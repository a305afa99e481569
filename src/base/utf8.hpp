#pragma once
// UTF-8 checks and repairs. Sequences are judged by RFC 3629: no surrogates, no overlong forms,
// nothing above U+10FFFF.

#include <cstddef>
#include <string>
#include <string_view>

namespace dragoman {

bool is_valid_utf8(std::string_view text);

// Replaces each maximal invalid part by U+FFFD, as the WHATWG Encoding Standard does.
std::string repair_utf8(std::string_view text);

void append_utf8(std::string& out, char32_t code_point);

// The longest prefix of at most max_bytes that does not cut a sequence.
std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes);

// Number of code points; an invalid byte counts as one.
std::size_t count_code_points(std::string_view text);

}  // namespace dragoman
