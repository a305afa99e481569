#pragma once
// The wall clock as an emulator sees it: the real one plus an offset that tests move forward, so
// that tokens expire without anybody waiting.

#include <chrono>
#include <cstdint>
#include <optional>

namespace dragoman::emulator {

class Clock {
 public:
  using time_point = std::chrono::system_clock::time_point;

  time_point now() const { return (fixed_ ? *fixed_ : std::chrono::system_clock::now()) + offset_; }
  std::int64_t now_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()).count();
  }
  std::int64_t now_s() const { return now_ms() / 1000; }
  void advance(std::chrono::milliseconds by) { offset_ += by; }
  void reset() { offset_ = std::chrono::milliseconds(0); }

  // A clock that stands still but for advance(): for unit tests.
  static Clock fixed_at(time_point when) {
    Clock clock;
    clock.fixed_ = when;
    return clock;
  }

 private:
  std::chrono::milliseconds offset_{0};
  std::optional<time_point> fixed_;
};

}  // namespace dragoman::emulator
