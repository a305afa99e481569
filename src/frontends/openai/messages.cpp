#include "frontends/openai/messages.hpp"

namespace dragoman::openai {
namespace {

using chat::Transform;
using json::Reader;

enum class Speaker { instructions, user, assistant };

Error unsupported(const Reader& at, std::string_view problem) {
  return at.error(problem).with_code("unsupported_parameter");
}

Result<Speaker> decode_role(const Reader& message) {
  const auto role = message.require("role");
  if (!role) return role.error();
  const auto word = role->string();
  if (!word) return word.error();
  if (*word == "system" || *word == "developer") return Speaker::instructions;
  if (*word == "user") return Speaker::user;
  if (*word == "assistant") return Speaker::assistant;
  if (*word == "tool" || *word == "function") {
    return unsupported(*role, "results of tools are not supported yet");
  }
  return role->error("expected system, developer, user or assistant");
}

// The text of one content part.
Result<std::string_view> decode_part(const Reader& part, Speaker speaker) {
  const auto type = part.require("type");
  if (!type) return type.error();
  const auto word = type->string();
  if (!word) return word.error();

  const bool refusal = *word == "refusal" && speaker == Speaker::assistant;
  if (*word == "text" || refusal) {
    const auto text = part.require(refusal ? "refusal" : "text");
    if (!text) return text.error();
    return text->string();
  }
  if (*word == "image_url" || *word == "image" || *word == "input_image") {
    return unsupported(*type, "images are not supported yet");
  }
  if (*word == "input_audio") return unsupported(*type, "audio is not supported yet");
  if (*word == "file" || *word == "input_file") {
    return unsupported(*type, "files are not supported yet");
  }
  return type->error("expected text");
}

Result<std::string> decode_content(const Reader& content, Speaker speaker,
                                   chat::Transforms& transforms) {
  if (content.kind() == Reader::Kind::string) return std::string(content.string().value());
  if (content.kind() != Reader::Kind::array) {
    return content.error("expected a string or an array of parts");
  }
  const auto parts = content.array();
  if (!parts) return parts.error();
  if (parts->empty()) return content.error("must not be empty");
  std::string text;
  bool first = true;
  for (const Reader part : *parts) {
    const auto piece = decode_part(part, speaker);
    if (!piece) return piece.error();
    if (!first) {
      text += '\n';
      transforms.add(Transform::changed, "content_parts");
    }
    text += *piece;
    first = false;
  }
  return text;
}

// Members by which an assistant message says more than text.
Result<void> refuse_calls(const Reader& message) {
  if (const auto calls = message.find("tool_calls")) {
    const auto list = calls->array();
    if (!list) return list.error();
    if (!list->empty()) return unsupported(*calls, "calls of tools are not supported yet");
  }
  if (const auto call = message.find("function_call")) {
    return unsupported(*call, "calls of functions are not supported yet");
  }
  if (const auto audio = message.find("audio")) {
    return unsupported(*audio, "audio is not supported yet");
  }
  return {};
}

Result<std::string> decode_text(const Reader& message, Speaker speaker,
                                chat::Transforms& transforms) {
  std::string text;
  if (speaker == Speaker::assistant) {
    if (auto fine = refuse_calls(message); !fine) return fine.error();
    if (const auto content = message.find("content")) {
      auto said = decode_content(*content, speaker, transforms);
      if (!said) return said.error();
      text = std::move(*said);
    }
    const auto refusal = message.optional_string("refusal");
    if (!refusal) return refusal.error();
    if (*refusal && text.empty()) text = **refusal;
    return text;
  }
  const auto content = message.require("content");
  if (!content) return content.error();
  return decode_content(*content, speaker, transforms);
}

Result<void> note_dropped(const Reader& message, std::string_view name,
                          chat::Transforms& transforms) {
  const auto text = message.optional_string(name);
  if (!text) return text.error();
  if (*text) transforms.add(Transform::dropped, name);
  return {};
}

Result<void> decode_message(const Reader& message, chat::Request& request,
                            chat::Transforms& transforms) {
  const auto speaker = decode_role(message);
  if (!speaker) return speaker.error();
  auto text = decode_text(message, *speaker, transforms);
  if (!text) return text.error();
  for (const std::string_view name : {"name", "reasoning_content"}) {
    if (auto fine = note_dropped(message, name, transforms); !fine) return fine.error();
  }
  if (*speaker != Speaker::instructions) {
    const auto role = *speaker == Speaker::user ? chat::Role::user : chat::Role::assistant;
    request.turns.push_back({role, std::move(*text)});
    return {};
  }
  if (!request.turns.empty()) transforms.add(Transform::changed, "system_position");
  if (text->empty()) return {};
  if (!request.instructions.empty()) request.instructions += "\n\n";
  request.instructions += *text;
  return {};
}

}  // namespace

Result<void> decode_messages(const json::Array& messages, chat::Request& request,
                             chat::Transforms& transforms) {
  bool asked = false;
  for (const Reader message : messages) {
    if (auto fine = decode_message(message, request, transforms); !fine) return fine.error();
    asked = asked || (!request.turns.empty() && request.turns.back().role == chat::Role::user);
  }
  if (asked) return {};
  return Error(ErrorKind::bad_request, messages.empty()
                                           ? "messages: must not be empty"
                                           : "messages: at least one message of the user is needed")
      .with_param("messages");
}

}  // namespace dragoman::openai
