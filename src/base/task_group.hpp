#pragma once
// Owns coroutines that run beside the one that started them.
//
//   TaskGroup tasks(executor);
//   tasks.spawn(refresh_forever(pool));    // a named coroutine; its arguments live in its frame
//   ...
//   co_await tasks.close();                // asks all to stop, waits until they have
//
// spawn() and close() belong to the executor's thread. After close() begins, spawn() does nothing.
// A task is asked to stop through asio cancellation: what it awaits completes with
// operation_aborted. A task that throws is a bug: the exception ends the program.
// The group must be closed before it is destroyed, unless its io_context has ended for good.

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <list>

#include "base/awaitable.hpp"

namespace dragoman {

class TaskGroup {
 public:
  explicit TaskGroup(Executor executor);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  void spawn(Awaitable<void> task);
  std::size_t size() const { return signals_.size(); }

  // Asks every task to stop; returns at once.
  void cancel();
  // Completes when no task is left. Tasks spawned meanwhile count too.
  Awaitable<void> wait();
  // cancel(), then wait(); no task can start afterwards.
  Awaitable<void> close();

 private:
  Executor executor_;
  std::list<asio::cancellation_signal> signals_;
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, Executor>
      idle_;  // never expires by itself: cancelled when the last task ends
  bool closed_ = false;
};

}  // namespace dragoman
