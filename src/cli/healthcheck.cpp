#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <fmt/format.h>

#include "cli/verbs.hpp"
#include "net/client.hpp"
#include "net/worker.hpp"

namespace dragoman::cli {
namespace {

using namespace std::chrono_literals;

// An address that means "all of mine" is asked on loopback.
std::string reachable(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "::1";
  return host;
}

Awaitable<void> ask(net::Client& client, net::HttpRequest request, asio::io_context& io,
                    int& code) {
  auto answer = co_await client.send(std::move(request));
  if (!answer) {
    fmt::print(stderr, "dragoman: no answer: {}\n", answer.error().message);
  } else if ((*answer)->status() != 200) {
    fmt::print(stderr, "dragoman: answered with status {}\n", (*answer)->status());
  } else {
    code = 0;
  }
  // Behind the end of this coroutine, so that nothing of it is left when the loop stops.
  asio::post(io, [&io] { io.stop(); });
}

}  // namespace

int run_healthcheck(const settings::Settings& settings) {
  net::Worker worker;
  net::ClientOptions options;
  options.connect_timeout = 2s;
  net::Client client(worker, options);
  net::HttpRequest request;
  request.url.host = reachable(settings.server.host);
  request.url.port = settings.server.port;
  request.target = "/health";
  request.timeout = 3s;
  int code = 1;
  asio::co_spawn(worker.executor(), ask(client, std::move(request), worker.io, code),
                 asio::detached);
  worker.io.run();
  return code;
}

}  // namespace dragoman::cli
