#pragma once
// Reads the body of POST /v1/chat/completions.
//
//   chat::Hints hints = ...;                       // from the headers x-bot-id, x-model-type, ...
//   Result<ChatCall> call = decode_chat(body, hints);
//   call->request                                  // what to ask, for any upstream
//   call->transforms                               // what was not passed on as it was said
//
// Every error is for the client (bad_request; `param` is the path of the member at fault).
//
// Members fall into five groups:
// - passed on: model, messages (see messages.hpp), user, metadata, the hints;
// - answered by this program: stream, stream_options;
// - of no consequence here: parallel_tool_calls, prompt_cache_key and whatever asks for what
//   happens anyway (n: 1, store: false, tools: [], response_format: {"type":"text"}, ...);
// - accepted, checked for their type and recorded as "dropped:<name>", because no upstream can take
//   them: temperature, stop, max_tokens, seed, reasoning_effort, ... Their ranges are not judged;
// - refused with the code unsupported_parameter, because an answer without them would be wrong:
//   tools, n above 1, a JSON response_format, logprobs, audio, prediction, web search.
//
// Members nobody knows are ignored and recorded as "dropped:unknown_members" (the service itself
// refuses them, but clients made for other services add their own: top_k, chat_template_kwargs).
// null means absent. When a member occurs twice the first one counts.
//
// Routing hints may stand in headers and in the body: see hints.hpp for who wins.

#include <string_view>

#include "base/error.hpp"
#include "base/padded.hpp"
#include "chat/request.hpp"
#include "chat/transforms.hpp"

namespace dragoman::openai {

inline constexpr std::size_t max_model_bytes = 256;
inline constexpr std::size_t max_user_characters = 512;
inline constexpr std::size_t max_metadata_pairs = 16;
inline constexpr std::size_t max_metadata_key_characters = 64;
inline constexpr std::size_t max_metadata_value_characters = 512;

struct ChatCall {
  chat::Request request;
  bool stream = false;
  bool include_usage = false;  // only ever true with stream
  chat::Transforms transforms;
};

// The second reads the body where it lies.
Result<ChatCall> decode_chat(std::string_view body, const chat::Hints& from_headers = {});
Result<ChatCall> decode_chat(PaddedBytes body, const chat::Hints& from_headers = {});

}  // namespace dragoman::openai
