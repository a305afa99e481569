#pragma once
// The routes of the gateway.
//
//   App app(options, router);                      // one a worker
//   net::Server server(worker, limits, [&](net::Exchange& x) { return app.handle(x); });
//
//   GET  /health                  open          state of the program; the status is always "ok"
//   GET  /v1/models               client key    list
//   GET  /v1/models/{id}          client key
//   POST /v1/chat/completions     client key    see chat.hpp
//   OPTIONS anything              open          CORS preflight, when CORS is on
//   anything else                 client key    404 in the OpenAI shape
//
// HEAD works wherever GET does. The router, the options and what they refer to outlive the app.

#include <functional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "net/server.hpp"
#include "routing/attempts.hpp"
#include "routing/router.hpp"
#include "serve/browser_guard.hpp"
#include "serve/client_keys.hpp"
#include "serve/cors.hpp"

namespace dragoman::serve {

struct AppOptions {
  std::vector<Secret> api_keys;
  bool allow_anyone = false;  // no keys on purpose: browsers may come too
  bool cors = false;
  std::vector<std::string> allowed_origins{"*"};
  bool access_log = false;  // one line a request at info; else at debug
  routing::RetryPolicy retry;
  std::int64_t started_at = 0;          // Unix seconds: `created` of the models
  std::function<std::string()> health;  // the JSON body of /health; called on any worker
};

class Call;

class App {
 public:
  App(AppOptions options, const routing::Router& router);

  Awaitable<void> handle(net::Exchange& exchange);

  const AppOptions& options() const { return options_; }
  const routing::Router& router() const { return router_; }
  const Cors& cors() const { return cors_; }

 private:
  Awaitable<void> dispatch(Call& call);
  Awaitable<void> list_models(Call& call);
  Awaitable<void> show_model(Call& call, std::string_view rest);
  Awaitable<void> preflight(Call& call);

  AppOptions options_;
  const routing::Router& router_;
  ClientKeys keys_;
  Cors cors_;
  BrowserGuard guard_;
};

// Body and headers of the answers that the HTTP server gives by itself, in the shape of this API.
std::string error_body(int status, std::string_view message);
std::string error_headers();

}  // namespace dragoman::serve
