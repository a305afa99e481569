#pragma once
// Random identifiers from the operating system's generator. Safe on any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace dragoman {

// "chatcmpl-" + 24 letters and digits, for example: 140 bits, unguessable.
std::string make_id(std::string_view prefix, std::size_t letters = 24);

// RFC 9562 version 4: "f47ac10b-58cc-4372-a567-0e02b2c3d479".
std::string make_uuid();

}  // namespace dragoman
