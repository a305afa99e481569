#pragma once
// What can be chosen about the Coze emulator.

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace dragoman::emulator::coze {

// Whoever shows the token owns the conversations made with it.
struct Account {
  std::string token;
  std::string user_id;
  std::string user_name;
};

struct Options {
  std::vector<Account> accounts{{"pat_emulator", "2478774393250001", "emulator"}};

  // A missing or unknown token. The hosted service is reported with 401 and with 200; the
  // open-source server answers 200. The code is 4100 or 700012006.
  int refused_token_status = 401;
  int refused_token_code = 4100;

  std::chrono::milliseconds word_delay{0};          // between the words of an echo
  std::chrono::milliseconds slow_word_delay{1000};  // the same, of the slow bot

  // How many times a chat made with stream:false is still "in_progress" when asked for.
  int polls_in_progress = 1;

  // A chat that waits for tool outputs keeps its conversation busy.
  bool requires_action_occupies = true;

  // The bot goes on by itself when its client has left: the conversation stays busy so long
  // (on the emulator's clock), unless the chat is cancelled.
  std::chrono::milliseconds abandoned_for{60'000};

  std::size_t huge_line_bytes = 2 * 1024 * 1024;

  // Above these the oldest idle conversations are forgotten.
  std::size_t max_conversations = 10'000;
  std::size_t max_stored_bytes = 64 * 1024 * 1024;
};

}  // namespace dragoman::emulator::coze
