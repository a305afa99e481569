#pragma once
// The running gateway: threads with a lane each on one port, and how they end.
//
//   Gateway gateway(home);                       // home: the worker of the calling thread
//   auto port = gateway.start(settings, client_options, credentials, app_options);
//   ...
//   co_await gateway.drain(30s);                 // on home
//   // then destroy it
//
// Credentials must outlive the gateway; home must run while it drains.

#include <memory>
#include <vector>

#include "daemon/lane.hpp"
#include "daemon/thread.hpp"

namespace dragoman::daemon {

class Gateway {
 public:
  explicit Gateway(net::Worker& home) : home_(home) {}
  ~Gateway();

  // Returns the port. Errors: of listening, of the settings of a backend.
  Result<std::uint16_t> start(const settings::Settings& settings,
                              const net::ClientOptions& client_options,
                              const Credentials& credentials, const serve::AppOptions& app_options);

  // Returns how many answers were cut because the time was over.
  Awaitable<std::size_t> drain(std::chrono::milliseconds limit);

 private:
  struct Part {
    Thread thread;
    std::unique_ptr<Lane> lane;
  };
  net::Worker& home_;
  std::vector<std::unique_ptr<Part>> parts_;
};

}  // namespace dragoman::daemon
