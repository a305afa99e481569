#include "emulator/codewhisperer/emulator.hpp"

#include <algorithm>
#include <array>

#include "base/ids.hpp"
#include "emulator/codewhisperer/stream.hpp"
#include "emulator/player.hpp"
#include "json/writer.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

constexpr std::string_view event_stream = "application/vnd.amazon.eventstream";

enum class Kind { unknown, chat, runtime, oidc, page };

struct Route {
  std::string_view method;
  std::string_view path;
  std::string_view target;  // of the RPC binding; empty: none
  std::string_view operation;
  Kind kind;
};

constexpr std::array<Route, 12> routes{{
    {"POST", "/generateAssistantResponse",
     "AmazonCodeWhispererStreamingService.GenerateAssistantResponse", "chat", Kind::chat},
    {"POST", "/SendMessageStreaming", "AmazonCodeWhispererStreamingService.SendMessage", "chat",
     Kind::chat},
    {"GET", "/ListAvailableModels", "AmazonCodeWhispererService.ListAvailableModels", "models",
     Kind::runtime},
    {"GET", "/getUsageLimits", "AmazonCodeWhispererService.GetUsageLimits", "limits",
     Kind::runtime},
    {"POST", "/ListAvailableProfiles", "AmazonCodeWhispererService.ListAvailableProfiles",
     "profiles", Kind::runtime},
    {"POST", "/GetProfile", "AmazonCodeWhispererService.GetProfile", "profile", Kind::runtime},
    {"POST", "/ListAvailableCustomizations",
     "AmazonCodeWhispererService.ListAvailableCustomizations", "customizations", Kind::runtime},
    {"POST", "/mcp", "AmazonCodeWhispererStreamingService.InvokeMCP", "mcp", Kind::runtime},
    {"POST", "/client/register", "", "register", Kind::oidc},
    {"POST", "/device_authorization", "", "device", Kind::oidc},
    {"POST", "/token", "", "token", Kind::oidc},
    {"GET", "/device", "", "page", Kind::page},
}};

std::string_view media_type(std::string_view value) {
  value = value.substr(0, value.find(';'));
  while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
  return value;
}

bool holds(const std::vector<std::string>& list, std::string_view value) {
  return std::ranges::find(list, value) != list.end();
}

Answer encode_oidc(OidcAnswer result) {
  Answer answer = make_json_answer(result.status, std::move(result.body));
  if (!result.error_type.empty())
    answer.headers.push_back({"x-amzn-errortype", std::move(result.error_type)});
  return answer;
}

std::string query_text(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return std::string(pair.substr(name.size() + 1));
  }
  return {};
}

// The address the caller used, for links back to us; only what can be a host and a port.
std::string own_url(const net::Request& request) {
  const std::string_view host = request.headers.get("host");
  const bool sane = !host.empty() && host.size() < 256 &&
                    std::ranges::all_of(
                        host,
                        [](unsigned char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':' ||
                                 c == '[' || c == ']';
                        });
  return "http://" + (sane ? std::string(host) : std::string("127.0.0.1"));
}

}  // namespace

struct CodewhispererEmulator::Call {
  const Route* route = nullptr;
  Binding binding = Binding::rest;
  std::string wrong;  // a header rule that is broken
};

CodewhispererEmulator::CodewhispererEmulator(net::Worker& worker, Options options)
    : worker_(worker),
      options_(std::move(options)),
      tokens_(options_.tokens, control_.clock),
      admin_(control_,
             AdminHooks{
                 .dialect = dialect(),
                 .operations = {"chat", "models", "limits", "profiles", "profile", "customizations",
                                "mcp", "register", "device", "token", "page"},
                 .check_script = [](const std::string& operation,
                                    const Script& script) -> Result<void> {
                   if (!script.events) return {};
                   if (operation != "chat")
                     return Error(ErrorKind::bad_request,
                                  "answer.events: only chat answers with events");
                   ChatInput input;
                   input.model = &default_model();
                   auto pieces = encode_script(*script.events, true, input, {});
                   if (!pieces)
                     return Error(ErrorKind::bad_request, "answer." + pieces.error().message);
                   return {};
                 },
                 .post = [this](std::string_view route,
                                const json::Reader& body) -> std::optional<Result<std::string>> {
                   if (route == "tokens") return tokens_.control_tokens(body);
                   if (route == "device") return tokens_.control_device(body);
                   return std::nullopt;
                 },
                 .state = [this](json::Writer& out) { tokens_.write_state(out); },
                 .reset = [this] { tokens_.reset(); },
             }) {}

net::Handler CodewhispererEmulator::handler() {
  return [this](net::Exchange& exchange) { return answer(exchange); };
}

Result<std::uint16_t> CodewhispererEmulator::listen(const std::string& host, std::uint16_t port) {
  net::ServerLimits limits;
  limits.error_body = [](int, std::string_view message) {
    std::string body;
    json::Writer(body).begin_object().key("message").string(message).end_object();
    return body;
  };
  server_ = std::make_unique<net::Server>(worker_, std::move(limits), handler());
  return server_->listen(host, port);
}

Awaitable<std::size_t> CodewhispererEmulator::drain(std::chrono::milliseconds limit) {
  if (!server_) co_return 0;
  const std::size_t cut = co_await server_->drain(limit);
  co_return cut;
}

Awaitable<void> CodewhispererEmulator::answer(net::Exchange& exchange) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto body = co_await exchange.read_body();
  if (!body) {
    if (body.error().kind == ErrorKind::cancelled) co_return;
    const int status = body.error().kind == ErrorKind::too_large           ? 413
                       : body.error().kind == ErrorKind::request_timed_out ? 408
                                                                           : 400;
    const Answer refusal = make_json_answer(status, R"({"message":"Request body refused."})");
    Recorded unrecorded;
    co_await play(exchange, unrecorded, refusal);
    co_return;
  }
  const Reply reply = reply_to(exchange.request(), *body);
  if (reply.operation == "admin") {
    Recorded unrecorded;
    co_await play(exchange, unrecorded, reply.answer);
    co_return;
  }
  const auto record = control_.recorder.begin(reply.operation, exchange.request(), *body);
  record->refused = reply.refused;
  co_await play(exchange, control_.signals, *record, reply.answer, reply.before, reply.faults);
  control_.recorder.end(*record);
}

Reply CodewhispererEmulator::reply_to(const net::Request& request, std::string_view body) {
  if (Admin::owns(request.path)) {
    Reply reply;
    reply.operation = "admin";
    reply.answer = admin_.answer(request.method, request.path, request.query, body);
    return reply;
  }
  const Call call = classify(request);
  Reply result = reply(call, request, body);
  // A page for a browser; everything else is the service.
  if (call.route == nullptr || call.route->kind != Kind::page)
    result.answer.headers =
        merge_headers({{"x-amzn-requestid", make_uuid()}}, result.answer.headers);
  return result;
}

CodewhispererEmulator::Call CodewhispererEmulator::classify(const net::Request& request) const {
  Call call;
  if (request.method == "POST" && request.path == "/") {
    call.binding = Binding::rpc;
    const std::string_view target = request.headers.get("x-amz-target");
    for (const Route& route : routes)
      if (!target.empty() && route.target == target) call.route = &route;
    if (media_type(request.headers.get("content-type")) != content_type(Binding::rpc))
      call.wrong = "content-type is application/x-amz-json-1.0";
    return call;
  }
  for (const Route& route : routes)
    if (route.method == request.method && route.path == request.path) call.route = &route;
  if (request.headers.has("x-amz-target")) call.wrong = "x-amz-target is absent in REST";
  if (request.method == "POST" &&
      media_type(request.headers.get("content-type")) != content_type(Binding::rest))
    call.wrong = "content-type is application/json";
  return call;
}

std::optional<ServiceError> CodewhispererEmulator::check_bearer(const net::Request& request) const {
  constexpr std::string_view scheme = "Bearer ";
  const std::string_view value = request.headers.get("authorization");
  if (!value.starts_with(scheme)) return invalid_bearer();
  const std::string_view token = value.substr(scheme.size());
  const bool is_key = holds(options_.api_keys, token);
  // An API key needs the header; for any other bearer it names the wrong kind of token.
  if (is_key != (request.headers.get("tokentype") == "API_KEY")) return invalid_bearer();
  if (!is_key && request.headers.has("tokentype")) return invalid_bearer();
  if (is_key || holds(options_.bearers, token)) return std::nullopt;
  if (tokens_.judge(token) != Bearer::valid) return invalid_bearer();
  return std::nullopt;
}

Reply CodewhispererEmulator::reply(const Call& call, const net::Request& request,
                                   std::string_view body) {
  Reply reply;
  if (call.route == nullptr) {
    reply.operation = "unknown";
    reply.answer = unknown_operation(call.binding);
    return reply;
  }
  reply.operation = call.route->operation;
  const Kind kind = call.route->kind;
  if (kind == Kind::chat || kind == Kind::runtime) {
    if (auto refused = check_bearer(request)) {
      reply.refused = "bearer token";
      reply.answer = encode_service_error(*refused, call.binding);
      return reply;
    }
  }
  if (!call.wrong.empty()) {
    reply.refused = call.wrong;
    if (kind == Kind::oidc) {
      reply.answer = encode_oidc(refuse_oidc("invalid_request", call.wrong));
      return reply;
    }
    const Violation violation{call.wrong, {}, {}, {}};
    reply.answer =
        encode_service_error(to_service_error(violation, options_.explain_errors), call.binding);
    return reply;
  }
  if (kind == Kind::chat) return chat(call, body);
  const auto script = control_.scripts.take(reply.operation);
  // A plain answer stands in place of the call: no token is used up behind a scripted failure.
  if (script && script->plain()) {
    reply.answer =
        make_scripted_answer(*script, {{"content-type", std::string(content_type(call.binding))}});
  } else if (kind == Kind::runtime) {
    reply.answer = answer_runtime({call.route->operation, call.binding, request.query, body},
                                  options_.profiles, control_.clock);
  } else if (kind == Kind::oidc) {
    reply.answer = oidc(call, request, body);
  } else {
    reply.answer = approval_page(request);
  }
  if (script) {
    if (!script->plain()) {
      reply.answer.headers = merge_headers(std::move(reply.answer.headers), script->headers);
    }
    reply.before = script->before;
    reply.faults = script->faults;
  }
  return reply;
}

Reply CodewhispererEmulator::chat(const Call& call, std::string_view body) {
  Reply reply;
  reply.operation = "chat";
  const auto operation = call.route->path == "/generateAssistantResponse" ? ChatOperation::generate
                                                                          : ChatOperation::send;
  if (auto broken = validate_chat(body, operation, options_.rules)) {
    reply.refused = broken->rule + (broken->path.empty() ? "" : " @ " + broken->path);
    reply.answer =
        encode_service_error(to_service_error(*broken, options_.explain_errors), call.binding);
    return reply;
  }
  ChatInput input = read_chat_input(body);
  StreamOptions stream;
  stream.operation = operation;
  stream.initial_response = call.binding == Binding::rpc;
  stream.conversation_id = input.conversation_id.empty() ? make_uuid() : input.conversation_id;
  stream.word_delay = options_.word_delay;

  Script script;
  auto mock = find_mock(input.text, dialect());
  if (!mock) {
    reply.refused = "script: " + mock.error().message;
    reply.answer =
        encode_service_error({400, "ValidationException", reply.refused, {}}, call.binding);
    return reply;
  }
  if (*mock) {
    script = std::move((*mock)->script);
    input.text = (*mock)->rest.empty() ? "(nothing to say)" : (*mock)->rest;
  } else if (auto queued = control_.scripts.take("chat")) {
    script = std::move(*queued);
  }
  reply.before = script.before;
  reply.faults = script.faults;
  if (script.plain()) {
    reply.answer =
        make_scripted_answer(script, {{"content-type", std::string(content_type(call.binding))}});
    return reply;
  }
  if (script.events) {
    auto pieces = encode_script(*script.events, script.tail, input, stream);
    if (!pieces) {
      reply.refused = "script: " + pieces.error().message;
      reply.answer =
          encode_service_error({400, "ValidationException", reply.refused, {}}, call.binding);
      return reply;
    }
    reply.answer.body = std::move(*pieces);
  } else {
    reply.answer.body = input.dry_run ? encode_dry_run(stream) : encode_echo(input, stream);
  }
  reply.answer.status = script.status.value_or(200);
  reply.answer.headers.push_back({"content-type", std::string(event_stream)});
  if (call.binding == Binding::rest)
    reply.answer.headers.push_back(
        {"x-amzn-codewhisperer-conversation-id", stream.conversation_id});
  reply.answer.headers = merge_headers(std::move(reply.answer.headers), script.headers);
  return reply;
}

Answer CodewhispererEmulator::oidc(const Call& call, const net::Request& request,
                                   std::string_view body) {
  OidcAnswer result;
  if (call.route->operation == "register") {
    result = tokens_.register_client(body);
  } else if (call.route->operation == "device") {
    result = tokens_.start_device(body, own_url(request));
  } else {
    result = tokens_.create_token(body);
  }
  return encode_oidc(std::move(result));
}

Answer CodewhispererEmulator::approval_page(const net::Request& request) {
  const bool approved = tokens_.approve(query_text(request.query, "user_code"));
  const std::string_view text =
      approved ? "This sign-in is emulated: no account is involved. It has been approved, and you "
                 "can close this page."
               : "This sign-in is emulated, and the code is not one that waits for approval.";
  std::string page =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
      "<title>Emulated sign-in</title><p>";
  page += text;
  page += "</p></html>\n";
  return make_plain_answer(approved ? 200 : 404, "text/html; charset=utf-8", std::move(page));
}

}  // namespace dragoman::emulator::codewhisperer
