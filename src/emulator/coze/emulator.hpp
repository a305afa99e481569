#pragma once
// The Coze open API on loopback, for trying and testing without an account: bots, chats with
// streams and polls, conversations and messages. `dragoman mock coze` serves it.
//
//   CozeEmulator emulator(worker, options);
//   net::Server server(worker, limits, emulator.handler());
//
// Token pat_emulator; the bots are listed in bots.hpp, the steps of a script in steps.hpp. A script
// comes from the last user message ("!mock {json} text"), else from POST /_emulator/script, else
// the bot has its own or echoes. Requests are judged before a script is looked at: a wrong one is
// refused and takes none from the queue.
//
// Operations, for scripts and counters: chat, submit_tool_outputs (both run turns), chat_retrieve,
// chat_messages, chat_cancel, conversation_create, conversation_retrieve, conversations,
// conversation_update, conversation_delete, conversation_clear, message_create, message_list,
// message_retrieve, message_modify, message_delete, bots, bot, workspaces, user. Unknown paths are
// counted as "unknown". Only the two that run turns take "events"; to the others a script gives a
// plain answer, pauses and faults.
//
// Chats made with stream:false are in_progress for Options::polls_in_progress retrieves and until
// the delays of their script are over on the emulator's clock; waits for signals do not hold them.
//
// Where the real service is not known for certain, this one answers: an unknown or foreign
// conversation 4002; an unknown or unsaved chat 4200, one of another conversation 4001; tool
// outputs for a chat that waits for none 4001, for an unsaved one 5000; a last message that is not
// the user's 4005; unknown paths HTTP 404 with 4200. A running stream is not cut by cancel.
//
// Belongs to the worker's thread. Must outlive the server it answers for.

#include <memory>

#include "emulator/coze/options.hpp"
#include "net/server.hpp"

namespace dragoman::emulator::coze {

class CozeEmulator {
 public:
  explicit CozeEmulator(net::Worker& worker, Options options = {});
  CozeEmulator(const CozeEmulator&) = delete;
  CozeEmulator& operator=(const CozeEmulator&) = delete;
  ~CozeEmulator();

  net::Handler handler();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dragoman::emulator::coze
