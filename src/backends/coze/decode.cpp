#include "backends/coze/decode.hpp"

#include <algorithm>

#include "backends/coze/errors.hpp"
#include "json/reader.hpp"

namespace dragoman::coze {
namespace {

using chat::Event;
using json::JsonText;

constexpr std::size_t max_message_id = 64;

JsonText blank_line() { return JsonText::promise("\\n\\n"); }

Error broken_stream(std::string_view problem) {
  return Error(ErrorKind::upstream_failed, "Coze: " + std::string(problem));
}

// Whether a chat that stopped waits for nothing but the user's next words.
bool waits_for_reply(std::string_view data) {
  const auto document = json::Document::parse(data);
  if (!document) return false;
  const auto action = document->root().find("required_action");
  if (!action) return true;  // the open-source server sends no body for question nodes
  const auto submit = action->find("submit_tool_outputs");
  const auto list = submit ? submit->find("tool_calls") : std::nullopt;
  if (!list) return false;
  const auto calls = list->array();
  if (!calls || calls->empty()) return false;
  for (const json::Reader call : *calls) {
    const auto type = call.optional_string("type");
    if (!type || *type != "reply_message") return false;
  }
  return true;
}

}  // namespace

Decoder::Decoder(simdjson::ondemand::parser& parser, std::string_view log_id)
    : objects_(parser), log_id_(clean_id(log_id)) {}

void Decoder::feed(PaddedBytes bytes, std::vector<Event>& events) {
  objects_.begin_batch();
  text_.begin_batch();
  reasoning_.begin_batch();
  if (is_plain(bytes.view())) {
    plain_ += bytes.view().substr(0, max_refusal_bytes - plain_.size());
    return;
  }
  parser_.feed(bytes);
  take_events(events);
}

void Decoder::finish(std::vector<Event>& events) {
  objects_.begin_batch();
  text_.begin_batch();
  reasoning_.begin_batch();
  if (plain_body_) {
    AnswerHead head;
    head.log_id = log_id_;
    fail(decode_refusal(head, plain_), events);
    return;
  }
  parser_.finish();
  take_events(events);
  if (ended_) return;
  flush_text(events);
  fail(broken_stream("the answer was cut off before its end"), events);
}

// Decided by the first byte that is not blank.
bool Decoder::is_plain(std::string_view bytes) {
  if (sniffed_) return plain_body_;
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return false;
  sniffed_ = true;
  plain_body_ = bytes[first] == '{' || bytes[first] == '<';
  return plain_body_;
}

void Decoder::take_events(std::vector<Event>& events) {
  for (;;) {
    auto event = parser_.next();
    if (!event) {
      fail(std::move(event).error(), events);
      return;
    }
    if (!*event) return;
    take(**event, events);
  }
}

void Decoder::take(const wire::SseEvent& event, std::vector<Event>& events) {
  const std::string_view name = event.name;
  const std::string_view data = event.data.view();
  if (name == "done" || name == "Done" || name == "conversation.stream.done" || data == "[DONE]" ||
      data == "\"[DONE]\"") {
    done_ = true;
    if (!ended_) flush_text(events);
    fail(broken_stream("the stream ended without a result"), events);
    return;
  }
  if (ended_) return;
  if (name == "conversation.message.delta") {
    take_message(event.data, false, events);
  } else if (name == "conversation.message.completed") {
    take_message(event.data, true, events);
  } else if (name == "conversation.chat.created" || name == "conversation.chat.in_progress") {
    take_chat(event.data, events);
  } else if (name == "conversation.chat.completed") {
    complete(event.data, events);
  } else if (name == "conversation.chat.failed" || name == "error" || name == "Error") {
    flush_text(events);
    fail(decode_failure(data, log_id_), events);
  } else if (name == "conversation.chat.requires_action" ||
             name == "conversation.chat.required_action") {
    require_action(event.data, events);
  } else if (name == "conversation.chat.canceled" || name == "conversation.chat.cancelled") {
    flush_text(events);
    fail(broken_stream("the turn was cancelled by somebody else").with_code("chat_cancelled"),
         events);
  } else if (name == "conversation.chat.expired") {
    flush_text(events);
    fail(broken_stream("the turn expired").with_code("chat_expired"), events);
  }
}

void Decoder::start(std::string_view chat_id, std::string_view conversation_id,
                    std::vector<Event>& events) {
  if (started_) return;
  started_ = true;
  ids_.chat_id = clean_id(chat_id);
  ids_.conversation_id = clean_id(conversation_id);
  events.push_back(chat::Started{
      .conversation_id = ids_.conversation_id, .request_id = log_id_, .turn_id = ids_.chat_id});
}

void Decoder::take_chat(PaddedBytes data, std::vector<Event>& events) {
  if (started_) return;
  const auto chat = objects_.chat(data);
  if (!chat) return fail(broken_stream("an event is not valid JSON"), events);
  start(chat->id, chat->conversation_id, events);
}

void Decoder::take_message(PaddedBytes data, bool completed, std::vector<Event>& events) {
  const auto message = objects_.message(data);
  if (!message) return fail(broken_stream("an event is not valid JSON"), events);
  start(message->chat_id, message->conversation_id, events);
  // The type is never missing in a stream, but empty in some lists: then the role decides.
  const bool is_answer =
      message->type == "answer" || (message->type.empty() && message->role == "assistant");
  if (!is_answer || message->role == "user" || message->content_type == "audio") return;
  if (!select_answer(message->id, events)) return;

  if (!completed) {
    add_reasoning(message->reasoning_content, events);
    add_text(message->content, events);
    return;
  }
  const Answer& answer = answers_[answer_];
  if (!answer.any_text) {
    if (!answer.any_reasoning) add_reasoning(message->reasoning_content, events);
    add_text(message->content, events);
  }
  flush_text(events);
}

// Makes the answer with that id the current one. False when there are too many.
bool Decoder::select_answer(std::string_view id, std::vector<Event>& events) {
  if (answer_ != none && answers_[answer_].id == id) return true;
  flush_text(events);
  const auto known = std::find_if(answers_.begin(), answers_.end(),
                                  [&](const Answer& answer) { return answer.id == id; });
  answer_ = static_cast<std::size_t>(known - answers_.begin());
  if (known != answers_.end()) return true;
  if (answers_.size() == max_answers || id.size() > max_message_id) {
    fail(broken_stream("the turn has more answers than can be told apart"), events);
    return false;
  }
  answers_.push_back({.id = std::string(id)});
  return true;
}

void Decoder::add_text(std::string_view raw, std::vector<Event>& events) {
  if (raw.empty()) return;
  answers_[answer_].any_text = true;
  const JsonText text = text_.next(raw);
  if (text.empty()) return;
  if (last_text_ != none && last_text_ != answer_) events.push_back(chat::TextDelta{blank_line()});
  last_text_ = answer_;
  events.push_back(chat::TextDelta{text});
}

void Decoder::add_reasoning(std::string_view raw, std::vector<Event>& events) {
  if (raw.empty()) return;
  answers_[answer_].any_reasoning = true;
  const JsonText text = reasoning_.next(raw);
  if (text.empty()) return;
  if (last_reasoning_ != none && last_reasoning_ != answer_) {
    events.push_back(chat::ReasoningDelta{blank_line()});
  }
  last_reasoning_ = answer_;
  events.push_back(chat::ReasoningDelta{text});
}

// What was held back of the current answer.
void Decoder::flush_text(std::vector<Event>& events) {
  if (const JsonText rest = reasoning_.finish(); !rest.empty()) {
    events.push_back(chat::ReasoningDelta{rest});
    last_reasoning_ = answer_;
  }
  if (const JsonText rest = text_.finish(); !rest.empty()) {
    events.push_back(chat::TextDelta{rest});
    last_text_ = answer_;
  }
}

void Decoder::complete(PaddedBytes data, std::vector<Event>& events) {
  flush_text(events);
  const auto chat = objects_.chat(data);
  if (!chat) return fail(broken_stream("an event is not valid JSON"), events);
  start(chat->id, chat->conversation_id, events);
  if (chat->error_code != 0) return fail(decode_failure(data.view(), log_id_), events);
  if (last_text_ == none) {
    Error error = broken_stream("the bot gave an empty answer").with_code("empty_answer");
    return fail(std::move(error), events);
  }
  // Numbers that make no sense are no usage.
  const bool counted = chat->input_count >= 0 && chat->output_count >= 0;
  if (counted && chat->input_count + chat->output_count > 0) {
    chat::Usage usage;
    usage.input_tokens = chat->input_count;
    usage.output_tokens = chat->output_count;
    events.push_back(usage);
  }
  end(events);
}

void Decoder::require_action(PaddedBytes data, std::vector<Event>& events) {
  flush_text(events);
  if (last_text_ != none && waits_for_reply(data.view())) return end(events);
  Error error(
      ErrorKind::not_implemented,
      "Coze: the bot called a local plugin and waits for its result, which cannot be passed "
      "to the client yet. Remove the local plugins from the bot or use another bot");
  fail(std::move(error).with_code("local_plugin_not_supported"), events);
}

void Decoder::end(std::vector<Event>& events) {
  ended_ = true;
  events.push_back(chat::Finished{chat::FinishReason::stop});
}

void Decoder::fail(Error error, std::vector<Event>& events) {
  if (ended_) return;
  ended_ = true;
  events.push_back(chat::Failed{std::move(error)});
}

}  // namespace dragoman::coze
