#pragma once
// The bots of the emulated workspace. What most of them do is a script: the same text can be sent
// behind "!mock " to any bot.
//
//   7401000000000000001  echo: says the query again, word by word
//   ...................2  reasoning, answer and two follow-ups
//   ...................3  knowledge, plugin call, card, two answers; "done" is not quoted
//   ...................4  client tool: stops at requires_action, goes on by submit_tool_outputs
//   ...................5  conversation.chat.failed with the whole chat object (5000), after text
//   ...................6  conversation.chat.failed in the short form {code,msg}
//   ...................7  an "error" event after text
//   ...................8  JSON {code,msg} in place of the stream (4011: balance used up)
//   ...................9  the connection is cut in mid-stream
//   ..................10  slow echo: Options::slow_word_delay between the words
//   ..................11  a card and nothing else, no deltas
//   ..................12  text with audio in between
//   ..................13  an empty answer
//   ..................14  one data line of Options::huge_line_bytes
//   ..................15  echo in the dialect of the open-source server (conversation.stream.done)
//   ..................16  echo in writes of one byte
//   ..................17  echo, all events in one write
//   ..................18  an answer without deltas: message.completed only
//   ..................19  asks back: requires_action of type reply_message
//   ..................20  stops talking: neither completed nor done, the body just ends
//   ..................21  a draft: exists, but is not published (4015)

#include <string>
#include <string_view>
#include <vector>

#include "emulator/coze/options.hpp"
#include "emulator/coze/types.hpp"
#include "json/writer.hpp"

namespace dragoman::emulator::coze {

struct Bot {
  Id id = 0;
  std::string name;
  std::string description;
  std::string script;  // JSON; empty: echo
  bool published = true;
  bool studio = false;
  bool unquoted_done = false;
  bool slow = false;
};

inline constexpr Id echo_bot = 7401000000000000001;
inline constexpr std::string_view workspace_id = "7408000000000000001";

std::vector<Bot> make_bots(const Options& options);

// As /v1/bots/{id} has it, as a list item of /v1/bots, and as one of the older list.
void write_bot(json::Writer& out, const Bot& bot, std::string_view owner);
void write_bot_item(json::Writer& out, const Bot& bot, std::string_view owner);
void write_space_bot(json::Writer& out, const Bot& bot);

}  // namespace dragoman::emulator::coze
