#include "emulator/coze/steps.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/overloaded.hpp"
#include "base/utf8.hpp"
#include "json/writer.hpp"

namespace dragoman::emulator::coze {
namespace {

using json::Reader;

Error within(std::string_view step, Error error) {
  error.message = std::string(step) + "." + error.message;
  return error;
}

// A code is written as it was given: a number, or a string.
Result<std::string> code_of(const Reader& in, std::string_view fallback) {
  const auto code = in.find("code");
  if (!code) return std::string(fallback);
  if (code->kind() == Reader::Kind::string) return code->minified();
  auto number = code->integer();
  if (!number) return number.error();
  return std::to_string(*number);
}

Result<TurnStep> decode_failed(const Reader& in) {
  auto code = code_of(in, "5000");
  if (!code) return code.error();
  auto msg = in.optional_string("msg");
  if (!msg) return msg.error();
  auto short_form = in.optional_boolean("short");
  if (!short_form) return short_form.error();
  return FailedStep{*code, std::string(msg->value_or("event interval error")),
                    short_form->value_or(false)};
}

Result<TurnStep> decode_error(const Reader& in) {
  auto code = code_of(in, "5000");
  if (!code) return code.error();
  auto msg = in.optional_string("msg");
  if (!msg) return msg.error();
  return ErrorStep{*code, std::string(msg->value_or("internal error"))};
}

Result<TurnStep> decode_refused(const Reader& in) {
  auto code = in.optional_integer("code");
  if (!code) return code.error();
  auto msg = in.optional_string("msg");
  if (!msg) return msg.error();
  auto status = in.optional_integer("status");
  if (!status) return status.error();
  const auto number = status->value_or(200);
  if (number < 200 || number > 599) return in.error("status must be between 200 and 599");
  return RefusedStep{{code->value_or(4000), std::string(msg->value_or("Request parameter error")),
                      static_cast<int>(number)}};
}

// Text for a call's arguments: a string as it is, anything else as JSON text.
std::string arguments_of(const Reader& in) {
  const auto arguments = in.find("arguments");
  if (!arguments) return "{}";
  if (auto text = arguments->string()) return std::string(*text);
  return arguments->minified();
}

Result<TurnStep> decode_short_action(const Reader& in) {
  auto name = in.require("name");
  if (!name) return name.error();
  auto text = name->string();
  if (!text) return text.error();
  auto id = in.optional_string("id");
  if (!id) return id.error();
  RequiredAction action;
  action.call_ids.emplace_back(id->value_or("BUJJRW11bGF0b3JUb29sQ2FsbDAwMDAwMDAwMDAwMQ=="));
  json::Writer out(action.json);
  out.begin_object().key("type").string("submit_tool_outputs");
  out.key("submit_tool_outputs").begin_object().key("tool_calls").begin_array();
  out.begin_object().key("id").string(action.call_ids.front()).key("type").string("function");
  out.key("function").begin_object().key("name").string(*text);
  out.key("arguments").string(arguments_of(in)).end_object();
  out.key("require_info").null().end_object();
  out.end_array().end_object().end_object();
  return RequiresActionStep{std::move(action)};
}

Result<TurnStep> decode_action(const Reader& in) {
  if (!in.find("submit_tool_outputs")) return decode_short_action(in);
  RequiredAction action{.json = in.minified(), .call_ids = {}};
  auto calls = in.find("submit_tool_outputs")->require("tool_calls");
  if (!calls) return calls.error();
  auto items = calls->array();
  if (!items) return items.error();
  for (Reader item : *items) {
    auto id = item.require("id");
    if (!id) return id.error();
    auto text = id->string();
    if (!text) return text.error();
    action.call_ids.emplace_back(*text);
  }
  return RequiresActionStep{std::move(action)};
}

Result<TurnStep> decode_message(const Reader& in) {
  MessageStep step;
  for (auto [key, target] : {std::pair{"type", &step.type}, {"content", &step.content}}) {
    auto member = in.require(key);
    if (!member) return member.error();
    auto text = member->string();
    if (!text) return text.error();
    *target = *text;
  }
  auto content_type = in.optional_string("content_type");
  if (!content_type) return content_type.error();
  step.content_type = content_type->value_or("text");
  return step;
}

Result<TurnStep> decode_native(const NativeStep& native) {
  auto document = json::Document::parse(native.data);
  if (!document) return document.error();
  const Reader in = document->root();
  if (native.name == "failed") return decode_failed(in);
  if (native.name == "error") return decode_error(in);
  if (native.name == "refused") return decode_refused(in);
  if (native.name == "requires_action") return decode_action(in);
  if (native.name == "answer_end") return AnswerEndStep{};
  if (native.name == "message") return decode_message(in);
  if (native.name == "filler") {
    auto count = in.integer();
    if (!count) return count.error();
    if (*count < 1 || *count > static_cast<std::int64_t>(max_filler_bytes)) {
      return in.error("must be between 1 and 16777216");
    }
    return TextStep{std::string(static_cast<std::size_t>(*count), 'x')};
  }
  auto text = in.string();
  if (!text) return text.error();
  if (native.name == "follow_up") return FollowUpStep{std::string(*text)};
  if (!decode_base64(*text)) return in.error("expected base64");
  return AudioStep{std::string(*text)};
}

bool ends_turn(const TurnStep& step) {
  return std::holds_alternative<FailedStep>(step) || std::holds_alternative<ErrorStep>(step) ||
         std::holds_alternative<RefusedStep>(step) ||
         std::holds_alternative<RequiresActionStep>(step);
}

}  // namespace

Result<std::vector<TurnStep>> decode_steps(const std::vector<Step>& steps) {
  std::vector<TurnStep> decoded;
  for (const Step& step : steps) {
    const auto* native = std::get_if<NativeStep>(&step);
    if (native == nullptr) {
      std::visit(overloaded{
                     [](const NativeStep&) {},
                     [&](const auto& shared) { decoded.emplace_back(shared); },
                 },
                 step);
      continue;
    }
    auto own = decode_native(*native);
    if (!own) return within(native->name, own.error());
    decoded.push_back(std::move(*own));
    if (ends_turn(decoded.back())) break;
  }
  return decoded;
}

std::vector<std::string_view> split_words(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
  std::vector<std::string_view> words;
  while (!text.empty()) {
    std::size_t end = 0;
    std::size_t characters = 0;
    while (end < text.size() && !is_blank(text[end]) && characters < max_word_characters) {
      ++end;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
      ++characters;
    }
    while (end < text.size() && is_blank(text[end])) ++end;
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

std::vector<TurnStep> make_echo(std::string_view text, milliseconds word_delay) {
  std::vector<TurnStep> steps;
  const auto words = split_words(text);
  const std::size_t words_a_delta = words.size() / max_echo_deltas + 1;
  for (std::size_t i = 0; i < words.size(); i += words_a_delta) {
    if (i > 0 && word_delay.count() > 0) steps.emplace_back(DelayStep{word_delay});
    TextStep delta;
    for (std::size_t k = i; k < std::min(i + words_a_delta, words.size()); ++k) {
      delta.text += words[k];
    }
    steps.emplace_back(std::move(delta));
  }
  return steps;
}

}  // namespace dragoman::emulator::coze
