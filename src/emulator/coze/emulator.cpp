#include "emulator/coze/emulator.hpp"

#include <boost/asio/this_coro.hpp>
#include <ctime>
#include <fmt/format.h>

#include "emulator/admin.hpp"
#include "emulator/coze/service.hpp"
#include "emulator/coze/watched_exchange.hpp"
#include "emulator/player.hpp"

namespace dragoman::emulator::coze {
namespace {

constexpr Dialect dialect{native_step_names};

Result<void> check_script(const std::string& operation, const Script& script) {
  if (!script.events) return {};
  if (!is_turn(operation)) {
    return Error(ErrorKind::bad_request, "answer.events: this operation has no stream");
  }
  auto steps = decode_steps(*script.events);
  if (!steps) return steps.error();
  return {};
}

std::vector<HeaderField> json_headers(std::string_view logid) {
  return {{"content-type", "application/json; charset=utf-8"}, {"x-tt-logid", std::string(logid)}};
}

std::vector<HeaderField> stream_headers(std::string_view logid) {
  return {{"content-type", "text/event-stream"},
          {"cache-control", "no-cache"},
          {"x-tt-logid", std::string(logid)}};
}

Answer json_answer(int status, std::string body, std::string_view logid) {
  Answer answer = make_json_answer(status, std::move(body));
  answer.headers = json_headers(logid);
  return answer;
}

}  // namespace

struct CozeEmulator::Impl {
  explicit Impl(Options given)
      : options(std::move(given)),
        service(options, control.clock),
        admin(control, AdminHooks{.dialect = dialect,
                                  .operations = list_operations(),
                                  .check_script = check_script,
                                  .post = {},
                                  .state = [this](json::Writer& out) { write_state(out); },
                                  .reset = [this] { service.world.reset(); }}) {}

  Awaitable<void> answer(net::Exchange& exchange);

 private:
  struct Prepared {
    Answer answer;
    Script script;  // its pauses and faults
    Id chat = 0;    // whose turn is streamed
    std::optional<std::size_t> ends_at;
    std::string refused;
  };

  Prepared prepare(const net::Request& request, std::string_view body, const Route* route,
                   std::string_view path_id);
  Prepared refuse(const Refusal& refusal, std::string_view logid) const;
  std::string next_logid();
  void write_state(json::Writer& out) const;

  Options options;
  Control control;
  Service service;
  Admin admin;
  std::uint64_t answers_ = 0;
};

// Like those of the service: the time to the second, then 20 digits.
std::string CozeEmulator::Impl::next_logid() {
  const std::time_t now = control.clock.now_s();
  std::tm utc{};
  gmtime_r(&now, &utc);
  return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}{:020}", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ++answers_);
}

void CozeEmulator::Impl::write_state(json::Writer& out) const {
  out.key("conversations").number(service.world.conversations());
  out.key("chats").number(service.world.chats());
  out.key("stored_bytes").number(service.world.stored_bytes());
}

CozeEmulator::Impl::Prepared CozeEmulator::Impl::refuse(const Refusal& refusal,
                                                        std::string_view logid) const {
  Prepared prepared;
  prepared.answer = json_answer(refusal.status, make_envelope(refusal, logid), logid);
  prepared.refused = refusal.msg;
  return prepared;
}

CozeEmulator::Impl::Prepared CozeEmulator::Impl::prepare(const net::Request& request,
                                                         std::string_view body, const Route* route,
                                                         std::string_view path_id) {
  const std::string logid = next_logid();
  const Account* account = service.authenticate(request.headers.get("authorization"));
  if (account == nullptr) {
    const bool older = options.refused_token_code == 4100;
    return refuse(
        {options.refused_token_code, older ? "authentication is invalid" : "access token invalid",
         options.refused_token_status},
        logid);
  }
  if (route == nullptr) return refuse({4200, "Requested resource does not exist", 404}, logid);

  const std::string operation(route->operation);
  Prepared prepared;
  if (!is_turn(operation)) {
    if (auto script = control.scripts.take(operation)) prepared.script = std::move(*script);
    if (prepared.script.plain()) {
      prepared.answer = make_scripted_answer(prepared.script, json_headers(logid));
      return prepared;
    }
  }
  Call call{*account, Query(request.query),
            path_id,  request.headers.get("content-type"),
            body,     [&] { return control.scripts.take(operation); }};
  auto reply = route->handler(service, call);
  if (!reply) {
    Prepared refused = refuse(reply.error(), logid);
    refused.script = std::move(prepared.script);
    return refused;
  }
  if (is_turn(operation)) prepared.script = std::move(reply->script);
  if (prepared.script.plain()) {
    prepared.answer = make_scripted_answer(prepared.script, json_headers(logid));
  } else if (reply->turn) {
    prepared.chat = reply->chat;
    prepared.ends_at = reply->turn->ends_at;
    prepared.answer.status = prepared.script.status.value_or(200);
    prepared.answer.headers = merge_headers(stream_headers(logid), prepared.script.headers);
    prepared.answer.body = std::move(reply->turn->body);
  } else {
    prepared.answer = json_answer(prepared.script.status.value_or(200),
                                  make_envelope(reply->members, logid), logid);
    prepared.answer.headers =
        merge_headers(std::move(prepared.answer.headers), prepared.script.headers);
  }
  return prepared;
}

Awaitable<void> CozeEmulator::Impl::answer(net::Exchange& exchange) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const net::Request& request = exchange.request();
  auto body = co_await exchange.read_body();
  if (Admin::owns(request.path)) {
    const std::string_view text = body ? *body : std::string_view("?");
    const Answer done = admin.answer(request.method, request.path, request.query, text);
    Recorded unrecorded;
    co_await play(exchange, unrecorded, done);
    co_return;
  }
  std::string_view path_id;
  const Route* route = find_route(request.method, request.path, path_id);
  const std::string operation(route == nullptr ? "unknown" : route->operation);
  const std::string_view text = body ? *body : std::string_view();
  auto record = control.recorder.begin(operation, request, text);
  Prepared prepared;
  if (body) {
    prepared = prepare(request, text, route, path_id);
  } else {
    const int status = body.error().kind == ErrorKind::too_large ? 413 : 400;
    prepared =
        refuse({4000, "Request parameter error: " + body.error().message, status}, next_logid());
  }
  record->refused = prepared.refused;

  const auto chat_ends = [&] {
    if (Chat* chat = service.world.find_chat(prepared.chat)) service.world.settle(*chat);
  };
  WatchedExchange watched(exchange, prepared.ends_at, chat_ends);
  co_await play(watched, control.signals, *record, prepared.answer, prepared.script.before,
                prepared.script.faults);
  if (Chat* chat = service.world.find_chat(prepared.chat)) service.world.abandon(*chat);
  control.recorder.end(*record);
}

CozeEmulator::CozeEmulator(net::Worker&, Options options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}

CozeEmulator::~CozeEmulator() = default;

net::Handler CozeEmulator::handler() {
  return [impl = impl_.get()](net::Exchange& exchange) { return impl->answer(exchange); };
}

}  // namespace dragoman::emulator::coze
