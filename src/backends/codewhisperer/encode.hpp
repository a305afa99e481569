#pragma once
// chat::Request -> the body of GenerateAssistantResponse (REST binding).
//
//   chat::Transforms transforms;
//   auto encoded = encode_request(request, {.origin = "AI_EDITOR"}, transforms);
//   if (!encoded) return encoded.error();       // names the member at fault
//   send(encoded->body);
//
// Pure. The service wants a conversation of a strict form: history alternates user and assistant,
// begins with a user and ends with an assistant; the current message is a user's; nothing is empty;
// there is no system role. What the client sent is brought into this form:
//
//   instructions              a first pair: the text, "I will follow these instructions."
//   neighbours of one role    joined by a blank line; kept apart by a filler where that is too long
//   an empty text             a filler, or left out beside a neighbour of its role
//   an assistant at the start a user filler before it
//   an assistant at the end   stays in history, the current message is "Continue"
//   no turns                  the instructions become the current message
//
// Each repair is named in transforms: emulated:system, changed:messages.merged,
// changed:messages.filler, changed:messages.prefill, dropped:messages.empty, changed:model,
// dropped:model.suffix, dropped:user, dropped:metadata. The service keeps nothing, so every call
// carries all of it.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "chat/request.hpp"
#include "chat/transforms.hpp"

namespace dragoman::codewhisperer {

// The service's own limits, in characters (code points) and entries.
inline constexpr std::size_t max_user_characters = 600'000;
inline constexpr std::size_t max_assistant_characters = 100'000;
inline constexpr std::size_t max_history_entries = 10'000;
inline constexpr std::size_t max_model_id_bytes = 1024;

struct EncodeOptions {
  std::string origin;               // empty: left out
  std::string profile_arn;          // empty: left out
  std::vector<std::string> models;  // configured ids, known beside the built-in ones
};

struct EncodedRequest {
  std::string body;             // JSON
  std::string conversation_id;  // a UUID
};

// Errors: bad_request (no messages; a model id the service could not take), context_overflow (a
// text or the history is over a limit). `param` is "messages" or "model": merged turns have no
// index the client would know.
Result<EncodedRequest> encode_request(const chat::Request& request, const EncodeOptions& options,
                                      chat::Transforms& transforms);

// The conversation's id: the client's own where it is a UUID, else a UUID made from the client's
// id, else one from what does not change while a chat goes on: model, end user, instructions, and
// the turns up to the first one of the user.
std::string conversation_uuid(const chat::Request& request);

}  // namespace dragoman::codewhisperer
