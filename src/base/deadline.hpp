#pragma once
// Coarse deadlines: one timer for a thread, however many things wait.
//
//   Deadlines deadlines(io.get_executor());            // one a thread
//   Deadline idle(deadlines, [&] { socket.cancel(); });
//   idle.expires_after(35s);                           // cheap: writes one number
//   ...
//   idle.clear();                                      // or destroy it
//
// A deadline fires between its time and one tick later (100 ms), at most once each time it is set.
// Its callback runs on the thread of the executor, never inside expires_after(). Setting a deadline
// for each chunk of a stream costs no system call; the sweep runs only while a deadline exists.
// Times are from the steady clock: a step of the wall clock changes nothing.
//
// A Deadline must die before its Deadlines, and is used on its thread only.

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>

#include "base/awaitable.hpp"

namespace dragoman {

class Deadline;

class Deadlines {
 public:
  static constexpr std::chrono::milliseconds tick{100};

  explicit Deadlines(Executor executor);
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;
  ~Deadlines();

 private:
  friend class Deadline;
  void arm();
  void sweep();

  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, Executor>
      timer_;
  Deadline* first_ = nullptr;
  Deadline* cursor_ = nullptr;  // next to visit in a running sweep; callbacks may destroy deadlines
  bool armed_ = false;
};

class Deadline {
 public:
  Deadline(Deadlines& owner, std::function<void()> on_expired);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline();

  void expires_after(std::chrono::steady_clock::duration wait);
  void clear();
  bool expired() const { return expired_; }  // since it was last set

 private:
  friend class Deadlines;
  static constexpr auto never = std::chrono::steady_clock::time_point::max();

  Deadlines& owner_;
  std::function<void()> on_expired_;
  std::chrono::steady_clock::time_point when_ = never;
  bool expired_ = false;
  Deadline* previous_ = nullptr;
  Deadline* next_ = nullptr;
};

}  // namespace dragoman
