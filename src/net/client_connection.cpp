#include "net/client_connection.hpp"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <vector>

#include "base/base64.hpp"

namespace dragoman::net {
namespace {

using asio::ip::tcp;
using boost::system::error_code;
using Resolver = asio::ip::basic_resolver<tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

constexpr std::size_t max_read_bytes = 64 * 1024;
constexpr int max_interim_answers = 8;  // 1xx before the real one

// getaddrinfo cannot be interrupted, so nobody waits for it directly: the one who asks waits for
// the timer, and may leave earlier than the answer.
struct Resolution {
  explicit Resolution(Executor executor) : resolver(executor), arrived(executor) {}
  Resolver resolver;
  Timer arrived;
  bool done = false;
  error_code ec;
  std::vector<tcp::endpoint> endpoints;
};

Awaitable<bool> is_cancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace

ClientConnection::ClientConnection(Worker& worker, const ClientOptions& options)
    : options_(options),
      socket_(worker.executor()),
      deadline_(worker.deadlines,
                [this] {
                  error_code ignored;
                  socket_.close(ignored);
                  if (on_idle_expired_) on_idle_expired_();
                }),
      in_(std::max(options.max_head_bytes, max_read_bytes)),
      message_(IncomingMessage::Kind::response, {}) {}

Error ClientConnection::failure(ErrorKind kind, std::string message, error_code ec) const {
  if (deadline_.expired()) {
    return Error(ErrorKind::timed_out, "the upstream did not answer in time").with_detail(message);
  }
  if (ec == asio::error::operation_aborted) return Error(ErrorKind::cancelled, "cancelled");
  std::string detail = message + (ec ? ": " + ec.message() : std::string());
  return Error(kind, std::move(message)).with_detail(std::move(detail));
}

Awaitable<Result<void>> ClientConnection::connect(const Url& url, const Proxy* proxy,
                                                  asio::ssl::context* tls_context) {
  deadline_.expires_after(options_.connect_timeout);
  const Url& first_hop = proxy != nullptr ? proxy->url : url;
  auto reached = co_await connect_tcp(first_hop);
  if (reached && proxy != nullptr && url.tls) reached = co_await connect_through(*proxy, url);
  if (reached && url.tls) reached = co_await shake_hands(url.host, *tls_context);
  if (reached) deadline_.clear();
  co_return reached;
}

Awaitable<Result<void>> ClientConnection::connect_tcp(const Url& url) {
  error_code ec;
  std::vector<tcp::endpoint> endpoints;
  const auto literal = asio::ip::make_address(url.host, ec);
  if (!ec) {
    endpoints.emplace_back(literal, url.port);
  } else {
    auto resolution = std::make_shared<Resolution>(socket_.get_executor());
    auto on_resolved = [resolution](error_code result, Resolver::results_type found) {
      resolution->done = true;
      resolution->ec = result;
      for (const auto& entry : found) resolution->endpoints.push_back(entry.endpoint());
      resolution->arrived.cancel();
    };
    resolution->arrived.expires_after(options_.connect_timeout);
    resolution->resolver.async_resolve(url.host, std::to_string(url.port), std::move(on_resolved));
    if (!resolution->done) co_await resolution->arrived.async_wait(as_value);
    const bool cancelled = co_await is_cancelled();
    if (cancelled) co_return Error(ErrorKind::cancelled, "cancelled");
    if (!resolution->done || resolution->ec) {
      co_return failure(ErrorKind::upstream_unreachable,
                        "the upstream's name could not be resolved", resolution->ec);
    }
    endpoints = std::move(resolution->endpoints);
  }
  ec = asio::error::host_not_found;
  for (const tcp::endpoint& endpoint : endpoints) {
    error_code ignored;
    socket_.close(ignored);
    const auto [connect_ec] = co_await socket_.async_connect(endpoint, as_value);
    ec = connect_ec;
    if (!ec || deadline_.expired() || ec == asio::error::operation_aborted) break;
  }
  if (ec) {
    co_return failure(ErrorKind::upstream_unreachable, "the upstream could not be reached", ec);
  }
  socket_.set_option(tcp::no_delay(true), ec);
  co_return Result<void>();
}

Awaitable<Result<void>> ClientConnection::connect_through(const Proxy& proxy, const Url& url) {
  const std::string target = url.host.find(':') == std::string::npos
                                 ? url.host + ':' + std::to_string(url.port)
                                 : '[' + url.host + "]:" + std::to_string(url.port);
  std::string head = "CONNECT " + target + " HTTP/1.1\r\nhost: " + target + "\r\n";
  if (!proxy.credentials.empty()) {
    head += "proxy-authorization: Basic " + encode_base64(proxy.credentials.reveal()) + "\r\n";
  }
  head += "\r\n";
  const auto ec = co_await write(head, {});
  if (ec) co_return failure(ErrorKind::upstream_unreachable, "the proxy could not be reached", ec);
  auto answer = co_await read_head(true);
  if (!answer) co_return answer;
  const int status = message_.status();
  if (status / 100 != 2 || !in_.empty()) {
    co_return Error(ErrorKind::upstream_unreachable,
                    "the proxy refused the connection with status " + std::to_string(status));
  }
  co_return Result<void>();
}

Awaitable<Result<void>> ClientConnection::shake_hands(const std::string& host,
                                                      asio::ssl::context& context) {
  tls_.emplace(socket_, context);
  error_code ec;
  asio::ip::make_address(host, ec);
  const bool is_name = static_cast<bool>(ec);
  if (is_name) SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str());
  tls_->set_verify_callback(asio::ssl::host_name_verification(host), ec);
  const auto [shake_ec] = co_await tls_->async_handshake(asio::ssl::stream_base::client, as_value);
  if (shake_ec) {
    co_return failure(ErrorKind::upstream_unreachable, "no trusted TLS connection to the upstream",
                      shake_ec);
  }
  co_return Result<void>();
}

Awaitable<error_code> ClientConnection::write(std::string_view first, std::string_view second) {
  const std::array buffers{asio::const_buffer(first.data(), first.size()),
                           asio::const_buffer(second.data(), second.size())};
  if (tls_) {
    const auto [ec, sent] = co_await asio::async_write(*tls_, buffers, as_value);
    co_return ec;
  }
  const auto [ec, sent] = co_await asio::async_write(socket_, buffers, as_value);
  co_return ec;
}

Awaitable<error_code> ClientConnection::read_more() {
  const auto room = in_.prepare();
  if (room.empty()) co_return asio::error::no_buffer_space;
  const auto buffer = asio::buffer(room.data(), room.size());
  if (tls_) {
    const auto [ec, count] = co_await tls_->async_read_some(buffer, as_value);
    in_.commit(count);
    co_return ec;
  }
  const auto [ec, count] = co_await socket_.async_read_some(buffer, as_value);
  in_.commit(count);
  co_return ec;
}

Awaitable<Result<void>> ClientConnection::read_head(bool bodiless) {
  for (int interim = 0; interim <= max_interim_answers; ++interim) {
    std::size_t scanned = 0;
    std::size_t end = find_head_end(in_.bytes(), scanned);
    while (end == std::string_view::npos) {
      if (in_.size() > options_.max_head_bytes) {
        co_return Error(ErrorKind::upstream_failed, "the upstream's answer has too long a head");
      }
      const auto ec = co_await read_more();
      if (ec) {
        co_return failure(ErrorKind::upstream_failed,
                          "the upstream closed the connection instead of answering", ec);
      }
      got_bytes_ = true;
      end = find_head_end(in_.bytes(), scanned);
    }
    head_.assign(in_.bytes().substr(0, end));
    in_.consume(end);
    message_.reset(bodiless);
    if (message_.parse_head(head_)) {
      co_return Error(ErrorKind::upstream_failed, "the upstream's answer is not valid HTTP");
    }
    if (message_.status() >= 200) co_return Result<void>();
  }
  co_return Error(ErrorKind::upstream_failed, "the upstream never came to its answer");
}

Awaitable<Result<void>> ClientConnection::exchange(std::string_view head, std::string_view body,
                                                   bool bodiless,
                                                   std::chrono::milliseconds timeout) {
  const bool cancelled = co_await is_cancelled();
  if (cancelled) co_return Error(ErrorKind::cancelled, "cancelled");
  on_idle_expired_ = nullptr;
  got_bytes_ = false;
  handed_out_ = 0;
  deadline_.expires_after(timeout);
  const auto ec = co_await write(head, body);
  if (ec && (deadline_.expired() || ec == asio::error::operation_aborted)) {
    co_return failure(ErrorKind::upstream_failed, "the request could not be sent", ec);
  }
  // After any other error a refusal may still be there to read: the upstream may answer and close
  // before it has read all of a request that it does not want.
  auto answer = co_await read_head(bodiless);
  if (answer) deadline_.clear();
  co_return answer;
}

Awaitable<Result<PaddedBytes>> ClientConnection::read_body(std::chrono::milliseconds timeout) {
  in_.consume(handed_out_);
  handed_out_ = 0;
  for (;;) {
    const auto step = message_.decode(in_.data(), in_.size());
    if (step.failed) {
      co_return Error(ErrorKind::upstream_failed, "the upstream's answer is malformed");
    }
    if (step.body > 0) {
      handed_out_ = step.consumed;
      co_return PaddedBytes::promise({in_.data(), step.body});
    }
    in_.consume(step.consumed);
    if (message_.done()) co_return PaddedBytes();

    deadline_.expires_after(timeout);
    const auto ec = co_await read_more();
    if (!ec) {
      deadline_.clear();
      continue;
    }
    // A TLS peer that leaves without saying so (stream_truncated) is a cut, whatever the framing.
    if (ec == asio::error::eof && message_.end_of_input()) {
      deadline_.clear();
      co_return PaddedBytes();
    }
    co_return failure(ErrorKind::upstream_failed, "the upstream cut the answer off", ec);
  }
}

void ClientConnection::read_what_is_there() {
  if (tls_) return;  // a TLS record cannot be had without waiting
  error_code ec;
  socket_.non_blocking(true, ec);
  const auto room = in_.prepare();
  in_.commit(socket_.read_some(asio::buffer(room.data(), room.size()), ec));
}

bool ClientConnection::settle() {
  in_.consume(handed_out_);
  handed_out_ = 0;
  for (const bool looked : {false, true}) {
    if (!socket_.is_open() || message_.done()) break;
    if (looked) read_what_is_there();
    const auto step = message_.decode(in_.data(), in_.size());
    if (step.failed || step.body > 0) return false;  // there is more that nobody wants
    in_.consume(step.consumed);
  }
  return message_.done() && message_.keep_alive() && in_.empty() && socket_.is_open();
}

bool ClientConnection::still_quiet() {
  if (!socket_.is_open()) return false;
  error_code ec;
  socket_.non_blocking(true, ec);
  char byte = 0;
  socket_.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, ec);
  return ec == asio::error::would_block;
}

void ClientConnection::begin_idling(std::chrono::milliseconds timeout,
                                    std::function<void()> on_expired) {
  in_.shrink();
  on_idle_expired_ = std::move(on_expired);
  deadline_.expires_after(timeout);
}

}  // namespace dragoman::net
