#pragma once
// The version of the program, from CMakeLists.txt.

#include <string_view>

namespace dragoman::daemon {

inline constexpr std::string_view version = DRAGOMAN_VERSION;

}  // namespace dragoman::daemon
