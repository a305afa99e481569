#pragma once
// The rules for messages that a client sends: roles, types and contents. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "emulator/coze/fields.hpp"
#include "emulator/coze/types.hpp"

namespace dragoman::emulator::coze {

struct InputMessage {
  std::string role;  // user, assistant; there is no system
  std::string type;  // question, answer, ...; what the role implies when none was given
  std::string content_type = "text";
  std::string content;
  std::string text;        // what the words of it are, also of an object_string
  bool has_audio = false;  // an object_string with an audio item
  bool media_only = false;
  bool type_given = false;
  Pairs meta_data;
};

struct MessageRules {
  std::size_t max_count = 100;  // above: 4004
  // function_call, tool_output and tool_response are taken, too: auto_save_history is false.
  bool tool_types = false;
};

// An array of messages; absent: none. The first refusal goes to `fields`.
std::vector<InputMessage> read_messages(Fields& fields, std::string_view key,
                                        const MessageRules& rules);

// One message, the members of which are those of `fields`.
InputMessage read_message(Fields& fields, const MessageRules& rules);

// The content of an object_string: at most one text, at least one image, file or audio, each with
// a file_id or a public file_url. Fills text, has_audio and media_only.
void check_object_string(Fields& fields, InputMessage& message);

}  // namespace dragoman::emulator::coze
