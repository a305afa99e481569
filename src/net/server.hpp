#pragma once
// An HTTP/1.1 server: strict in what it takes, one write for each flush, deadlines on every wait.
//
//   Awaitable<void> answer(Exchange& x) {
//     if (x.request().path != "/health") { co_await x.respond(404, "application/json", ...);
//     co_return; } auto body = co_await x.read_body();               // only now is the body read
//     if (!body) { co_await x.respond(...); co_return; }
//     HeaderBlock head; head.add("content-type", "text/event-stream");
//     co_await x.start(200, head);                       // chunked
//     for (...) { x.out() += "data: ...\n\n"; if (!co_await x.flush()) co_return; }
//     co_await x.finish();
//   }
//   Server server(worker, limits, answer);
//   auto endpoint = server.listen("127.0.0.1", 3000);    // Result<uint16_t>: the port
//   ...
//   co_await server.drain(30s);                          // stops accepting, waits, then cuts
//
// Framing attacks, malformed heads and over-long ones are answered here (400, 414, 431, 501, 505)
// with error_body of the limits, and the connection is closed. A handler sees well-formed requests
// only. A handler that returns without answering gets a 500 sent; one that started a stream and did
// not finish() it has the connection cut, so that the client notices.
//
// While a handler runs the client's connection is watched. When the client goes away, the handler's
// coroutine is cancelled (asio cancellation, terminal): what it awaits completes with
// operation_aborted, and flush() and read_body() return false or an error of kind cancelled.
// The same happens to every handler still running at the end of drain().
//
// An Exchange, its request and the body live until the handler returns.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/awaitable.hpp"
#include "base/error.hpp"
#include "net/headers.hpp"
#include "net/worker.hpp"

namespace dragoman::net {

struct ServerLimits {
  std::size_t max_head_bytes = 32 * 1024;          // request line and header section -> 431
  std::size_t max_target_bytes = 8 * 1024;         // -> 414
  std::size_t max_fields = 100;                    // -> 431
  std::size_t max_body_bytes = 32 * 1024 * 1024;   // -> 413, from read_body()
  std::size_t max_chunk_extension_bytes = 1024;    // all of one body together -> 400
  std::size_t max_connections = 10'000;            // above -> 503 and close
  std::chrono::milliseconds head_timeout{15'000};  // first byte of a request to its last head byte
  std::chrono::milliseconds idle_timeout{75'000};  // between requests of a connection
  std::chrono::milliseconds body_stall_timeout{35'000};   // no body byte -> 408
  std::chrono::milliseconds write_stall_timeout{60'000};  // the client reads nothing -> cut
  std::size_t max_drain_bytes = 64 * 1024;  // of a body nobody read, to keep the connection
  // Shared by the servers that share max_connections; each counts alone when it is null.
  std::shared_ptr<std::atomic<std::size_t>> connection_count;
  // Body of the answers the server gives by itself.
  std::function<std::string(int status, std::string_view message)> error_body;
  // Extra header lines ("name: value\r\n"...) for those answers.
  std::string error_headers;
};

struct Request {
  std::string_view method;
  std::string_view target;  // as sent: origin form, or "*" (absolute form is reduced to its path)
  std::string_view path;    // up to '?', not decoded
  std::string_view query;   // behind '?', not decoded
  Headers headers;
  bool has_body = false;
};

class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;
  virtual Worker& worker() = 0;
  // "127.0.0.1" or "::1"
  virtual std::string peer_address() const = 0;

  // The whole body, read at the first call; may be called again. PaddedBytes rules apply to the
  // result (64 readable bytes behind it). Errors: too_large, request_timed_out, bad_request (broken
  // chunks; the connection is closed after the answer), cancelled.
  virtual Awaitable<Result<std::string_view>> read_body() = 0;

  // The whole answer. `head` must not hold content-length, transfer-encoding, connection or date.
  // For HEAD the body is left out. False: the client is gone.
  virtual Awaitable<bool> respond(int status, const HeaderBlock& head, std::string_view body) = 0;

  // A streamed answer: nothing is sent before the first flush(), so head and first chunk share a
  // write. out() is payload; flush() sends what is in it as one chunk in one write. finish() sends
  // the rest and the end.
  virtual void start(int status, const HeaderBlock& head) = 0;
  virtual std::string& out() = 0;
  virtual Awaitable<bool> flush() = 0;
  virtual Awaitable<bool> finish() = 0;

  // True once any byte of an answer was handed to the kernel.
  virtual bool answered() const = 0;
  // True once the client has gone or the server is ending.
  virtual bool cancelled() const = 0;

  // For fakes that misbehave on purpose: bytes as they are, and the abrupt end (with reset: RST,
  // else FIN). After abort() the handler should return.
  virtual Awaitable<bool> write_raw(std::string_view bytes) = 0;
  virtual void abort(bool reset) = 0;
};

using Handler = std::function<Awaitable<void>(Exchange&)>;

class Server {
 public:
  // The worker must outlive the server; the handler is called on the worker's thread.
  Server(Worker& worker, ServerLimits limits, Handler handler);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // Binds with SO_REUSEADDR and SO_REUSEPORT (several workers may share a port); port 0 picks one.
  // Returns the port. Errors: bad_request (not an address), internal (in use, not permitted, ...).
  Result<std::uint16_t> listen(const std::string& address, std::uint16_t port);

  std::size_t open_connections() const;
  std::size_t running_exchanges() const;

  // Stops accepting, closes idle connections at once, answers what runs with "connection: close",
  // and waits until all have ended or the limit is over; then cancels the rest and waits for them.
  // Returns the number that had to be cancelled.
  Awaitable<std::size_t> drain(std::chrono::milliseconds limit);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dragoman::net
