#pragma once
// "2026-01-31T12:00:00.123Z" (RFC 3339, UTC, milliseconds): how times are written everywhere here.

#include <chrono>
#include <string>

namespace dragoman {

std::string format_utc(std::chrono::system_clock::time_point time);

}  // namespace dragoman
