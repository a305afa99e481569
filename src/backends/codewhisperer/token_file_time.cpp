#include <charconv>
#include <fmt/format.h>

#include "backends/codewhisperer/token_file.hpp"
#include "base/utc_time.hpp"

namespace dragoman::codewhisperer {
namespace {

using namespace std::chrono;

// Takes exactly `count` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<nanoseconds> take_fraction(std::string_view& text) {
  constexpr int most_digits = 9;
  if (!take(text, '.') && !take(text, ',')) return nanoseconds(0);
  std::int64_t value = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (++digits > most_digits) return std::nullopt;
    value = value * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < most_digits; ++digits) value *= 10;
  return nanoseconds(value);
}

std::optional<minutes> take_offset(std::string_view& text) {
  if (text.empty()) return minutes(0);
  if (take(text, 'Z') || take(text, 'z')) return minutes(0);
  const bool west = text.front() == '-';
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hour = take_digits(text, 2);
  take(text, ':');
  const auto minute = text.empty() ? std::optional<int>(0) : take_digits(text, 2);
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  const minutes offset = hours(*hour) + minutes(*minute);
  return west ? -offset : offset;
}

}  // namespace

std::optional<WallTime> parse_time(std::string_view text) {
  // The clock counts nanoseconds in 64 bits: beyond these years it would overflow.
  constexpr int first_year = 1970;
  constexpr int last_year = 2200;
  const auto y = take_digits(text, 4);
  if (!y || !take(text, '-')) return std::nullopt;
  const auto m = take_digits(text, 2);
  if (!m || !take(text, '-')) return std::nullopt;
  const auto d = take_digits(text, 2);
  if (!d || !(take(text, 'T') || take(text, 't') || take(text, ' '))) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  const year_month_day date{year(*y), month(static_cast<unsigned>(*m)),
                            day(static_cast<unsigned>(*d))};
  if (!date.ok() || *y < first_year || *y > last_year) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second) + *fraction - *offset;
}

std::string format_time(WallTime time) { return format_utc(time); }

}  // namespace dragoman::codewhisperer
