#pragma once
// The steps of a turn: the shared ones of a script, and those only Coze has. Pure.
//
// Beside the shared steps a script may say:
//   {"failed":{"code":4011,"msg":"...","short":false}}  conversation.chat.failed; ends the turn
//   {"error":{"code":4016,"msg":"..."}}       an "error" event; ends the turn
//   {"refused":{"code":4011,"msg":"..."}}     a JSON envelope in place of the stream; ends the turn
//   {"requires_action":{...}}                 the object "required_action" as the service writes
//   it,
//                                             or {"name":"f","arguments":{...}} for one call; ends
//                                             it
//   {"answer_end":true}                       completes the answer; more text is another answer
//   {"message":{"type":"knowledge","content":"...","content_type":"text"}}  without deltas
//   {"follow_up":"..."}                       suggested questions, after the answers
//   {"audio":"<base64>"}                      conversation.audio.delta
//   {"filler":n}                              one text delta of n letters
// Steps behind one that ends the turn are left out.

#include <array>
#include <string_view>
#include <variant>
#include <vector>

#include "emulator/coze/types.hpp"
#include "emulator/script.hpp"

namespace dragoman::emulator::coze {

struct FailedStep {
  std::string code = "5000";  // JSON: a number, or a string as some failures have it
  std::string msg;
  bool short_form = false;
};
struct ErrorStep {
  std::string code;  // likewise
  std::string msg;
};
struct RefusedStep {
  Refusal refusal;
};
struct RequiresActionStep {
  RequiredAction action;
};
struct AnswerEndStep {};
struct MessageStep {
  std::string type;
  std::string content;
  std::string content_type = "text";
};
struct FollowUpStep {
  std::string text;
};
struct AudioStep {
  std::string base64;
};

using TurnStep = std::variant<DelayStep, WaitStep, TextStep, ReasoningStep, UsageStep, EventStep,
                              RawStep, FailedStep, ErrorStep, RefusedStep, RequiresActionStep,
                              AnswerEndStep, MessageStep, FollowUpStep, AudioStep>;

inline constexpr std::array<std::string_view, 9> native_step_names{
    "failed",  "error",     "refused", "requires_action", "answer_end",
    "message", "follow_up", "audio",   "filler"};

inline constexpr std::size_t max_filler_bytes = 16 * 1024 * 1024;

// Errors: bad_request, naming the member.
Result<std::vector<TurnStep>> decode_steps(const std::vector<Step>& steps);

// "Hello big world" -> "Hello ", "big ", "world": joined again they are the text. Words longer than
// max_word_characters are cut, so that scripts without blanks stream too.
inline constexpr std::size_t max_word_characters = 32;
std::vector<std::string_view> split_words(std::string_view text);

// The text word by word, with a pause between two words. Long texts go several words at a time, in
// at most max_echo_deltas deltas: an event is some 250 bytes whatever is in it.
inline constexpr std::size_t max_echo_deltas = 2'000;
std::vector<TurnStep> make_echo(std::string_view text, milliseconds word_delay);

}  // namespace dragoman::emulator::coze
