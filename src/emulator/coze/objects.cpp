#include "emulator/coze/objects.hpp"

namespace dragoman::emulator::coze {
namespace {

void write_usage(json::Writer& out, const Usage& usage) {
  out.key("usage").begin_object();
  out.key("token_count").number(usage.input + usage.output);
  out.key("output_count").number(usage.output);
  out.key("input_count").number(usage.input).end_object();
}

void write_studio_chat(json::Writer& out, const Chat& chat) {
  out.begin_object();
  out.key("id").string(format_id(chat.id));
  out.key("conversation_id").string(format_id(chat.conversation));
  out.key("bot_id").string(format_id(chat.bot));
  out.key("created_at").number(chat.created_at);
  out.key("completed_at").number(chat.completed_at);
  out.key("failed_at").number(chat.failed_at);
  out.key("status").string(chat.status == ChatStatus::canceled          ? "cancelled"
                           : chat.status == ChatStatus::requires_action ? "required_action"
                                                                        : to_string(chat.status));
  if (chat.status == ChatStatus::failed) {
    out.key("last_error").begin_object();
    out.key("code").number(chat.last_error.code);
    out.key("msg").string(chat.last_error.msg).end_object();
  }
  if (chat.status == ChatStatus::completed) write_usage(out, chat.usage);
  if (chat.action) out.key("required_action").raw(chat.action->json);
  out.key("section_id").string(format_id(chat.section)).end_object();
}

}  // namespace

void write_pairs(json::Writer& out, const Pairs& pairs) {
  out.begin_object();
  for (const auto& [key, value] : pairs) out.key(key).string(value);
  out.end_object();
}

void write_chat(json::Writer& out, const Chat& chat) {
  if (chat.studio) return write_studio_chat(out, chat);
  out.begin_object();
  out.key("id").string(format_id(chat.id));
  out.key("conversation_id").string(format_id(chat.conversation));
  out.key("bot_id").string(format_id(chat.bot));
  out.key("created_at").number(chat.created_at);
  out.key("last_error").begin_object();
  out.key("code").number(chat.last_error.code);
  out.key("msg").string(chat.last_error.msg).end_object();
  out.key("status").string(to_string(chat.status));
  write_usage(out, chat.usage);
  out.key("section_id").string(format_id(chat.section));
  if (chat.completed_at != 0) out.key("completed_at").number(chat.completed_at);
  if (chat.failed_at != 0) out.key("failed_at").number(chat.failed_at);
  if (!chat.meta_data.empty() || chat.status == ChatStatus::canceled) {
    write_pairs(out.key("meta_data"), chat.meta_data);
  }
  if (chat.action) out.key("required_action").raw(chat.action->json);
  if (!chat.inserted.empty()) {
    out.key("inserted_additional_messages").begin_array();
    for (Id id : chat.inserted) {
      out.begin_object().key("id").string(format_id(id)).end_object();
    }
    out.end_array();
  }
  out.end_object();
}

void write_event_message(json::Writer& out, const Message& message, bool studio) {
  out.begin_object();
  out.key("id").string(format_id(message.id));
  out.key("conversation_id").string(format_id(message.conversation));
  out.key("bot_id").string(format_id(message.bot));
  out.key("role").string(message.role);
  out.key("type").string(message.type);
  out.key("content").string(message.content);
  out.key("content_type").string(message.content_type);
  out.key("chat_id").string(format_id(message.chat));
  out.key("section_id").string(format_id(message.section));
  if (studio) write_pairs(out.key("meta_data"), message.meta_data);
  if (!message.reasoning.empty()) out.key("reasoning_content").string(message.reasoning);
  if (studio) {
    out.key("created_at").number(0);
  } else if (message.created_at != 0) {
    out.key("created_at").number(message.created_at);
    out.key("updated_at").number(message.updated_at);
  }
  out.end_object();
}

void write_message(json::Writer& out, const Message& message) {
  out.begin_object();
  out.key("id").string(format_id(message.id));
  out.key("conversation_id").string(format_id(message.conversation));
  out.key("bot_id").string(format_id(message.bot));
  out.key("chat_id").string(format_id(message.chat));
  out.key("section_id").string(format_id(message.section));
  out.key("role").string(message.role);
  out.key("type").string(message.type);
  out.key("content").string(message.content);
  out.key("content_type").string(message.content_type);
  write_pairs(out.key("meta_data"), message.meta_data);
  out.key("created_at").number(message.created_at);
  out.key("updated_at");
  if (message.modified || message.id % 4 == 2) {
    out.string(std::to_string(message.updated_at));
  } else {
    out.number(message.updated_at);
  }
  if (message.type == "answer") out.key("reasoning_content").string(message.reasoning);
  out.end_object();
}

void write_conversation(json::Writer& out, const Conversation& conversation) {
  out.begin_object();
  out.key("id").string(format_id(conversation.id));
  out.key("created_at").number(conversation.created_at);
  write_pairs(out.key("meta_data"), conversation.meta_data);
  out.key("last_section_id").string(format_id(conversation.section));
  out.key("name").string(conversation.name);
  out.key("creator_id").string(conversation.owner);
  out.key("connector_id").string(conversation.connector_id);
  out.key("updated_at").number(conversation.updated_at).end_object();
}

}  // namespace dragoman::emulator::coze
