#include <algorithm>

#include "base/utf8.hpp"
#include "emulator/coze/objects.hpp"
#include "emulator/coze/service.hpp"

namespace dragoman::emulator::coze {
namespace {

constexpr std::size_t max_name = 100;     // characters
constexpr std::size_t max_messages = 16;  // a conversation may begin with

Reply reply_with(const Conversation& conversation) {
  Reply reply;
  json::Writer out(reply.members);
  write_conversation(out.key("data"), conversation);
  return reply;
}

Outcome<Conversation*> of_path(Service& service, const Call& call) {
  const auto id = parse_id(call.path_id);
  if (!id) return bad_parameter("conversation_id: must be a decimal number");
  return service.world.find_conversation(*id, call.account.user_id);
}

std::string read_name(Fields& fields) {
  std::string name = fields.optional_text("name");
  if (count_code_points(name) > max_name) fields.refuse("name", "at most 100 characters");
  return name;
}

}  // namespace

Outcome<Reply> answer_conversation_create(Service& service, Call& call) {
  auto body = parse_body(call);
  if (!body) return body.error();
  Fields fields(body->root());
  const Id bot = fields.optional_id("bot_id");
  std::string name = read_name(fields);
  std::string connector_id = fields.optional_text("connector_id", "1024");
  Pairs meta_data = fields.meta_data();
  const MessageRules rules{.max_count = max_messages, .tool_types = false};
  const auto inputs = read_messages(fields, "messages", rules);
  if (fields.refused()) return *fields.refused();
  if (bot != 0 && service.find_bot(bot) == nullptr) return not_found("bot_id", format_id(bot));

  Conversation& conversation = service.world.add_conversation(call.account.user_id);
  conversation.bot = bot;
  conversation.name = std::move(name);
  conversation.connector_id = std::move(connector_id);
  conversation.meta_data = std::move(meta_data);
  for (const InputMessage& input : inputs) {
    Message message;
    message.bot = bot;
    message.role = input.role;
    message.type = input.type;
    message.content = input.content;
    message.content_type = input.content_type;
    message.meta_data = input.meta_data;
    service.world.store(conversation, std::move(message));
  }
  return reply_with(conversation);
}

Outcome<Reply> answer_conversation_retrieve(Service& service, Call& call) {
  const Id id = call.query.id("conversation_id");
  if (call.query.refused()) return *call.query.refused();
  auto conversation = service.world.find_conversation(id, call.account.user_id);
  if (!conversation) return conversation.error();
  return reply_with(**conversation);
}

Outcome<Reply> answer_conversation_list(Service& service, Call& call) {
  const Id bot = call.query.id("bot_id");
  const auto page = call.query.number("page_num", 1, 1, 1'000'000);
  const auto size = call.query.number("page_size", 50, 1, 50);
  const std::string order = call.query.text("sort_order", "DESC");
  if (order != "ASC" && order != "DESC") {
    call.query.refuse(bad_parameter("sort_order: must be ASC or DESC"));
  }
  if (call.query.refused()) return *call.query.refused();
  if (service.find_bot(bot) == nullptr) return not_found("bot_id", format_id(bot));

  auto found = service.world.list_conversations(call.account.user_id, bot);
  const std::string connector = call.query.text("connector_id", "1024");
  std::erase_if(found, [&](const Conversation* c) { return c->connector_id != connector; });
  if (order == "DESC") std::ranges::reverse(found);
  const auto first = std::min(found.size(), static_cast<std::size_t>((page - 1) * size));
  const auto last = std::min(found.size(), first + static_cast<std::size_t>(size));
  Reply reply;
  json::Writer out(reply.members);
  out.key("data").begin_object().key("has_more").boolean(last < found.size());
  out.key("conversations").begin_array();
  for (std::size_t i = first; i < last; ++i) write_conversation(out, *found[i]);
  out.end_array().end_object();
  return reply;
}

Outcome<Reply> answer_conversation_update(Service& service, Call& call) {
  auto conversation = of_path(service, call);
  if (!conversation) return conversation.error();
  auto body = parse_body(call);
  if (!body) return body.error();
  Fields fields(body->root());
  fields.text("name");
  std::string name = read_name(fields);
  if (fields.refused()) return *fields.refused();
  (*conversation)->name = std::move(name);
  (*conversation)->updated_at = service.world.now();
  return reply_with(**conversation);
}

Outcome<Reply> answer_conversation_delete(Service& service, Call& call) {
  auto conversation = of_path(service, call);
  if (!conversation) return conversation.error();
  service.world.remove_conversation((*conversation)->id);
  return Reply();
}

Outcome<Reply> answer_conversation_clear(Service& service, Call& call) {
  auto conversation = of_path(service, call);
  if (!conversation) return conversation.error();
  const Id section = service.world.clear(**conversation);
  Reply reply;
  json::Writer out(reply.members);
  out.key("data").begin_object().key("id").string(format_id(section));
  out.key("conversation_id").string(format_id((*conversation)->id)).end_object();
  return reply;
}

}  // namespace dragoman::emulator::coze
