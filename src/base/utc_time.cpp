#include "base/utc_time.hpp"

#include <fmt/format.h>

namespace dragoman {

using namespace std::chrono;

std::string format_utc(system_clock::time_point time) {
  const auto day_begin = floor<days>(time);
  const year_month_day date(day_begin);
  const hh_mm_ss clock(floor<milliseconds>(time - day_begin));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

}  // namespace dragoman
