#include "serve/app.hpp"

#include <algorithm>
#include <set>

#include "frontends/openai/errors.hpp"
#include "frontends/openai/models.hpp"
#include "serve/call.hpp"
#include "serve/chat.hpp"

namespace dragoman::serve {
namespace {

constexpr std::string_view models_path = "/v1/models";

std::vector<openai::Model> list_of(const routing::Router& router) {
  std::vector<openai::Model> models;
  std::set<std::string> seen;
  for (const auto& upstream : router.upstreams()) {
    for (auto& model : upstream.backend.models()) {
      if (!seen.insert(model.id).second) continue;
      const bool old_members = model.owned_by == "coze-proxy";
      models.push_back({std::move(model.id), std::move(model.owned_by), old_members});
    }
  }
  return models;
}

}  // namespace

App::App(AppOptions options, const routing::Router& router)
    : options_(std::move(options)),
      router_(router),
      keys_(options_.api_keys),
      cors_(options_.cors, options_.allowed_origins),
      guard_(options_.api_keys.empty() && !options_.allow_anyone,
             options_.cors ? options_.allowed_origins : std::vector<std::string>()) {}

Awaitable<void> App::handle(net::Exchange& exchange) {
  Call call(*this, exchange);
  co_await dispatch(call);
  call.log();
}

Awaitable<void> App::dispatch(Call& call) {
  const net::Request& request = call.exchange.request();
  const bool get = request.method == "GET" || request.method == "HEAD";
  if (cors_.enabled() && request.method == "OPTIONS") {
    co_await preflight(call);
  } else if (get && request.path == "/health") {
    co_await call.respond_json(200, options_.health());
  } else if (!guard_.accepts(request.headers)) {
    const Error error =
        Error(ErrorKind::forbidden,
              "web pages may not call this gateway while it has no client keys: set "
              "DRAGOMAN_API_KEYS, or allow the page's origin (ENABLE_CORS, ALLOWED_ORIGINS)")
            .with_code("foreign_origin");
    co_await call.respond_error(error);
  } else if (!keys_.accept(request.headers)) {
    const Error error(
        ErrorKind::unauthorized,
        "a key of this gateway is required: send it as \"Authorization: Bearer <key>\"");
    co_await call.respond_error(error);
  } else if (request.method == "POST" && request.path == "/v1/chat/completions") {
    co_await answer_chat(call);
  } else if (get && request.path == models_path) {
    co_await list_models(call);
  } else if (get && request.path.starts_with("/v1/models/")) {
    co_await show_model(call, request.path.substr(models_path.size() + 1));
  } else {
    const Error error = openai::unknown_endpoint(request.method, request.target);
    co_await call.respond_error(error);
  }
}

Awaitable<void> App::list_models(Call& call) {
  const auto models = list_of(router_);
  const std::string body = openai::encode_models(models, options_.started_at);
  co_await call.respond_json(200, body);
}

Awaitable<void> App::show_model(Call& call, std::string_view rest) {
  const auto id = openai::decode_model_id(rest);
  if (!id) {
    co_await call.respond_error(id.error());
    co_return;
  }
  const auto models = list_of(router_);
  const auto found = std::find_if(models.begin(), models.end(),
                                  [&](const openai::Model& model) { return model.id == *id; });
  if (found == models.end()) {
    const Error error = openai::model_not_found(*id);
    co_await call.respond_error(error);
    co_return;
  }
  const std::string body = openai::encode_model(*found, options_.started_at);
  co_await call.respond_json(200, body);
}

Awaitable<void> App::preflight(Call& call) {
  net::HeaderBlock head;
  head.add(security_headers());
  cors_.add_preflight_headers(call.exchange.request().headers, head);
  call.status = 204;
  co_await call.exchange.respond(204, head, {});
}

std::string error_body(int status, std::string_view message) {
  // 501 and 505 speak of the request too: only 500 is ours.
  const ErrorKind kind = status == 500   ? ErrorKind::internal
                         : status == 503 ? ErrorKind::overloaded
                                         : ErrorKind::bad_request;
  Error error(kind, std::string(message));
  if (status == 503) error.code = "too_many_connections";
  if (status == 408) error.code = "request_timeout";
  if (status == 414) error.code = "uri_too_long";
  if (status == 431) error.code = "header_fields_too_large";
  std::string body;
  openai::append_error(body, error);
  return body;
}

std::string error_headers() { return std::string(security_headers().str()); }

}  // namespace dragoman::serve
