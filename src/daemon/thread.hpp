#pragma once
// A worker with a thread of its own.
//
//   Thread thread;                        // the worker is there, nothing runs yet
//   Server server(thread.worker(), ...);
//   thread.start();
//   ...
//   thread.finish();                      // no more work is coming: returns when all has ended
//
// What was built on the worker must be destroyed after finish() and before the Thread.

#include <boost/asio/executor_work_guard.hpp>
#include <optional>
#include <thread>

#include "net/worker.hpp"

namespace dragoman::daemon {

class Thread {
 public:
  Thread() : guard_(worker_.executor()) {}
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() { finish(); }

  net::Worker& worker() { return worker_; }
  void start() {
    thread_.emplace([this] { worker_.io.run(); });
  }
  void finish() {
    guard_.reset();
    if (thread_ && thread_->joinable()) thread_->join();
  }
  // For a worker whose remaining work will never end by itself.
  void stop() {
    worker_.io.stop();
    finish();
  }

 private:
  net::Worker worker_;
  asio::executor_work_guard<Executor> guard_;
  std::optional<std::thread> thread_;
};

}  // namespace dragoman::daemon
