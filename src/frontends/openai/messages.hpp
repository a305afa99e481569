#pragma once
// Reads `messages` of a chat-completions request into instructions and turns.
//
// - system and developer texts become the instructions, joined by a blank line, wherever they
//   stand; "changed:system_position" is recorded when one stood after a turn.
// - Content is a string or an array of text parts; several parts are joined by a line break
//   ("changed:content_parts"). An assistant's content may be null; its refusals are text.
// - Texts may be empty, and neighbours may share a role: what an upstream cannot take like that
//   its backend repairs.
// - Refused with the code unsupported_parameter, naming the member: images, audio, files, tool
//   calls and their results.
// - `name` and `reasoning_content` are recorded as dropped; other members are ignored.
//
// Errors: bad_request, also when there is no turn of the user.

#include "chat/request.hpp"
#include "chat/transforms.hpp"
#include "json/reader.hpp"

namespace dragoman::openai {

Result<void> decode_messages(const json::Array& messages, chat::Request& request,
                             chat::Transforms& transforms);

}  // namespace dragoman::openai
