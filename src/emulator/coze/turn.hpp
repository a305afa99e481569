#pragma once
// One turn of a bot: steps in, server-sent events and the new state of the chat out. Pure.
//
// The events are written to the letter of what the official clients read: "event:<name>\n" and
// "data:<json>\n" without blanks, an empty line, nothing else; each event ended, the last one too.

#include <string>
#include <string_view>
#include <vector>

#include "emulator/answer.hpp"
#include "emulator/coze/requests.hpp"
#include "emulator/coze/steps.hpp"
#include "emulator/coze/world.hpp"

namespace dragoman::emulator::coze {

struct TurnPlan {
  std::vector<TurnStep> steps;
  bool tail = true;            // the usual end behind the steps
  bool unquoted_done = false;  // data:[DONE] in place of data:"[DONE]"
  // Of a turn that submit_tool_outputs continues: no "created" event, a tool_response for each.
  bool resumed = false;
  std::vector<ToolOutput> outputs;
};

struct Turn {
  std::vector<Piece> body;  // one Bytes for the head, one a step, one for the tail
  Ending ending;
  // Where in the body the event begins that ends the turn; nullopt: there is none, and the chat
  // stays in progress.
  std::optional<std::size_t> ends_at;
  // A step refused the call: this goes out as a JSON envelope, not the body.
  std::optional<Refusal> refused;
  // An "error" event ended the stream; a call that does not stream answers it as an envelope.
  std::optional<Refusal> error;
  milliseconds pauses{0};  // all delays together
};

// The chat is as it was made or resumed, in progress. Only message ids are taken from the world.
Turn make_turn(World& world, const Chat& chat, const TurnPlan& plan);

// One event: appended to out.
void append_event(std::string& out, std::string_view name, std::string_view data);

}  // namespace dragoman::emulator::coze
