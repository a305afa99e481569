#include "backends/coze/encode.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "base/utf8.hpp"
#include "json/writer.hpp"

namespace dragoman::coze {
namespace {

using chat::Role;
using chat::Transform;
using chat::Turn;

constexpr std::size_t max_number_digits = 20;  // of a 64-bit id

bool is_conversation_id(std::string_view text) {
  return !text.empty() && text.size() <= max_number_digits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Error bad_messages(std::string_view problem) {
  return Error(ErrorKind::bad_request, "messages: " + std::string(problem)).with_param("messages");
}

Result<void> check_metadata(const chat::Request& request) {
  if (request.metadata.size() > max_metadata_pairs) {
    return Error(ErrorKind::bad_request, "metadata: Coze takes at most 16 pairs")
        .with_param("metadata");
  }
  for (const auto& [key, value] : request.metadata) {
    const std::size_t key_size = count_code_points(key);
    const std::size_t value_size = count_code_points(value);
    if (key_size >= 1 && key_size <= max_metadata_key && value_size >= 1 &&
        value_size <= max_metadata_value) {
      continue;
    }
    const std::string path = "metadata." + std::string(utf8_prefix(key, max_metadata_key));
    return Error(ErrorKind::bad_request,
                 path + ": Coze takes keys of 1 to 64 and values of 1 to 512 characters")
        .with_param(path);
  }
  return {};
}

// The turns to send, oldest first.
Result<std::vector<const Turn*>> choose_turns(const chat::Request& request, bool stateful,
                                              chat::Transforms& transforms) {
  std::vector<const Turn*> turns;
  for (const Turn& turn : request.turns) {
    if (turn.text.empty()) {
      transforms.add(Transform::dropped, "empty_messages");
    } else {
      turns.push_back(&turn);
    }
  }
  if (turns.empty()) return bad_messages("at least one user message with text is needed");
  if (turns.back()->role != Role::user) {
    return bad_messages("the last message must be the user's; Coze cannot continue an answer");
  }
  if (stateful) {
    const auto last_answer = std::find_if(turns.rbegin(), turns.rend(), [](const Turn* turn) {
      return turn->role == Role::assistant;
    });
    if (last_answer != turns.rend()) {
      turns.erase(turns.begin(), last_answer.base());
      transforms.add(Transform::dropped, "history");
    }
  }
  if (turns.size() > max_messages) {
    turns.erase(turns.begin(), turns.end() - max_messages);
    transforms.add(Transform::dropped, "oldest_messages");
  }
  return turns;
}

void write_turns(json::Writer& out, std::span<const Turn* const> turns,
                 std::string_view instructions) {
  out.key("additional_messages").begin_array();
  bool instructed = instructions.empty();
  for (const Turn* turn : turns) {
    const bool from_user = turn->role == Role::user;
    out.begin_object();
    out.key("role").string(from_user ? "user" : "assistant");
    out.key("type").string(from_user ? "question" : "answer");
    out.key("content_type").string("text");
    out.key("content");
    if (from_user && !instructed) {
      instructed = true;
      out.string(std::string(instructions) + "\n\n" + turn->text);
    } else {
      out.string(turn->text);
    }
    out.end_object();
  }
  out.end_array();
}

}  // namespace

Result<ChatCall> encode_chat(const chat::Request& request, std::string_view bot_id,
                             std::string_view default_user, chat::Transforms& transforms) {
  const std::string_view conversation =
      request.hints.conversation_id ? *request.hints.conversation_id : std::string_view();
  const bool stateful = is_conversation_id(conversation);
  if (!stateful && !conversation.empty()) transforms.add(Transform::dropped, "x-conversation-id");

  if (request.hints.workflow_id) transforms.add(Transform::dropped, "x-workflow-id");

  auto turns = choose_turns(request, stateful, transforms);
  if (!turns) return turns.error();
  auto metadata = check_metadata(request);
  if (!metadata) return metadata.error();
  if (!request.instructions.empty()) transforms.add(Transform::emulated, "system");

  ChatCall call;
  call.target = "/v3/chat";
  if (stateful) call.target.append("?conversation_id=").append(conversation);

  const bool named = request.user && !request.user->empty();
  json::Writer out(call.body);
  out.begin_object();
  out.key("bot_id").string(bot_id);
  out.key("user_id").string(named ? std::string_view(*request.user) : default_user);
  out.key("stream").boolean(true);
  out.key("auto_save_history").boolean(stateful);
  write_turns(out, *turns, request.instructions);
  if (!request.metadata.empty()) {
    out.key("meta_data").begin_object();
    for (const auto& [key, value] : request.metadata) out.key(key).string(value);
    out.end_object();
  }
  out.end_object();
  return call;
}

}  // namespace dragoman::coze
