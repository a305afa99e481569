#pragma once
// The bodies of the chat calls, with the rules of the service. Pure: what depends on bots and
// conversations is judged in routes_chat.cpp.

#include <string>
#include <vector>

#include "emulator/coze/messages.hpp"
#include "emulator/coze/types.hpp"
#include "json/reader.hpp"

namespace dragoman::emulator::coze {

struct ChatRequest {
  Id bot = 0;
  std::string user_id;
  std::vector<InputMessage> messages;
  bool stream = false;
  bool save = true;  // auto_save_history
  bool draft = false;
  bool shortcut = false;
  std::string connector_id = "1024";
  Pairs meta_data;
};

Outcome<ChatRequest> read_chat_request(const json::Reader& body);

struct ToolOutput {
  std::string call_id;
  std::string output;
};

struct SubmitRequest {
  bool stream = false;
  std::vector<ToolOutput> outputs;
};

Outcome<SubmitRequest> read_submit_request(const json::Reader& body);

}  // namespace dragoman::emulator::coze
