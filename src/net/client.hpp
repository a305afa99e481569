#pragma once
// An HTTP/1.1 client with a connection pool, for talking to upstreams.
//
//   Client client(worker, options);
//   HttpRequest request{.url = url, .method = "POST", .target = "/v3/chat", .body =
//   std::move(json)}; request.headers.add("content-type", "application/json"); auto answer =
//   co_await client.send(std::move(request));      // status and headers are there if (!answer)
//   co_return answer.error(); for (;;) {
//     auto bytes = co_await (*answer)->read();                    // de-chunked, padded
//     if (!bytes) ...;  if (bytes->empty()) break;
//   }
//
// Belongs to one worker and lives on its thread. Connections are kept per origin, the last used
// first. A request that fails on a kept connection before any byte of an answer came is sent once
// more on a fresh one: the upstream closes idle sockets without telling. Redirects are never
// followed. TLS: certificates and host names are verified, TLS 1.2 at least. Proxies: CONNECT for
// https; absolute form for http.
//
// Destroying an answer that was not read to its end closes its connection. Cancelling the awaiting
// coroutine aborts the operation with an error of kind cancelled.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/awaitable.hpp"
#include "base/error.hpp"
#include "base/padded.hpp"
#include "net/headers.hpp"
#include "net/url.hpp"
#include "net/worker.hpp"

namespace dragoman::net {

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{10'000};   // name, connection and TLS together
  std::chrono::milliseconds head_timeout{120'000};     // request sent to answer head
  std::chrono::milliseconds silence_timeout{120'000};  // no byte of the body
  std::chrono::milliseconds idle_timeout{55'000};      // a kept connection is closed after this
  std::size_t max_head_bytes = 64 * 1024;
  std::size_t max_idle_per_origin = 64;
  std::optional<Proxy> http_proxy;   // for http:// origins
  std::optional<Proxy> https_proxy;  // for https:// origins
  std::string no_proxy;              // comma list: host, .suffix, *; as curl reads it
  std::string ca_file;               // extra trusted certificates (PEM); empty: the system's
  std::string user_agent = "dragoman";
};

// Names a header the client adds by itself: host, content-length, user-agent, connection.
struct HttpRequest {
  Url url;
  std::string method = "GET";
  std::string target;  // path and query, appended to url.path
  HeaderBlock headers;
  std::string body;
  // In place of ClientOptions::head_timeout and silence_timeout when given.
  std::optional<std::chrono::milliseconds> timeout;
};

class HttpAnswer {
 public:
  virtual ~HttpAnswer() = default;
  virtual int status() const = 0;
  virtual const Headers& headers() const = 0;

  // The next bytes of the body; empty at the end. They live until the next call.
  // Errors: upstream_failed (cut, broken framing), timed_out, cancelled.
  virtual Awaitable<Result<PaddedBytes>> read() = 0;

  // The rest of the body, at most max_bytes of it (error: upstream_failed).
  virtual Awaitable<Result<std::string>> read_all(std::size_t max_bytes) = 0;
};

class Client {
 public:
  Client(Worker& worker, ClientOptions options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // Completes when the head of the answer is there, whatever its status.
  // Errors: upstream_unreachable (name, connection, TLS, proxy), upstream_failed (closed or
  // nonsense instead of an answer), timed_out, cancelled.
  Awaitable<Result<std::unique_ptr<HttpAnswer>>> send(HttpRequest request);

  const ClientOptions& options() const;
  std::size_t idle_connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::net
