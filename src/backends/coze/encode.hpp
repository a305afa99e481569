#pragma once
// chat::Request -> POST /v3/chat. Pure.
//
// A turn is sent in one of two ways:
// - stateless (no conversation id): the whole history goes along, nothing is stored at Coze
//   (auto_save_history false), the client's list of messages is all the memory there is.
// - stateful (hint conversation_id): the conversation is stored at Coze and already holds what was
//   said, so only the user turns after the last assistant turn are sent; sending the history again
//   would make the bot see it twice. Earlier turns are left out ("dropped:history").
// A conversation id of Coze is a decimal number. A hint of another form (the session id of some
// client) means stateless, and is recorded ("dropped:x-conversation-id").
//
// Coze has no system role: instructions go before the first user message that is sent, with a blank
// line between ("emulated:system"). This holds for each stateful turn too, since who keeps the
// conversation cannot know which instructions it has seen.
// Coze cannot continue an assistant message: when the last turn is the assistant's, the request is
// refused rather than sent with an invented question.
// Empty texts are left out ("dropped:empty_messages"), and the oldest turns beyond the 100 that
// Coze takes ("dropped:oldest_messages").

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "chat/request.hpp"
#include "chat/transforms.hpp"

namespace dragoman::coze {

inline constexpr std::size_t max_messages = 100;        // additional_messages of one call
inline constexpr std::size_t max_metadata_pairs = 16;   // meta_data
inline constexpr std::size_t max_metadata_key = 64;     // characters, at least 1
inline constexpr std::size_t max_metadata_value = 512;  // characters, at least 1

struct ChatCall {
  std::string target;  // path and query
  std::string body;    // JSON
};

// `default_user` becomes user_id when the request names no user: variables and memory of a bot hang
// on it, so it must be stable. Errors: bad_request naming the member (messages, metadata).
Result<ChatCall> encode_chat(const chat::Request& request, std::string_view bot_id,
                             std::string_view default_user, chat::Transforms& transforms);

}  // namespace dragoman::coze
