#pragma once
// What an upstream answers, event by event, in the words all client APIs share.
//
// The order of a stream: Started once, then deltas, then Usage (at most once, may be missing), then
// exactly one Finished or Failed, which is the last. A new kind of event does not compile until
// every codec has decided: map it, drop it and record the loss, or refuse.
//
// Texts are views (JsonText, string_view): they live until the stream is asked for more.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "json/text.hpp"

namespace dragoman::chat {

using json::JsonText;

// The upstream has accepted the request. Its ids, where it gives them, are for headers and logs.
struct Started {
  std::string conversation_id;
  std::string request_id;  // the upstream's own: x-amzn-requestid, x-tt-logid
  std::string turn_id;     // Coze's chat id

  friend bool operator==(const Started&, const Started&) = default;
};

struct TextDelta {
  JsonText text;
  friend bool operator==(const TextDelta&, const TextDelta&) = default;
};

struct ReasoningDelta {
  JsonText text;
  friend bool operator==(const ReasoningDelta&, const ReasoningDelta&) = default;
};

struct Usage {
  // Who counted: the service, or we from the text. The two are never mixed up.
  enum class Source { measured, estimated };
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t cached_input_tokens = 0;  // part of input_tokens
  Source source = Source::measured;
  std::optional<double> credits;

  friend bool operator==(const Usage&, const Usage&) = default;
};

enum class FinishReason {
  stop,            // the model was done
  length,          // output budget or context window used up, or the service cut the answer
  content_filter,  // the service withheld the rest
};

struct Finished {
  FinishReason reason = FinishReason::stop;
  friend bool operator==(const Finished&, const Finished&) = default;
};

struct Failed {
  Error error;
};

using Event = std::variant<Started, TextDelta, ReasoningDelta, Usage, Finished, Failed>;

}  // namespace dragoman::chat
