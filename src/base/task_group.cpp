#include "base/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>

namespace dragoman {

namespace {

// A cancelled task learns it from what it awaits, not from an exception.
Awaitable<void> run_to_end(Awaitable<void> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}

}  // namespace

TaskGroup::TaskGroup(Executor executor) : executor_(executor), idle_(executor) {
  idle_.expires_at(std::chrono::steady_clock::time_point::max());
}

TaskGroup::~TaskGroup() = default;

void TaskGroup::spawn(Awaitable<void> task) {
  if (closed_) return;
  signals_.emplace_back();
  auto signal = std::prev(signals_.end());
  auto done = [this, signal](std::exception_ptr error) {
    if (error) std::terminate();
    signals_.erase(signal);
    if (signals_.empty()) idle_.cancel();
  };
  asio::co_spawn(executor_, run_to_end(std::move(task)),
                 asio::bind_cancellation_slot(signal->slot(), done));
}

void TaskGroup::cancel() {
  // A task may end, and leave the list, while it is being told.
  for (auto it = signals_.begin(); it != signals_.end();) {
    auto next = std::next(it);
    it->emit(asio::cancellation_type::terminal);
    it = next;
  }
}

Awaitable<void> TaskGroup::wait() {
  while (!signals_.empty()) co_await idle_.async_wait(as_value);
}

Awaitable<void> TaskGroup::close() {
  closed_ = true;
  cancel();
  co_await wait();
}

}  // namespace dragoman
