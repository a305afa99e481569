#pragma once
// What concerns the process as a whole: what it may leak and hold, and the signals that end it.

#include <boost/asio/signal_set.hpp>
#include <functional>

#include "net/worker.hpp"

namespace dragoman::daemon {

// No core dumps and no ptrace by others (secrets live in memory), writes to closed pipes are
// errors instead of deaths, and as many descriptors as the system allows.
void prepare_process();

// Calls on_first at the first SIGTERM or SIGINT; the second one ends the process at once, with
// 128 + its number. Lives on the worker's thread.
class StopSignals {
 public:
  StopSignals(net::Worker& worker, std::function<void()> on_first);

 private:
  void wait();
  boost::asio::basic_signal_set<Executor> signals_;
  std::function<void()> on_first_;
};

}  // namespace dragoman::daemon
