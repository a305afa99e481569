#include "frontends/openai/chat_encode.hpp"

#include <algorithm>
#include <limits>

#include "base/overloaded.hpp"
#include "frontends/openai/errors.hpp"
#include "json/writer.hpp"

namespace dragoman::openai {
namespace {

std::string_view to_string(chat::FinishReason reason) {
  switch (reason) {
    case chat::FinishReason::stop: return "stop";
    case chat::FinishReason::length: return "length";
    case chat::FinishReason::content_filter: return "content_filter";
  }
  return "stop";
}

Error cut_off() {
  return Error(ErrorKind::upstream_failed, "The upstream ended before the answer was complete");
}

// Counts come from outside: negative ones are nonsense, and their sum must not overflow.
std::int64_t count(std::int64_t tokens) {
  return std::clamp<std::int64_t>(tokens, 0, std::numeric_limits<std::int64_t>::max() / 2);
}

// Credits have no member in this API: they go to the ledger, not to the client.
void write_usage(json::Writer& w, const chat::Usage& usage) {
  const std::int64_t input = count(usage.input_tokens);
  const std::int64_t output = count(usage.output_tokens);
  w.begin_object();
  w.key("prompt_tokens").number(input);
  w.key("completion_tokens").number(output);
  w.key("total_tokens").number(input + output);
  if (usage.cached_input_tokens > 0) {
    w.key("prompt_tokens_details").begin_object();
    w.key("cached_tokens").number(count(usage.cached_input_tokens));
    w.end_object();
  }
  if (usage.source == chat::Usage::Source::estimated) w.key("estimated").boolean(true);
  w.end_object();
}

}  // namespace

ChunkEncoder::ChunkEncoder(const AnswerHead& head, bool include_usage)
    : suffix_(include_usage ? ",\"usage\":null}\n\n" : "}\n\n"), include_usage_(include_usage) {
  prefix_ = "data: ";
  json::Writer w(prefix_);
  w.begin_object();
  w.key("id").string(head.id);
  w.key("object").string("chat.completion.chunk");
  w.key("created").number(head.created);
  w.key("model").string(head.model);
  prefix_ += ',';
}

void ChunkEncoder::write(const chat::Event& event, std::string& out) {
  if (ended_) return;
  std::visit(
      overloaded{
          [](const chat::Started&) {},  // its ids are for headers
          [&](const chat::TextDelta& e) { delta("\"content\":\"", e.text, out); },
          [&](const chat::ReasoningDelta& e) { delta("\"reasoning_content\":\"", e.text, out); },
          [&](const chat::Usage& e) { usage_ = e; },
          [&](const chat::Finished& e) { finish(e.reason, out); },
          [&](const chat::Failed& e) { fail(e.error, out); },
      },
      event);
}

void ChunkEncoder::end(std::string& out) {
  if (!ended_) fail(cut_off(), out);
}

// The hot path: copies, nothing else.
void ChunkEncoder::delta(std::string_view member, chat::JsonText text, std::string& out) {
  if (text.empty()) return;
  out += prefix_;
  out += "\"choices\":[{\"index\":0,\"delta\":{";
  if (!role_written_) out += "\"role\":\"assistant\",";
  out += member;
  out += text.escaped();
  out += "\"},\"finish_reason\":null}]";
  out += suffix_;
  role_written_ = started_ = true;
}

void ChunkEncoder::finish(chat::FinishReason reason, std::string& out) {
  out += prefix_;
  out += "\"choices\":[{\"index\":0,\"delta\":{";
  // An answer without a word: clients still expect to learn who did not speak.
  if (!role_written_) out += "\"role\":\"assistant\",\"content\":\"\"";
  out += "},\"finish_reason\":\"";
  out += to_string(reason);
  out += "\"}]";
  out += suffix_;
  usage_chunk(out);
  out += "data: [DONE]\n\n";
  role_written_ = started_ = ended_ = true;
}

void ChunkEncoder::fail(const Error& error, std::string& out) {
  usage_chunk(out);  // what was used until then was used
  out += "data: ";
  append_error(out, error);
  out += "\n\n";
  started_ = ended_ = true;
}

void ChunkEncoder::usage_chunk(std::string& out) {
  if (!include_usage_ || !usage_) return;
  out += prefix_;
  out += "\"choices\":[],\"usage\":";
  json::Writer w(out);
  write_usage(w, *usage_);
  out += "}\n\n";
}

Completion::Completion(const AnswerHead& head)
    : id_(head.id), created_(head.created), model_(head.model) {}

void Completion::append(std::string& to, chat::JsonText text) {
  if (text.escaped().size() > max_bytes - to.size()) {
    failed_ = Error(ErrorKind::upstream_failed, "The answer is too long to be sent in one piece");
    return;
  }
  to += text.escaped();
}

void Completion::add(const chat::Event& event) {
  if (ended()) return;
  std::visit(overloaded{
                 [](const chat::Started&) {},
                 [&](const chat::TextDelta& e) { append(text_, e.text); },
                 [&](const chat::ReasoningDelta& e) { append(reasoning_, e.text); },
                 [&](const chat::Usage& e) { usage_ = e; },
                 [&](const chat::Finished& e) { finished_ = e.reason; },
                 [&](const chat::Failed& e) { failed_ = e.error; },
             },
             event);
}

Result<std::string> Completion::body() && {
  if (failed_) return std::move(*failed_);
  if (!finished_) return cut_off();
  constexpr std::size_t frame = 512;  // what stands around the texts, about
  std::string out;
  out.reserve(text_.size() + reasoning_.size() + model_.size() + frame);
  json::Writer w(out);
  w.begin_object();
  w.key("id").string(id_);
  w.key("object").string("chat.completion");
  w.key("created").number(created_);
  w.key("model").string(model_);
  w.key("choices").begin_array().begin_object();
  w.key("index").number(0);
  w.key("message").begin_object();
  w.key("role").string("assistant");
  w.key("content").text(chat::JsonText::promise(text_));
  if (!reasoning_.empty()) {
    w.key("reasoning_content").text(chat::JsonText::promise(reasoning_));
  }
  w.key("refusal").null();
  w.end_object();
  w.key("logprobs").null();
  w.key("finish_reason").string(to_string(*finished_));
  w.end_object().end_array();
  if (usage_) {
    w.key("usage");
    write_usage(w, *usage_);
  }
  w.end_object();
  return out;
}

}  // namespace dragoman::openai
