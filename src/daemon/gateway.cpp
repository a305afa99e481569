#include "daemon/gateway.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>

#include "net/port.hpp"

namespace dragoman::daemon {
namespace {

constexpr unsigned max_default_workers = 4;

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

}  // namespace

Gateway::~Gateway() {
  // Threads first: a lane dies only when nothing runs on its worker any more.
  for (auto& part : parts_) part->thread.stop();
}

Result<std::uint16_t> Gateway::start(const settings::Settings& settings,
                                     const net::ClientOptions& client_options,
                                     const Credentials& credentials,
                                     const serve::AppOptions& app_options) {
  unsigned workers = settings.server.workers;
  if (workers == 0) {
    workers = std::clamp(std::thread::hardware_concurrency(), 1U, max_default_workers);
  }
  std::uint16_t port = settings.server.port;
  if (auto free = net::check_port_is_free(settings.server.host, port); !free) return free.error();
  const auto connection_count = std::make_shared<std::atomic<std::size_t>>(0);
  for (unsigned i = 0; i < workers; ++i) {
    auto part = std::make_unique<Part>();
    auto lane = Lane::make(part->thread.worker(), settings, client_options, credentials,
                           app_options, connection_count);
    if (!lane) return lane.error();
    part->lane = std::move(*lane);
    // The first picks the port, the others share it (SO_REUSEPORT).
    const auto bound = part->lane->server().listen(settings.server.host, port);
    if (!bound) return bound.error();
    port = *bound;
    parts_.push_back(std::move(part));
  }
  for (auto& part : parts_) part->thread.start();
  return port;
}

Awaitable<std::size_t> Gateway::drain(std::chrono::milliseconds limit) {
  std::size_t left = parts_.size();
  std::size_t cut = 0;
  Timer all_drained(home_.executor());
  all_drained.expires_at(std::chrono::steady_clock::time_point::max());
  for (auto& part : parts_) {
    // Drains on the part's thread, reports on ours.
    auto on_drained = [&left, &cut, &all_drained, home = home_.executor()](std::exception_ptr,
                                                                           std::size_t count) {
      asio::post(home, [&left, &cut, &all_drained, count] {
        cut += count;
        if (--left == 0) all_drained.cancel();
      });
    };
    asio::co_spawn(part->thread.worker().executor(), part->lane->server().drain(limit),
                   std::move(on_drained));
  }
  while (left > 0) co_await all_drained.async_wait(as_value);
  co_return cut;
}

}  // namespace dragoman::daemon
