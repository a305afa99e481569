#include "emulator/coze/requests.hpp"

#include <algorithm>

namespace dragoman::emulator::coze {
namespace {

bool is_variable_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  });
}

void check_options(Fields& fields) {
  for (const auto& [name, value] : fields.pairs("custom_variables")) {
    if (!is_variable_name(name)) {
      fields.refuse("custom_variables", "names are of letters and underscores only");
    }
  }
  for (const auto& [name, value] : fields.pairs("extra_params")) {
    if (name != "latitude" && name != "longitude") {
      fields.refuse("extra_params", "only latitude and longitude are allowed");
    }
  }
  fields.object("parameters");
  fields.flag("enable_card", false);
}

bool read_shortcut(Fields& fields) {
  if (fields.refused()) return false;
  const auto member = fields.reader().find("shortcut_command");
  if (!member) return false;
  Fields shortcut(*member);
  shortcut.text("command_id");
  shortcut.pairs("parameters");
  if (shortcut.refused()) fields.refuse(*shortcut.refused());
  return true;
}

}  // namespace

Outcome<ChatRequest> read_chat_request(const json::Reader& body) {
  ChatRequest request;
  Fields fields(body);
  request.bot = fields.id("bot_id");
  request.user_id = fields.text("user_id");
  request.stream = fields.flag("stream", false);
  request.save = fields.flag("auto_save_history", true);
  if (!request.stream && !request.save) {
    fields.refuse({4007, "stream false is only allowed when auto_save_history is true"});
  }
  const MessageRules rules{.max_count = 100, .tool_types = !request.save};
  request.messages = read_messages(fields, "additional_messages", rules);
  if (!request.messages.empty() && request.messages.back().role != "user") {
    fields.refuse({4005, "additional_messages: the last message must have the role user"});
  }
  request.meta_data = fields.meta_data();
  check_options(fields);
  request.shortcut = read_shortcut(fields);
  request.connector_id = fields.optional_text("connector_id", "1024");
  request.draft = fields.one_of("publish_status", {"published_online", "unpublished_draft"},
                                "published_online") == "unpublished_draft";
  if (!fields.optional_text("bot_version").empty() && request.draft) {
    fields.refuse("bot_version", "cannot be used with unpublished_draft");
  }
  if (fields.refused()) return *fields.refused();
  return request;
}

Outcome<SubmitRequest> read_submit_request(const json::Reader& body) {
  SubmitRequest request;
  Fields fields(body);
  request.stream = fields.flag("stream", false);
  if (fields.refused()) return *fields.refused();
  auto member = body.require("tool_outputs");
  if (!member) return bad_parameter(member.error().message);
  auto items = member->array();
  if (!items) return bad_parameter(items.error().message);
  for (json::Reader element : *items) {
    Fields item(element);
    ToolOutput output{.call_id = item.text("tool_call_id"), .output = {}};
    if (!item.refused() && !element.find("output")) item.refuse("output", "is required");
    output.output = item.optional_text("output");
    if (item.refused()) return *item.refused();
    request.outputs.push_back(std::move(output));
  }
  if (request.outputs.empty()) return bad_parameter("tool_outputs: must not be empty");
  return request;
}

}  // namespace dragoman::emulator::coze
