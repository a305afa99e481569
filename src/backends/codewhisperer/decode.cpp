#include "backends/codewhisperer/decode.hpp"

#include <algorithm>
#include <cmath>
#include <simdjson.h>

#include "backends/codewhisperer/errors.hpp"
#include "base/utf8.hpp"

namespace dragoman::codewhisperer {
namespace {

namespace ondemand = simdjson::ondemand;
using chat::FinishReason;

static_assert(byte_padding >= simdjson::SIMDJSON_PADDING);

// A parser keeps several times the size of the longest payload it saw.
constexpr std::size_t max_kept_capacity = 1024 * 1024;

struct TokenCounts {
  std::optional<double> uncached;
  std::optional<double> output;
  std::optional<double> cache_read;
  std::optional<double> cache_write;
};

// The inside of a string token; nullopt for a value of another type.
std::optional<std::string_view> raw_string(ondemand::value value) {
  ondemand::json_type type;
  if (value.type().get(type) || type != ondemand::json_type::string) return std::nullopt;
  std::string_view token = value.raw_json_token();
  while (!token.empty() && token.back() != '"') token.remove_suffix(1);  // white space behind it
  if (token.size() < 2) return std::nullopt;
  return token.substr(1, token.size() - 2);
}

std::optional<double> number(ondemand::value value) {
  ondemand::json_type type;
  double result = 0;
  if (value.type().get(type) || type != ondemand::json_type::number) return std::nullopt;
  if (value.get_double().get(result)) return std::nullopt;
  return result;
}

template <class T>
void keep_first(std::optional<T>& member, std::optional<T> value) {
  if (!member) member = value;
}

// A count of tokens that makes sense, or nullopt.
std::optional<std::int64_t> as_count(std::optional<double> value) {
  constexpr double most = 1e15;  // beyond it doubles begin to skip integers
  if (!value || !(*value >= 0 && *value <= most) || std::trunc(*value) != *value) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*value);
}

std::optional<chat::Usage> to_usage(const TokenCounts& counts) {
  const auto uncached = as_count(counts.uncached);
  const auto output = as_count(counts.output);
  if (!uncached || !output) return std::nullopt;
  const std::int64_t cache_read = as_count(counts.cache_read).value_or(0);
  const std::int64_t cache_write = as_count(counts.cache_write).value_or(0);
  chat::Usage usage;
  usage.input_tokens = *uncached + cache_read + cache_write;
  usage.output_tokens = *output;
  usage.cached_input_tokens = cache_read;
  usage.source = chat::Usage::Source::measured;
  return usage;
}

// END_TURN, endTurn, end-turn -> endturn. A fixed buffer: reasons are short, what is longer is not
// one of those we know.
class FoldedWord {
 public:
  explicit FoldedWord(std::string_view text) {
    for (char c : text) {
      if (c == '_' || c == '-' || c == ' ') continue;
      if (size_ == sizeof(letters_)) break;
      letters_[size_++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  bool is(std::string_view word) const { return view() == word; }
  bool has(std::string_view part) const { return view().find(part) != std::string_view::npos; }

 private:
  std::string_view view() const { return {letters_, size_}; }
  char letters_[64];
  std::size_t size_ = 0;
};

// The spelling varies, and new words appear: what is not known is an ordinary end.
FinishReason to_finish_reason(std::string_view stop_reason) {
  const FoldedWord word(stop_reason);
  if (word.is("maxtokens") || word.is("length") || word.has("contextwindow")) {
    return FinishReason::length;
  }
  for (const char* part : {"refus", "guardrail", "filter", "safety", "blocked"}) {
    if (word.has(part)) return FinishReason::content_filter;
  }
  return FinishReason::stop;
}

// Ids go into headers and logs: only what cannot harm there.
bool is_plain_id(std::string_view id) {
  constexpr std::size_t max_id = 128;
  return !id.empty() && id.size() <= max_id && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
  });
}

std::string unescaped(std::optional<std::string_view> raw) {
  return raw ? json::unescape(*raw).value_or(std::string()) : std::string();
}

}  // namespace

struct PayloadParser::Impl {
  ondemand::parser parser;
};

PayloadParser::PayloadParser() : impl_(std::make_unique<Impl>()) {}
PayloadParser::~PayloadParser() = default;

struct Decoder::Members {
  // Raw string tokens, without their quotes.
  std::optional<std::string_view> content;
  std::optional<std::string_view> text;
  std::optional<std::string_view> stop_reason;
  std::optional<std::string_view> reason;
  std::optional<std::string_view> message;
  std::optional<std::string_view> conversation_id;
  std::optional<double> usage;
  std::optional<double> context_percentage;
  TokenCounts tokens;

  simdjson::error_code read(ondemand::object object);
  simdjson::error_code read_tokens(ondemand::object object);
};

simdjson::error_code Decoder::Members::read(ondemand::object object) {
  for (auto result : object) {
    ondemand::field field;
    if (auto problem = std::move(result).get(field)) return problem;
    const auto key = field.key();
    if (key == "content") {
      keep_first(content, raw_string(field.value()));
    } else if (key == "text") {
      keep_first(text, raw_string(field.value()));
    } else if (key == "usage") {
      keep_first(usage, number(field.value()));
    } else if (key == "contextUsagePercentage") {
      keep_first(context_percentage, number(field.value()));
    } else if (key == "stopReason") {
      keep_first(stop_reason, raw_string(field.value()));
    } else if (key == "reason") {
      keep_first(reason, raw_string(field.value()));
    } else if (key == "message") {
      keep_first(message, raw_string(field.value()));
    } else if (key == "conversationId") {
      keep_first(conversation_id, raw_string(field.value()));
    } else if (key == "tokenUsage") {
      ondemand::json_type type;
      if (auto problem = field.value().type().get(type)) return problem;
      if (type != ondemand::json_type::object) continue;
      ondemand::object counts;
      if (auto problem = field.value().get_object().get(counts)) return problem;
      if (auto problem = read_tokens(counts)) return problem;
    }
  }
  return simdjson::SUCCESS;
}

simdjson::error_code Decoder::Members::read_tokens(ondemand::object object) {
  for (auto result : object) {
    ondemand::field field;
    if (auto problem = std::move(result).get(field)) return problem;
    const auto key = field.key();
    if (key == "uncachedInputTokens") {
      keep_first(tokens.uncached, number(field.value()));
    } else if (key == "outputTokens") {
      keep_first(tokens.output, number(field.value()));
    } else if (key == "cacheReadInputTokens") {
      keep_first(tokens.cache_read, number(field.value()));
    } else if (key == "cacheWriteInputTokens") {
      keep_first(tokens.cache_write, number(field.value()));
    } else if (key == "contextUsagePercentage") {
      keep_first(context_percentage, number(field.value()));
    }
  }
  return simdjson::SUCCESS;
}

Decoder::Decoder(PayloadParser& parser, std::string request_id, std::string conversation_id)
    : parser_(parser) {
  started_.request_id = std::move(request_id);
  started_.conversation_id = std::move(conversation_id);
}

std::span<const chat::Event> Decoder::feed(PaddedBytes bytes) {
  begin_batch();
  if (done_) return {};
  frames_.feed(bytes);
  while (!done_) {
    const auto frame = frames_.next();
    if (!frame) {
      fail(frame.error());
      break;
    }
    if (!*frame) break;
    take(**frame);
  }
  return events_;
}

std::span<const chat::Event> Decoder::finish(bool framed) {
  begin_batch();
  if (done_) return {};
  if (const auto end = frames_.finish(); !end) {
    fail(end.error());
    return events_;
  }
  end_texts();
  FinishReason reason = stop_reason_.value_or(FinishReason::stop);
  if (reason == FinishReason::stop && window_full_) reason = FinishReason::length;
  if (!answered_ && reason == FinishReason::stop) {
    fail(Error(ErrorKind::upstream_failed, "CodeWhisperer gave an empty answer"));
    return events_;
  }
  if (!answered_ && window_full_ && !stop_reason_) {
    fail(Error(ErrorKind::context_overflow,
               "CodeWhisperer gave an empty answer: the conversation fills the context window"));
    return events_;
  }
  if (reason == FinishReason::stop && !stop_reason_ && !tail_seen_) {
    if (!framed) {
      fail(Error(ErrorKind::upstream_failed, "CodeWhisperer cut the answer off"));
      return events_;
    }
    reason = FinishReason::length;
  }
  finish_as(reason);
  return events_;
}

void Decoder::begin_batch() {
  events_.clear();
  text_.begin_batch();
  reasoning_.begin_batch();
  repaired_used_ = 0;
}

void Decoder::take(const wire::Frame& frame) {
  switch (frame.kind) {
    case wire::Frame::Kind::event: take_event(frame); return;
    case wire::Frame::Kind::exception: {
      // Not a failure when there is text: the answer ran into its length.
      if (answered_ && frame.exception_type.ends_with("ContentLengthExceededException")) {
        finish_as(FinishReason::length);
        return;
      }
      fail(decode_exception(frame.exception_type, frame.payload.view(), started_.request_id));
      return;
    }
    case wire::Frame::Kind::error:
      fail(decode_failure_words(frame.error_code, frame.error_message, {}, started_.request_id));
      return;
  }
}

void Decoder::take_event(const wire::Frame& frame) {
  const std::string_view type = frame.event_type;
  if (type == "toolUseEvent") {
    fail(Error(ErrorKind::upstream_failed,
               "CodeWhisperer answered with a tool call, which was not asked for and cannot be "
               "shown"));
    return;
  }
  const bool is_text = type == "assistantResponseEvent" || type == "codeEvent";
  const bool is_reasoning = type == "reasoningContentEvent";
  const bool is_tail = type == "metadataEvent" || type == "meteringEvent" ||
                       type == "contextUsageEvent" || type == "messageStopEvent";
  const bool is_start = type == "initial-response" || type == "messageMetadataEvent";
  const bool is_failure = type == "invalidStateEvent";
  // Everything else says nothing a client API could show, or is newer than this program.
  if (!is_text && !is_reasoning && !is_tail && !is_start && !is_failure) return;

  Members members;
  if (!read_members(frame.payload, members) && !is_failure) {
    // A part of the answer that cannot be read is a part that is missing.
    if (is_text || is_reasoning) {
      fail(Error(ErrorKind::upstream_failed, "CodeWhisperer sent an event that is not valid JSON"));
    }
    return;
  }

  if (is_text) {
    if (members.content) add_text(*members.content);
  } else if (is_reasoning) {
    if (members.text) add_reasoning(*members.text);
  } else if (is_start) {
    std::string id = unescaped(members.conversation_id);
    if (started_.conversation_id.empty() && is_plain_id(id)) {
      started_.conversation_id = std::move(id);
    }
  } else if (is_failure) {
    fail(decode_failure_words(type, unescaped(members.message), unescaped(members.reason),
                              started_.request_id));
  } else {
    tail_seen_ = true;
    constexpr double full = 100;
    if (members.context_percentage.value_or(0) >= full) window_full_ = true;
    if (auto usage = to_usage(members.tokens)) usage_ = usage;
    if (members.usage.value_or(-1) >= 0) credits_ = members.usage;
    if (members.stop_reason) stop_reason_ = to_finish_reason(*members.stop_reason);
  }
}

// False: not JSON, or not an object. An empty payload is an event without members.
bool Decoder::read_members(PaddedBytes payload, Members& members) {
  if (payload.empty()) return true;
  ondemand::parser& parser = parser_.impl_->parser;
  const auto read = [&](PaddedBytes bytes) {
    ondemand::document document;
    const simdjson::padded_string_view text(bytes.data(), bytes.size(),
                                            bytes.size() + simdjson::SIMDJSON_PADDING);
    if (auto problem = parser.iterate(text).get(document)) return problem;
    ondemand::object object;
    if (auto problem = document.get_object().get(object)) return problem;
    return members.read(object);
  };
  auto problem = read(payload);
  if (problem == simdjson::UTF8_ERROR) {
    // A character was cut between two events: show what there is.
    if (repaired_used_ == repaired_.size()) repaired_.emplace_back();
    std::string& repaired = repaired_[repaired_used_++];
    repaired = repair_utf8(payload.view());
    const std::size_t size = repaired.size();
    repaired.append(byte_padding, '\0');
    members = {};
    problem = read(PaddedBytes::promise(std::string_view(repaired).substr(0, size)));
  }
  if (parser.capacity() > max_kept_capacity) parser = ondemand::parser();
  return problem == simdjson::SUCCESS;
}

void Decoder::start() {
  if (start_sent_) return;
  start_sent_ = true;
  events_.emplace_back(started_);
}

void Decoder::add_text(std::string_view raw) {
  const json::JsonText text = text_.next(raw);
  if (text.empty()) return;
  start();
  answered_ = true;
  tail_seen_ = false;
  events_.emplace_back(chat::TextDelta{text});
}

void Decoder::add_reasoning(std::string_view raw) {
  const json::JsonText text = reasoning_.next(raw);
  if (text.empty()) return;
  start();
  answered_ = true;
  tail_seen_ = false;
  events_.emplace_back(chat::ReasoningDelta{text});
}

// What a text stream held back, waiting for the other half of a pair.
void Decoder::end_texts() {
  const json::JsonText reasoning = reasoning_.finish();
  const json::JsonText text = text_.finish();
  if (reasoning.empty() && text.empty()) return;
  start();
  answered_ = true;
  if (!reasoning.empty()) events_.emplace_back(chat::ReasoningDelta{reasoning});
  if (!text.empty()) events_.emplace_back(chat::TextDelta{text});
}

void Decoder::finish_as(FinishReason reason) {
  end_texts();
  start();
  if (usage_) {
    usage_->credits = credits_;
    events_.emplace_back(*usage_);
  }
  events_.emplace_back(chat::Finished{reason});
  done_ = true;
}

void Decoder::fail(Error error) {
  end_texts();
  start();
  events_.emplace_back(chat::Failed{std::move(error)});
  done_ = true;
}

}  // namespace dragoman::codewhisperer
