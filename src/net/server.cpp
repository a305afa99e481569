#include "net/server.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "net/connection.hpp"

namespace dragoman::net {
namespace {

using boost::system::error_code;
using namespace std::chrono_literals;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

// No descriptor or no memory for a connection: trying again at once would only burn the processor.
constexpr auto accept_pause = 100ms;

// One connection too many. Whatever it has sent is left unread, and it is not waited for.
void refuse(const ServerLimits& limits,
            asio::basic_stream_socket<asio::ip::tcp, Executor>& socket) {
  const std::string body = limits.error_body ? limits.error_body(503, "too many connections")
                                             : std::string("too many connections");
  const std::string answer =
      "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n" +
      limits.error_headers +
      "connection: close\r\nretry-after: 1\r\ncontent-length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(answer), ignored);
  socket.shutdown(asio::socket_base::shutdown_send, ignored);
  socket.close(ignored);
}

Awaitable<void> accept_forever(std::shared_ptr<ServerShared> shared,
                               std::shared_ptr<Acceptor> acceptor) {
  Timer pause(acceptor->get_executor());
  while (acceptor->is_open()) {
    auto [ec, socket] = co_await acceptor->async_accept(as_value);
    if (ec == asio::error::operation_aborted || !acceptor->is_open()) break;
    if (ec) {
      pause.expires_after(accept_pause);
      co_await pause.async_wait(as_value);
      continue;
    }
    if (shared->count->load(std::memory_order_relaxed) >= shared->limits.max_connections) {
      refuse(shared->limits, socket);
      continue;
    }
    std::make_shared<Connection>(shared, std::move(socket))->start_running();
  }
}

}  // namespace

struct Server::Impl {
  Impl(Worker& worker, ServerLimits limits, Handler handler)
      : shared(std::make_shared<ServerShared>(worker, std::move(limits), std::move(handler))) {}

  std::shared_ptr<ServerShared> shared;
  std::vector<std::shared_ptr<Acceptor>> acceptors;
};

Server::Server(Worker& worker, ServerLimits limits, Handler handler)
    : impl_(std::make_unique<Impl>(worker, std::move(limits), std::move(handler))) {}

Server::~Server() {
  error_code ignored;
  for (auto& acceptor : impl_->acceptors) acceptor->close(ignored);
}

Result<std::uint16_t> Server::listen(const std::string& address, std::uint16_t port) {
  error_code ec;
  const std::string name = address == "localhost" ? "127.0.0.1" : address;
  const auto ip = asio::ip::make_address(name, ec);
  if (ec)
    return Error(ErrorKind::bad_request, "'" + address + "' is not an IP address to listen on");

  const asio::ip::tcp::endpoint endpoint(ip, port);
  auto acceptor = std::make_shared<Acceptor>(impl_->shared->worker.executor());
  acceptor->open(endpoint.protocol(), ec);
  if (!ec) acceptor->set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor->set_option(ReusePort(true), ec);
  if (!ec) acceptor->bind(endpoint, ec);
  if (!ec) acceptor->listen(asio::socket_base::max_listen_connections, ec);
  if (ec) {
    return Error(ErrorKind::internal, "cannot listen on " + address + " port " +
                                          std::to_string(port) + ": " + ec.message());
  }
  const std::uint16_t bound = acceptor->local_endpoint(ec).port();
  impl_->acceptors.push_back(acceptor);
  asio::co_spawn(impl_->shared->worker.executor(), accept_forever(impl_->shared, acceptor),
                 asio::detached);
  return bound;
}

std::size_t Server::open_connections() const { return impl_->shared->connections.size(); }
std::size_t Server::running_exchanges() const { return impl_->shared->running; }

Awaitable<std::size_t> Server::drain(std::chrono::milliseconds limit) {
  auto shared = impl_->shared;
  shared->draining = true;
  error_code ignored;
  for (auto& acceptor : impl_->acceptors) acceptor->close(ignored);

  // retire() and cancel() end connections later, never while we walk the list.
  for (Connection* connection : shared->connections) connection->retire();

  Timer timer(shared->worker.executor());
  shared->on_connection_end = [&timer] { timer.cancel(); };
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!shared->connections.empty() && std::chrono::steady_clock::now() < deadline) {
    timer.expires_at(deadline);
    co_await timer.async_wait(as_value);
  }
  const std::size_t cut = shared->running;
  for (Connection* connection : shared->connections)
    connection->cancel(Connection::Reason::server_ends);
  while (!shared->connections.empty()) {
    timer.expires_at(std::chrono::steady_clock::time_point::max());
    co_await timer.async_wait(as_value);
  }
  shared->on_connection_end = nullptr;
  co_return cut;
}

}  // namespace dragoman::net
