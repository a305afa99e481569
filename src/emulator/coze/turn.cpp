#include "emulator/coze/turn.hpp"

#include "base/overloaded.hpp"
#include "emulator/coze/objects.hpp"

namespace dragoman::emulator::coze {
namespace {

std::int64_t to_number(std::string_view code) {
  if (code.starts_with('"')) code = code.substr(1, code.size() - 2);
  std::int64_t number = 0;
  for (char digit : code) {
    if (digit < '0' || digit > '9' || number > 1'000'000'000'000) return 5000;
    number = number * 10 + (digit - '0');
  }
  return number;
}

std::string make_short_error(std::string_view code, std::string_view msg) {
  std::string json;
  json::Writer out(json);
  out.begin_object().key("code").raw(code).key("msg").string(msg).end_object();
  return json;
}

constexpr std::string_view finish_content =
    R"({"msg_type":"generate_answer_finish","data":"{\"finish_reason\":0,\"FinData\":\"\"}",)"
    R"("from_module":null,"from_unit":null})";

class TurnWriter {
 public:
  TurnWriter(World& world, const Chat& chat, const TurnPlan& plan)
      : world_(world), chat_(chat), plan_(plan) {
    usage_.input = prompt_tokens + chat.context_tokens;
  }

  Turn run() {
    begin();
    for (const TurnStep& step : plan_.steps) {
      if (ended_) break;
      apply(step);
    }
    finish();
    turn_.ending.usage = usage_;
    return std::move(turn_);
  }

 private:
  void begin();
  void apply(const TurnStep& step);
  void delta(std::string_view text, std::string_view reasoning);
  void end_answer();
  void whole(MessageStep step);
  void fail(const FailedStep& step);
  void verbatim(const EventStep& step);
  void finish();
  void done();

  Message make_message(std::string type, std::string content, std::string content_type = "text");
  void emit(std::string_view name, std::string_view data);
  void emit_chat(std::string_view name, const Chat& chat);
  void emit_message(std::string_view name, const Message& message);
  void keep(Message message);
  void mark_end(ChatStatus status);  // the next event ends the chat
  void end_with(ChatStatus status);  // and the turn
  void flush();
  void pause(Piece piece) {
    flush();
    turn_.body.push_back(std::move(piece));
  }

  World& world_;
  Chat chat_;
  const TurnPlan& plan_;
  Turn turn_;
  Usage usage_;
  bool usage_given_ = false;
  bool ended_ = false;
  std::string write_;              // the piece in the making
  std::size_t written_ = 0;        // bytes of the pieces before it
  std::optional<Message> answer_;  // in the making
  std::vector<std::string> follow_ups_;
};

void TurnWriter::flush() {
  if (write_.empty()) return;
  written_ += write_.size();
  turn_.body.emplace_back(Bytes{std::move(write_)});
  write_.clear();
}

void TurnWriter::emit(std::string_view name, std::string_view data) {
  append_event(write_, name, data);
}

void TurnWriter::emit_chat(std::string_view name, const Chat& chat) {
  std::string json;
  json::Writer out(json);
  write_chat(out, chat);
  emit(name, json);
}

void TurnWriter::emit_message(std::string_view name, const Message& message) {
  std::string json;
  json::Writer out(json);
  write_event_message(out, message, chat_.studio);
  emit(name, json);
}

Message TurnWriter::make_message(std::string type, std::string content, std::string content_type) {
  Message message;
  message.id = world_.next_message_id();
  message.conversation = chat_.conversation;
  message.section = chat_.section;
  message.bot = chat_.bot;
  message.chat = chat_.id;
  message.role = "assistant";
  message.type = std::move(type);
  message.content = std::move(content);
  message.content_type = std::move(content_type);
  return message;
}

void TurnWriter::keep(Message message) {
  if (!usage_given_ && message.type == "answer") {
    usage_.output += count_tokens(message.content) + count_tokens(message.reasoning);
  }
  turn_.ending.messages.push_back(std::move(message));
}

void TurnWriter::mark_end(ChatStatus status) {
  turn_.ending.status = status;
  turn_.ends_at = written_ + write_.size();
}

void TurnWriter::end_with(ChatStatus status) {
  mark_end(status);
  ended_ = true;
}

void TurnWriter::begin() {
  if (!plan_.resumed) {
    Chat created = chat_;
    created.status = ChatStatus::created;
    emit_chat("conversation.chat.created", created);
  }
  // The short form of a failure comes right behind "created".
  const auto* failed =
      plan_.steps.empty() ? nullptr : std::get_if<FailedStep>(&plan_.steps.front());
  if (failed == nullptr || !failed->short_form) {
    Chat running = chat_;
    running.status = ChatStatus::in_progress;
    running.inserted.clear();
    emit_chat("conversation.chat.in_progress", running);
  }
  flush();
  for (const ToolOutput& output : plan_.outputs) whole({"tool_response", output.output});
  flush();
}

void TurnWriter::delta(std::string_view text, std::string_view reasoning) {
  if (!answer_) answer_ = make_message("answer", "");
  answer_->content += text;
  answer_->reasoning += reasoning;
  Message part = *answer_;
  part.content = text;
  part.reasoning = reasoning;
  emit_message("conversation.message.delta", part);
}

void TurnWriter::end_answer() {
  if (!answer_) return;
  Message message = std::move(*answer_);
  answer_.reset();
  message.created_at = message.updated_at = world_.now();
  Message kept = message;
  keep(std::move(kept));
  if (chat_.studio) {
    message.meta_data = {{"token", std::to_string(usage_.input + usage_.output)},
                         {"input_tokens", std::to_string(usage_.input)},
                         {"output_tokens", std::to_string(usage_.output)},
                         {"time_cost", "0.4"}};
  }
  emit_message("conversation.message.completed", message);
}

void TurnWriter::whole(MessageStep step) {
  end_answer();
  Message message =
      make_message(std::move(step.type), std::move(step.content), std::move(step.content_type));
  message.created_at = message.updated_at = world_.now();
  emit_message("conversation.message.completed", message);
  keep(std::move(message));
}

void TurnWriter::fail(const FailedStep& step) {
  end_with(ChatStatus::failed);
  turn_.ending.last_error = {to_number(step.code), step.msg};
  if (step.short_form) {
    emit("conversation.chat.failed", make_short_error(step.code, step.msg));
  } else {
    Chat failed = chat_;
    failed.status = ChatStatus::failed;
    failed.failed_at = world_.now();
    failed.last_error = turn_.ending.last_error;
    failed.inserted.clear();
    emit_chat("conversation.chat.failed", failed);
  }
  if (plan_.tail) done();
}

// A script may end the chat in its own words; more steps may follow.
void TurnWriter::verbatim(const EventStep& step) {
  if (step.event == "conversation.chat.completed") mark_end(ChatStatus::completed);
  if (step.event == "conversation.chat.failed") mark_end(ChatStatus::failed);
  if (step.event == "conversation.chat.canceled") mark_end(ChatStatus::canceled);
  emit(step.event, step.data);
}

void TurnWriter::apply(const TurnStep& step) {
  std::visit(overloaded{
                 [&](const DelayStep& e) {
                   turn_.pauses += e.duration;
                   pause(e);
                 },
                 [&](const WaitStep& e) { pause(e); },
                 [&](const TextStep& e) { delta(e.text, ""); },
                 [&](const ReasoningStep& e) { delta("", e.text); },
                 [&](const UsageStep& e) {
                   usage_given_ = true;
                   usage_ = {e.input, e.output};
                 },
                 [&](const EventStep& e) { verbatim(e); },
                 [&](const RawStep& e) { write_ += e.bytes; },
                 [&](const FailedStep& e) { fail(e); },
                 [&](const ErrorStep& e) {
                   end_with(ChatStatus::failed);
                   turn_.ending.last_error = {to_number(e.code), e.msg};
                   turn_.error = Refusal{to_number(e.code), e.msg};
                   emit("error", make_short_error(e.code, e.msg));
                 },
                 [&](const RefusedStep& e) {
                   end_with(ChatStatus::failed);
                   turn_.ending.last_error = {e.refusal.code, e.refusal.msg};
                   turn_.refused = e.refusal;
                 },
                 [&](const RequiresActionStep& e) {
                   end_answer();
                   end_with(ChatStatus::requires_action);
                   turn_.ending.action = e.action;
                   Chat waiting = chat_;
                   waiting.status = ChatStatus::requires_action;
                   waiting.completed_at = world_.now();
                   waiting.action = e.action;
                   waiting.inserted.clear();
                   emit_chat("conversation.chat.requires_action", waiting);
                   if (plan_.tail) done();
                 },
                 [&](const AnswerEndStep&) { end_answer(); },
                 [&](const MessageStep& e) { whole(e); },
                 [&](const FollowUpStep& e) { follow_ups_.push_back(e.text); },
                 [&](const AudioStep& e) {
                   if (!answer_) answer_ = make_message("answer", "");
                   Message part = *answer_;
                   part.content = e.base64;
                   part.content_type = "audio";
                   part.reasoning.clear();
                   emit_message("conversation.audio.delta", part);
                 },
             },
             step);
  flush();
}

void TurnWriter::done() {
  if (chat_.studio) return emit("conversation.stream.done", "");
  emit("done", plan_.unquoted_done ? "[DONE]" : "\"[DONE]\"");
}

void TurnWriter::finish() {
  if (!ended_ && plan_.tail) {
    end_answer();
    if (!chat_.studio) whole({"verbose", std::string(finish_content)});
    for (std::string& text : follow_ups_) whole({"follow_up", std::move(text)});
    if (!turn_.ends_at) mark_end(ChatStatus::completed);
    Chat completed = chat_;
    completed.status = ChatStatus::completed;
    completed.completed_at = world_.now();
    completed.usage = usage_;
    completed.inserted.clear();
    emit_chat("conversation.chat.completed", completed);
    done();
  } else if (answer_) {
    end_answer();  // is stored, though nobody is told
    write_.clear();
  }
  flush();
}

}  // namespace

void append_event(std::string& out, std::string_view name, std::string_view data) {
  out.append("event:").append(name).append("\ndata:").append(data).append("\n\n");
}

Turn make_turn(World& world, const Chat& chat, const TurnPlan& plan) {
  return TurnWriter(world, chat, plan).run();
}

}  // namespace dragoman::emulator::coze
