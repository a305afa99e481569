#include "daemon/process.hpp"

#include <csignal>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "telemetry/log.hpp"

namespace dragoman::daemon {

void prepare_process() {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  std::signal(SIGPIPE, SIG_IGN);
}

StopSignals::StopSignals(net::Worker& worker, std::function<void()> on_first)
    : signals_(worker.executor(), SIGTERM, SIGINT), on_first_(std::move(on_first)) {
  wait();
}

void StopSignals::wait() {
  signals_.async_wait([this](boost::system::error_code ec, int number) {
    if (ec) return;
    if (!on_first_) ::_exit(128 + number);
    auto first = std::exchange(on_first_, nullptr);
    log::info("stopping", {{"signal", number}});
    wait();
    first();
  });
}

}  // namespace dragoman::daemon
