#pragma once
// Whether somebody listens on a port already.
//
// The workers of this program share their port (SO_REUSEPORT), and the kernel would let a second
// program of the same user share it too: it would get half of the connections, and nobody an error.

#include <cstdint>
#include <string>

#include "base/error.hpp"

namespace dragoman::net {

// Errors: bad_request (not an address), internal (in use, not permitted). Port 0 is always free.
Result<void> check_port_is_free(const std::string& address, std::uint16_t port);

}  // namespace dragoman::net
