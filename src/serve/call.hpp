#pragma once
// One request on its way through the gateway: the exchange, its id, what every answer carries, and
// what the log will say about it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "chat/event.hpp"
#include "net/server.hpp"

namespace dragoman::serve {

class App;

class Call {
 public:
  Call(App& app, net::Exchange& exchange);

  App& app;
  net::Exchange& exchange;
  const std::string request_id;
  const std::chrono::steady_clock::time_point began;

  // Security, CORS, x-request-id, openai-version, openai-processing-ms.
  net::HeaderBlock head() const;

  Awaitable<void> respond(int status, net::HeaderBlock head, std::string_view content_type,
                          std::string_view body);
  Awaitable<void> respond_json(int status, std::string_view body);
  // The error in the API's shape. A cancelled one is answered too, for whom the server's end has
  // cancelled; a client that has gone does not read it.
  Awaitable<void> respond_error(const Error& error);

  // For the log.
  int status = 0;  // 499: the client left first
  std::string_view upstream;
  int attempts = 0;
  bool streamed = false;
  std::optional<std::int64_t> first_event_ms;
  std::optional<chat::Usage> usage;
  std::string_view outcome;  // "stop", "length", an error's kind, ...

  std::int64_t elapsed_ms() const;
  void log() const;
};

// What a client is told whose answer ends because the program does.
Error ending();

// Helmet's set, less what presumes TLS (Strict-Transport-Security, upgrade-insecure-requests).
const net::HeaderBlock& security_headers();

}  // namespace dragoman::serve
