#include "emulator/signals.hpp"

#include <boost/asio/steady_timer.hpp>

namespace dragoman::emulator {

struct Signals::Waiter {
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>, Executor>;
  Waiter(std::list<Waiter*>& list, Executor executor, std::string signal)
      : waiters(list), timer(executor), name(std::move(signal)) {
    place = waiters.insert(waiters.end(), this);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { waiters.erase(place); }

  std::list<Waiter*>& waiters;
  std::list<Waiter*>::iterator place;
  Timer timer;
  std::string name;
  bool given = false;
};

Awaitable<bool> Signals::wait(Executor executor, std::string name,
                              std::chrono::milliseconds limit) {
  if (kept_.contains(name)) co_return true;
  if (remembered_.erase(name) > 0) co_return true;
  Waiter waiter(waiters_, executor, std::move(name));
  waiter.timer.expires_after(limit);
  auto [ec] = co_await waiter.timer.async_wait(as_value);
  static_cast<void>(ec);  // expired, cancelled by give(), or by the end of the coroutine
  co_return waiter.given;
}

void Signals::give(const std::string& name, bool keep) {
  if (keep) kept_.insert(name);
  bool someone = false;
  for (Waiter* waiter : waiters_) {
    if (waiter->name != name || waiter->given) continue;
    waiter->given = true;
    waiter->timer.cancel();
    someone = true;
  }
  if (!someone && !keep) remembered_.insert(name);
}

void Signals::reset() {
  kept_.clear();
  remembered_.clear();
  for (Waiter* waiter : waiters_) {
    waiter->given = true;
    waiter->timer.cancel();
  }
}

std::map<std::string, std::size_t> Signals::waiting() const {
  std::map<std::string, std::size_t> counts;
  for (const Waiter* waiter : waiters_)
    if (!waiter->given) ++counts[waiter->name];
  return counts;
}

}  // namespace dragoman::emulator
