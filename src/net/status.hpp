#pragma once
// Reason phrases of RFC 9110, section 15, for the statuses this program sends.

#include <string_view>

namespace dragoman::net {

std::string_view reason_phrase(int status);

}  // namespace dragoman::net
