#include "serve/call.hpp"

#include <utility>

#include "base/ids.hpp"
#include "frontends/openai/errors.hpp"
#include "serve/app.hpp"
#include "telemetry/log.hpp"

namespace dragoman::serve {

using std::chrono::steady_clock;

const net::HeaderBlock& security_headers() {
  static const net::HeaderBlock block = [] {
    net::HeaderBlock head;
    head.add("content-security-policy",
             "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';"
             "frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';"
             "script-src-attr 'none';style-src 'self' https: 'unsafe-inline'");
    head.add("cross-origin-opener-policy", "same-origin");
    head.add("cross-origin-resource-policy", "same-origin");
    head.add("origin-agent-cluster", "?1");
    head.add("referrer-policy", "no-referrer");
    head.add("x-content-type-options", "nosniff");
    head.add("x-dns-prefetch-control", "off");
    head.add("x-download-options", "noopen");
    head.add("x-frame-options", "SAMEORIGIN");
    head.add("x-permitted-cross-domain-policies", "none");
    head.add("x-xss-protection", "0");
    return head;
  }();
  return block;
}

Call::Call(App& a, net::Exchange& x)
    : app(a), exchange(x), request_id(make_id("req_")), began(steady_clock::now()) {}

Error ending() {
  return Error(ErrorKind::overloaded, "the gateway is shutting down; send the request again");
}

std::int64_t Call::elapsed_ms() const {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now() - began).count();
}

net::HeaderBlock Call::head() const {
  net::HeaderBlock head;
  head.add(security_headers());
  app.cors().add_headers(exchange.request().headers.get("origin"), head);
  head.add("x-request-id", request_id);
  head.add("openai-version", "2020-10-01");
  head.add("openai-processing-ms", std::to_string(elapsed_ms()));
  return head;
}

Awaitable<void> Call::respond(int code, net::HeaderBlock head, std::string_view content_type,
                              std::string_view body) {
  status = code;
  head.add("content-type", content_type);
  const bool sent = co_await exchange.respond(code, head, body);
  if (!sent) status = 499;
}

Awaitable<void> Call::respond_json(int code, std::string_view body) {
  co_await respond(code, head(), "application/json; charset=utf-8", body);
}

Awaitable<void> Call::respond_error(const Error& error) {
  outcome = to_string(error.kind);
  const bool cancelled = error.kind == ErrorKind::cancelled;
  const openai::ErrorAnswer answer = openai::encode_error(cancelled ? ending() : error);
  if (answer.status >= 500 && !cancelled) {
    log::warn("request failed", {{"request", request_id},
                                 {"kind", to_string(error.kind)},
                                 {"status", answer.status},
                                 {"upstream_status", error.upstream_status},
                                 {"detail", error.detail}});
  }
  net::HeaderBlock block = head();
  if (!upstream.empty()) block.add("x-dragoman-upstream", upstream);
  if (attempts > 0) block.add("x-dragoman-attempts", std::to_string(attempts));
  for (const auto& header : answer.headers) block.add(header.name, header.value);
  co_await respond(answer.status, std::move(block), "application/json; charset=utf-8", answer.body);
}

void Call::log() const {
  const auto level = app.options().access_log ? log::Level::info : log::Level::debug;
  if (!log::enabled(level)) return;
  const auto& request = exchange.request();
  const auto write = level == log::Level::info ? log::info : log::debug;
  const auto client_id = request.headers.get("x-client-request-id");
  constexpr std::size_t max_logged = 128;
  write("request finished", {{"request", request_id},
                             {"client_request", client_id.substr(0, max_logged)},
                             {"peer", exchange.peer_address()},
                             {"method", request.method},
                             {"path", request.path.substr(0, max_logged)},
                             {"status", status},
                             {"ms", elapsed_ms()},
                             {"upstream", upstream},
                             {"attempts", attempts},
                             {"stream", streamed},
                             {"first_event_ms", first_event_ms.value_or(-1)},
                             {"input_tokens", usage ? usage->input_tokens : -1},
                             {"output_tokens", usage ? usage->output_tokens : -1},
                             {"outcome", outcome}});
}

}  // namespace dragoman::serve
