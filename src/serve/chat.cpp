#include "serve/chat.hpp"

#include <ctime>

#include "base/ids.hpp"
#include "base/overloaded.hpp"
#include "frontends/openai/chat_decode.hpp"
#include "frontends/openai/chat_encode.hpp"
#include "routing/attempts.hpp"
#include "serve/app.hpp"

namespace dragoman::serve {
namespace {

using Batch = std::span<const chat::Event>;

chat::Hints hints_of(const net::Headers& headers) {
  const auto get = [&](std::string_view name) -> std::optional<std::string> {
    const auto value = headers.get(name);
    return value.empty() ? std::nullopt : std::optional<std::string>(value);
  };
  return {.model_type = get("x-model-type"),
          .bot_id = get("x-bot-id"),
          .workflow_id = get("x-workflow-id"),
          .conversation_id = get("x-conversation-id")};
}

std::string_view to_string(chat::FinishReason reason) {
  switch (reason) {
    case chat::FinishReason::stop: return "stop";
    case chat::FinishReason::length: return "length";
    case chat::FinishReason::content_filter: return "content_filter";
  }
  return "stop";
}

// What the log and the headers want to know of the events that pass.
void note(Call& call, const chat::Event& event) {
  std::visit(
      overloaded{[&](const chat::Usage& e) { call.usage = e; },
                 [&](const chat::Finished& e) { call.outcome = to_string(e.reason); },
                 [&](const chat::Failed& e) { call.outcome = dragoman::to_string(e.error.kind); },
                 [](const chat::Started&) {}, [](const chat::TextDelta&) {},
                 [](const chat::ReasoningDelta&) {}},
      event);
}

// Foreign text: the block refuses what is no header value.
void add_if_any(net::HeaderBlock& head, std::string_view name, std::string_view value) {
  if (!value.empty()) head.add(name, value);
}

// The error of a batch that holds no text before it.
const Error* failed_at_once(Batch batch) {
  for (const chat::Event& event : batch) {
    if (const auto* failed = std::get_if<chat::Failed>(&event)) return &failed->error;
    const bool is_text = std::holds_alternative<chat::TextDelta>(event) ||
                         std::holds_alternative<chat::ReasoningDelta>(event);
    if (is_text) return nullptr;
  }
  return nullptr;
}

net::HeaderBlock answer_head(const Call& call, const openai::ChatCall& asked, Batch first) {
  net::HeaderBlock head = call.head();
  head.add("x-dragoman-upstream", call.upstream);
  head.add("x-dragoman-attempts", std::to_string(call.attempts));
  if (!asked.transforms.empty()) head.add("x-dragoman-transforms", asked.transforms.header());
  for (const chat::Event& event : first) {
    const auto* started = std::get_if<chat::Started>(&event);
    if (started == nullptr) continue;
    // Without a conversation of the client's the upstream keeps none: its id would mislead.
    if (asked.request.hints.conversation_id) {
      add_if_any(head, "x-dragoman-upstream-conversation-id", started->conversation_id);
    }
    add_if_any(head, "x-dragoman-upstream-request-id", started->request_id);
    add_if_any(head, "x-dragoman-upstream-turn-id", started->turn_id);
  }
  return head;
}

Awaitable<void> answer_stream(Call& call, chat::EventStream& events, Batch batch,
                              openai::ChunkEncoder encoder, net::HeaderBlock head) {
  net::Exchange& x = call.exchange;
  call.status = 200;
  call.streamed = true;
  head.add("content-type", "text/event-stream; charset=utf-8");
  head.add("cache-control", "no-cache");
  head.add("x-accel-buffering", "no");
  x.start(200, head);
  bool ends_well = false;
  for (;;) {
    for (const chat::Event& event : batch) {
      note(call, event);
      encoder.write(event, x.out());
      ends_well = std::holds_alternative<chat::Finished>(event);
    }
    if (encoder.ended()) break;
    const bool sent = co_await x.flush();
    if (!sent) {
      call.status = 499;
      co_return;
    }
    const auto next = co_await events.next();
    if (!next) {
      const bool cancelled = next.error().kind == ErrorKind::cancelled;
      const chat::Event failed = chat::Failed{cancelled ? ending() : next.error()};
      note(call, failed);
      encoder.write(failed, x.out());
      break;
    }
    if (next->empty()) break;
    batch = *next;
  }
  encoder.end(x.out());
  const bool sent = co_await x.finish();
  if (!sent) call.status = 499;
  if (sent && ends_well) co_await events.next();  // lets the upstream's connection be used again
}

Awaitable<void> answer_whole(Call& call, chat::EventStream& events, Batch batch,
                             openai::Completion completion, net::HeaderBlock head) {
  while (!batch.empty()) {
    for (const chat::Event& event : batch) {
      note(call, event);
      completion.add(event);
    }
    if (completion.ended()) break;
    const auto next = co_await events.next();
    if (!next) {
      co_await call.respond_error(next.error());
      co_return;
    }
    batch = *next;
  }
  const auto body = std::move(completion).body();
  if (!body) {
    co_await call.respond_error(body.error());
    co_return;
  }
  co_await call.respond(200, std::move(head), "application/json; charset=utf-8", *body);
  if (!batch.empty()) co_await events.next();  // lets the upstream's connection be used again
}

}  // namespace

Awaitable<void> answer_chat(Call& call) {
  const auto coding = call.exchange.request().headers.get("content-encoding");
  if (!coding.empty() && !net::equals_ignoring_case(coding, "identity")) {
    const Error error(ErrorKind::unsupported_media,
                      "a Content-Encoding is not supported: send the body as it is");
    co_await call.respond_error(error);
    co_return;
  }
  const auto body = co_await call.exchange.read_body();
  if (!body) {
    co_await call.respond_error(body.error());
    co_return;
  }
  const chat::Hints hints = hints_of(call.exchange.request().headers);
  auto decoded = openai::decode_chat(PaddedBytes::promise(*body), hints);
  if (!decoded) {
    co_await call.respond_error(decoded.error());
    co_return;
  }

  const routing::Upstream& upstream = call.app.router().pick(decoded->request);
  call.upstream = upstream.backend.name();
  const auto stream = co_await routing::open_stream(upstream, decoded->request, decoded->transforms,
                                                    call.app.options().retry, call.attempts);
  if (!stream) {
    co_await call.respond_error(stream.error());
    co_return;
  }
  const auto first = co_await (*stream)->next();
  if (!first) {
    co_await call.respond_error(first.error());
    co_return;
  }
  // A failure before anything was said still has a status to choose.
  if (const Error* error = failed_at_once(*first)) {
    co_await call.respond_error(*error);
    co_return;
  }
  call.first_event_ms = call.elapsed_ms();

  const std::string id = make_id("chatcmpl-");
  const openai::AnswerHead answer{id, std::time(nullptr), decoded->request.model};
  net::HeaderBlock head = answer_head(call, *decoded, *first);
  if (decoded->stream) {
    openai::ChunkEncoder encoder(answer, decoded->include_usage);
    co_await answer_stream(call, **stream, *first, std::move(encoder), std::move(head));
  } else {
    openai::Completion completion(answer);
    co_await answer_whole(call, **stream, *first, std::move(completion), std::move(head));
  }
}

}  // namespace dragoman::serve
