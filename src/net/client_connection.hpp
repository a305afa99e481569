#pragma once
// One connection to an upstream, clear or TLS, possibly through a proxy. Internal to the client.
//
// Owned by whoever uses it: an answer while one is being read, the pool in between. Its deadline
// closes the socket, so whatever is pending then fails; failure() tells why.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <optional>
#include <string>

#include "net/client.hpp"
#include "net/message.hpp"
#include "net/read_buffer.hpp"

namespace dragoman::net {

class ClientConnection {
 public:
  using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

  ClientConnection(Worker& worker, const ClientOptions& options);

  // Name, connection, proxy and TLS, all within connect_timeout. tls_context: for https only.
  Awaitable<Result<void>> connect(const Url& url, const Proxy* proxy,
                                  asio::ssl::context* tls_context);

  // Sends the request and reads the head of the answer. got_bytes() tells whether any byte of an
  // answer came, also after a failure.
  Awaitable<Result<void>> exchange(std::string_view head, std::string_view body, bool bodiless,
                                   std::chrono::milliseconds timeout);
  bool got_bytes() const { return got_bytes_; }

  const IncomingMessage& message() const { return message_; }
  Awaitable<Result<PaddedBytes>> read_body(std::chrono::milliseconds timeout);

  // Whether the answer was read to its end and another request may follow. Takes in what has
  // already arrived (often just the last chunk), but waits for nothing.
  bool settle();
  // The peer has neither closed nor sent anything while we were idle.
  bool still_quiet();
  // While idle: on_expired is called once after the timeout, with the socket closed.
  void begin_idling(std::chrono::milliseconds timeout, std::function<void()> on_expired);

 private:
  Awaitable<Result<void>> connect_tcp(const Url& url);
  Awaitable<Result<void>> connect_through(const Proxy& proxy, const Url& url);
  Awaitable<Result<void>> shake_hands(const std::string& host, asio::ssl::context& context);
  Awaitable<boost::system::error_code> write(std::string_view first, std::string_view second);
  Awaitable<boost::system::error_code> read_more();
  Awaitable<Result<void>> read_head(bool bodiless);
  void read_what_is_there();
  Error failure(ErrorKind kind, std::string message, boost::system::error_code ec) const;

  const ClientOptions& options_;
  Socket socket_;
  std::optional<asio::ssl::stream<Socket&>> tls_;
  Deadline deadline_;
  std::function<void()> on_idle_expired_;
  ReadBuffer in_;
  std::string head_;
  IncomingMessage message_;
  std::size_t handed_out_ = 0;  // bytes of in_ behind the last returned piece of the body
  bool got_bytes_ = false;
};

}  // namespace dragoman::net
