#include "base/utc_time.hpp"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

TEST(UtcTime, IsWrittenWithMilliseconds) {
  using namespace std::chrono;
  EXPECT_EQ(format_utc(system_clock::time_point(1'769'860'800'123ms)), "2026-01-31T12:00:00.123Z");
  EXPECT_EQ(format_utc(system_clock::time_point(-1ms)), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace dragoman
