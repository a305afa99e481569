#include "backends/codewhisperer/encode.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <openssl/evp.h>
#include <optional>
#include <stdexcept>

#include "backends/codewhisperer/models.hpp"
#include "base/utf8.hpp"
#include "json/writer.hpp"

namespace dragoman::codewhisperer {
namespace {

using chat::Role;
using chat::Transform;

constexpr std::string_view acknowledgement = "I will follow these instructions.";
constexpr std::string_view user_filler = "Continue";
constexpr std::string_view assistant_filler = "(empty)";
constexpr std::string_view separator = "\n\n";

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\v\f") == text.npos; }

std::string_view filler(Role role) { return role == Role::user ? user_filler : assistant_filler; }

std::size_t limit(Role role) {
  return role == Role::user ? max_user_characters : max_assistant_characters;
}

bool is_longer(std::string_view text, std::size_t characters) {
  return text.size() > characters && count_code_points(text) > characters;
}

// One message of the service: parts are views of the request, or fillers.
struct Message {
  Role role;
  std::vector<std::string_view> parts;
  std::size_t bytes = 0;

  Message(Role r, std::string_view text) : role(r) { append(text); }
  void append(std::string_view text) {
    parts.push_back(text);
    bytes += text.size() + separator.size();
  }
  std::string text() const {
    std::string joined;
    joined.reserve(bytes);
    for (const auto part : parts) {
      if (!joined.empty()) joined += separator;
      joined += part;
    }
    return joined;
  }
};

// The client's turns as messages that alternate and are not empty. Bytes are counted for the limit
// on joined texts: never fewer than characters.
std::vector<Message> alternate(const std::vector<chat::Turn>& turns, chat::Transforms& transforms) {
  std::vector<Message> messages;
  const auto add_filler = [&](Role role) {
    messages.emplace_back(role, filler(role));
    transforms.add(Transform::changed, "messages.filler");
  };
  for (const chat::Turn& turn : turns) {
    std::string_view text = turn.text;
    const bool follows_same = !messages.empty() && messages.back().role == turn.role;
    if (is_blank(text) && follows_same) {
      transforms.add(Transform::dropped, "messages.empty");
      continue;
    }
    if (is_blank(text)) {
      transforms.add(Transform::changed, "messages.filler");
      text = filler(turn.role);
    }
    if (messages.empty() && turn.role == Role::assistant) add_filler(Role::user);
    if (follows_same && messages.back().bytes + text.size() <= limit(turn.role)) {
      messages.back().append(text);
      transforms.add(Transform::changed, "messages.merged");
      continue;
    }
    if (follows_same) add_filler(turn.role == Role::user ? Role::assistant : Role::user);
    messages.emplace_back(turn.role, text);
  }
  return messages;
}

Error too_long(std::string message) {
  return Error(ErrorKind::context_overflow, std::move(message)).with_param("messages");
}

std::optional<Error> check_limits(const std::vector<Message>& messages) {
  if (messages.size() > max_history_entries) {
    return too_long("messages: the conversation has more than " +
                    std::to_string(max_history_entries) + " turns");
  }
  for (const Message& message : messages) {
    const std::size_t characters = limit(message.role);
    for (const auto part : message.parts) {
      if (!is_longer(part, characters)) continue;
      return too_long(std::string("messages: the text of ") +
                      (message.role == Role::user ? "a user" : "an assistant") +
                      " message is longer than " + std::to_string(characters) + " characters");
    }
  }
  return std::nullopt;
}

bool is_model_id(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ':' || c == '.' || c == '-';
  };
  return id.size() <= max_model_id_bytes && std::ranges::all_of(id, allowed);
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
      throw std::runtime_error("SHA-256 is not available");
    }
  }
  // Length first, so that no two lists of fields hash alike.
  void field(std::string_view text) {
    const std::uint64_t size = text.size();
    std::array<unsigned char, 8> length{};
    for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<unsigned char>(size >> (8 * i));
    EVP_DigestUpdate(context_.get(), length.data(), length.size());
    EVP_DigestUpdate(context_.get(), text.data(), text.size());
  }
  std::array<unsigned char, 32> finish() {
    std::array<unsigned char, 32> digest{};
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

// RFC 9562 version 8: a UUID of our own making.
std::string format_uuid(std::array<unsigned char, 32> digest) {
  constexpr std::string_view hex = "0123456789abcdef";
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0F) | 0x80);
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3F) | 0x80);
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += hex[digest[i] >> 4];
    text += hex[digest[i] & 15];
  }
  return text;
}

// The text in lower case when it is a UUID.
std::optional<std::string> as_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    char& c = out[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return std::nullopt;
      continue;
    }
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
  }
  return out;
}

void write_message(json::Writer& w, const Message& message) {
  w.begin_object();
  w.key(message.role == Role::user ? "userInputMessage" : "assistantResponseMessage");
  w.begin_object().key("content").string(message.text()).end_object();
  w.end_object();
}

}  // namespace

std::string conversation_uuid(const chat::Request& request) {
  Sha256 hash;
  if (const auto& hint = request.hints.conversation_id; hint && !hint->empty()) {
    if (auto uuid = as_uuid(*hint)) return *uuid;
    hash.field("conversation id");
    hash.field(*hint);
    return format_uuid(hash.finish());
  }
  hash.field("first turns");
  hash.field(request.model);
  hash.field(request.user.value_or(""));
  hash.field(request.instructions);
  for (const chat::Turn& turn : request.turns) {
    hash.field(turn.text);
    if (turn.role == Role::user) break;
  }
  return format_uuid(hash.finish());
}

Result<EncodedRequest> encode_request(const chat::Request& request, const EncodeOptions& options,
                                      chat::Transforms& transforms) {
  const ResolvedModel model = resolve_model(request.model, options.models);
  if (!is_model_id(model.id)) {
    return Error(ErrorKind::bad_request, "model: not a model id of CodeWhisperer")
        .with_param("model");
  }
  if (model.substituted) transforms.add(Transform::changed, "model");
  if (model.suffix_dropped) transforms.add(Transform::dropped, "model.suffix");
  if (request.user) transforms.add(Transform::dropped, "user");
  if (!request.metadata.empty()) transforms.add(Transform::dropped, "metadata");
  if (request.hints.model_type) transforms.add(Transform::dropped, "x-model-type");
  if (request.hints.bot_id) transforms.add(Transform::dropped, "x-bot-id");
  if (request.hints.workflow_id) transforms.add(Transform::dropped, "x-workflow-id");

  std::vector<Message> history;
  const bool instructed = !is_blank(request.instructions);
  if (request.turns.empty() && !instructed) {
    return Error(ErrorKind::bad_request, "messages: there is nothing to answer")
        .with_param("messages");
  }
  if (instructed && !request.turns.empty()) {
    history.emplace_back(Role::user, request.instructions);
    history.emplace_back(Role::assistant, acknowledgement);
  }
  if (instructed) transforms.add(Transform::emulated, "system");
  for (Message& message : alternate(request.turns, transforms)) {
    history.push_back(std::move(message));
  }
  if (history.empty()) history.emplace_back(Role::user, request.instructions);
  if (history.back().role == Role::assistant) {
    history.emplace_back(Role::user, user_filler);
    transforms.add(Transform::changed, "messages.prefill");
  }
  if (auto problem = check_limits(history)) return *problem;
  const Message current = std::move(history.back());
  history.pop_back();

  EncodedRequest encoded;
  encoded.conversation_id = conversation_uuid(request);
  std::size_t bytes = 1024 + current.bytes;
  for (const Message& message : history) bytes += message.bytes + 64;
  encoded.body.reserve(bytes + bytes / 16);  // some room for escapes

  json::Writer w(encoded.body);
  w.begin_object().key("conversationState").begin_object();
  w.key("chatTriggerType").string("MANUAL");
  w.key("conversationId").string(encoded.conversation_id);
  w.key("currentMessage").begin_object().key("userInputMessage").begin_object();
  w.key("content").string(current.text());
  if (!options.origin.empty()) w.key("origin").string(options.origin);
  if (!model.id.empty()) w.key("modelId").string(model.id);
  w.end_object().end_object();
  if (!history.empty()) {
    w.key("history").begin_array();
    for (const Message& message : history) write_message(w, message);
    w.end_array();
  }
  w.end_object();
  if (!options.profile_arn.empty()) w.key("profileArn").string(options.profile_arn);
  w.end_object();
  return encoded;
}

}  // namespace dragoman::codewhisperer
