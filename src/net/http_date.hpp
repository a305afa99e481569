#pragma once
// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7) of this second. Formatted once a second.

#include <string_view>

namespace dragoman::net {

// Valid until the next call on this thread.
std::string_view http_date();

}  // namespace dragoman::net
