#include "emulator/codewhisperer/stream.hpp"

#include <array>
#include <cmath>

#include "base/overloaded.hpp"
#include "emulator/codewhisperer/frame.hpp"
#include "json/writer.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

constexpr std::array<std::string_view, 2> native_steps{"exception", "error_frame"};
constexpr std::size_t max_header_value = 32'767;

std::string text_event(std::string_view text, const ChatInput& input) {
  std::string json;
  json::Writer out(json);
  out.begin_object().key("content").string(text);
  if (input.model_given) out.key("modelId").string(input.model->id);
  out.end_object();
  return encode_event("assistantResponseEvent", json);
}

std::string reasoning_event(std::string_view text) {
  std::string json;
  json::Writer(json).begin_object().key("text").string(text).end_object();
  return encode_event("reasoningContentEvent", json);
}

struct Counts {
  std::int64_t input = 0;
  std::int64_t output = 0;
};

std::string metadata_event(Counts counts, std::string_view stop_reason) {
  std::string json;
  json::Writer out(json);
  out.begin_object().key("tokenUsage").begin_object();
  out.key("uncachedInputTokens").number(counts.input);
  out.key("outputTokens").number(counts.output);
  out.key("totalTokens").number(counts.input + counts.output);
  out.key("cacheReadInputTokens").number(0).key("cacheWriteInputTokens").number(0).end_object();
  if (!stop_reason.empty()) out.key("stopReason").string(stop_reason);
  out.end_object();
  return encode_event("metadataEvent", json);
}

std::string context_event(Counts counts, const Model& model) {
  const double share = 100.0 * static_cast<double>(counts.input + counts.output) /
                       static_cast<double>(model.max_input_tokens);
  std::string json;
  json::Writer out(json);
  out.begin_object().key("contextUsagePercentage").number(std::round(share * 1000) / 1000);
  out.end_object();
  return encode_event("contextUsageEvent", json);
}

std::string metering_event(const Model& model) {
  constexpr double base_price = 0.05;
  std::string json;
  json::Writer out(json);
  out.begin_object().key("unit").string("credit").key("unitPlural").string("credits");
  out.key("usage").number(std::round(base_price * model.rate * 1e6) / 1e6).end_object();
  return encode_event("meteringEvent", json);
}

void add_initial(std::vector<Piece>& pieces, const StreamOptions& options) {
  if (!options.initial_response) return;
  std::string json;
  json::Writer out(json);
  out.begin_object();
  if (options.operation == ChatOperation::generate)
    out.key("conversationId").string(options.conversation_id);
  out.end_object();
  pieces.emplace_back(Bytes{encode_event("initial-response", json)});
}

void add_tail(std::vector<Piece>& pieces, Counts counts, const Model& model, bool used_tools) {
  pieces.emplace_back(Bytes{metadata_event(counts, used_tools ? "TOOL_USE" : "END_TURN")});
  pieces.emplace_back(Bytes{context_event(counts, model)});
  pieces.emplace_back(Bytes{metering_event(model)});
}

Result<std::string> optional_text(const json::Reader& in, std::string_view key) {
  auto text = in.optional_string(key);
  if (!text) return text.error();
  if (!*text) return std::string();
  if ((*text)->size() > max_header_value) return in.find(key)->error("is too long");
  return std::string(**text);
}

// {"type":"ThrottlingException","message":"...","reason":"..."}: message and reason may be missing
// or null; without either the payload is empty.
Result<std::string> exception_frame(const json::Reader& in) {
  auto type = optional_text(in, "type");
  if (!type) return type.error();
  if (type->empty()) return Error(ErrorKind::bad_request, "needs a type");
  std::string json;
  json::Writer out(json);
  out.begin_object();
  bool any = false;
  auto object = in.object();
  if (!object) return object.error();
  for (auto [key, value] : *object) {
    if (key == "type") continue;
    out.key(key).raw(value.minified());
    any = true;
  }
  out.end_object();
  return encode_exception(*type, any ? json : std::string());
}

Result<std::string> error_frame(const json::Reader& in) {
  auto code = optional_text(in, "code");
  if (!code) return code.error();
  auto message = optional_text(in, "message");
  if (!message) return message.error();
  return encode_error(*code, *message);
}

Result<std::string> native_frame(const NativeStep& step) {
  auto document = json::Document::parse(step.data);
  if (!document) return document.error();
  auto frame =
      step.name == "exception" ? exception_frame(document->root()) : error_frame(document->root());
  if (!frame) return Error(ErrorKind::bad_request, step.name + ": " + frame.error().message);
  return frame;
}

}  // namespace

Dialect dialect() { return Dialect{native_steps}; }

Result<std::vector<Piece>> encode_script(const std::vector<Step>& steps, bool tail,
                                         const ChatInput& input, const StreamOptions& options) {
  std::vector<Piece> pieces;
  add_initial(pieces, options);
  Counts counts{input.words, 0};
  std::optional<Counts> given;
  bool used_tools = false;
  bool failed = false;  // an exception ends the stream: nothing follows it
  std::optional<Error> error;
  std::string said;

  auto add = [&](std::string frame) { pieces.emplace_back(Bytes{std::move(frame)}); };
  for (std::size_t i = 0; i < steps.size() && !error; ++i) {
    std::visit(overloaded{
                   [&](const DelayStep& step) { pieces.emplace_back(step); },
                   [&](const WaitStep& step) { pieces.emplace_back(step); },
                   [&](const TextStep& step) {
                     said += step.text;
                     add(text_event(step.text, input));
                   },
                   [&](const ReasoningStep& step) {
                     counts.output += count_words(step.text);
                     add(reasoning_event(step.text));
                   },
                   [&](const UsageStep& step) {
                     given = Counts{step.input, step.output};
                     if (!tail) add(metadata_event(*given, {}));
                   },
                   [&](const EventStep& step) {
                     if (step.event.empty() || step.event.size() > max_header_value) {
                       error = Error(ErrorKind::bad_request, "events." + std::to_string(i) +
                                                                 ".event: is not an event name");
                       return;
                     }
                     used_tools = used_tools || step.event == "toolUseEvent";
                     add(encode_event(step.event, step.data));
                   },
                   [&](const NativeStep& step) {
                     auto frame = native_frame(step);
                     if (!frame) {
                       error = Error(ErrorKind::bad_request,
                                     "events." + std::to_string(i) + "." + frame.error().message);
                       return;
                     }
                     failed = true;
                     add(std::move(*frame));
                   },
                   [&](const RawStep& step) { add(step.bytes); },
               },
               steps[i]);
  }
  if (error) return *error;
  counts.output += count_words(said);
  if (given) counts = *given;
  if (tail && !failed) add_tail(pieces, counts, *input.model, used_tools);
  return pieces;
}

std::vector<Piece> encode_echo(const ChatInput& input, const StreamOptions& options) {
  std::vector<Piece> pieces;
  add_initial(pieces, options);
  bool first = true;
  for (const std::string& word : split_words(input.text)) {
    if (!first && options.word_delay.count() > 0)
      pieces.emplace_back(DelayStep{options.word_delay});
    first = false;
    pieces.emplace_back(Bytes{text_event(word, input)});
  }
  const Counts counts{input.words, count_words(input.text)};
  add_tail(pieces, counts, *input.model, false);
  return pieces;
}

std::vector<Piece> encode_dry_run(const StreamOptions& options) {
  std::vector<Piece> pieces;
  add_initial(pieces, options);
  pieces.emplace_back(Bytes{encode_event("dryRunSucceedEvent", "{}")});
  return pieces;
}

std::vector<std::string> split_words(std::string_view text) {
  constexpr std::string_view white = " \t\r\n";
  std::vector<std::string> words;
  while (!text.empty()) {
    // White space at the very beginning belongs to the first word.
    auto word = text.find_first_not_of(white);
    auto end = word == std::string_view::npos ? word : text.find_first_of(white, word);
    auto next = end == std::string_view::npos ? end : text.find_first_not_of(white, end);
    const std::size_t length = next == std::string_view::npos ? text.size() : next;
    words.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return words;
}

}  // namespace dragoman::emulator::codewhisperer
