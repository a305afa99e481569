#pragma once
// Named signals that scripts wait for: {"wait":"go"} ends with POST /_emulator/signal
// {"name":"go"}.
//
// A signal wakes all who wait for its name. When nobody waits it is remembered, and the next wait
// for it ends at once: a test need not know who comes first. With keep, it stays given until
// reset(): every later wait ends at once.
//
// Belongs to one thread. Must outlive those who wait.

#include <chrono>
#include <list>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/awaitable.hpp"

namespace dragoman::emulator {

class Signals {
 public:
  // True: signalled. False: the limit is over, or the coroutine was cancelled.
  Awaitable<bool> wait(Executor executor, std::string name, std::chrono::milliseconds limit);

  void give(const std::string& name, bool keep = false);

  // Wakes everyone (their wait returns true) and forgets what was given.
  void reset();

  // How many wait for each name.
  std::map<std::string, std::size_t> waiting() const;

 private:
  struct Waiter;
  std::list<Waiter*> waiters_;
  std::set<std::string> remembered_;
  std::set<std::string> kept_;
};

}  // namespace dragoman::emulator
