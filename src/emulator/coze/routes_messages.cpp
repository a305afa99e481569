#include <algorithm>

#include "emulator/coze/objects.hpp"
#include "emulator/coze/service.hpp"

namespace dragoman::emulator::coze {
namespace {

Outcome<Conversation*> of_query(Service& service, Call& call) {
  const Id id = call.query.id("conversation_id");
  if (call.query.refused()) return *call.query.refused();
  return service.world.find_conversation(id, call.account.user_id);
}

Outcome<Message*> message_of_query(Conversation& conversation, Call& call) {
  const Id id = call.query.id("message_id");
  if (call.query.refused()) return *call.query.refused();
  const auto found = std::ranges::find(conversation.messages, id, &Message::id);
  if (found == conversation.messages.end()) return not_found("message_id", format_id(id));
  return &*found;
}

Reply reply_with(std::string_view key, const Message& message) {
  Reply reply;
  json::Writer out(reply.members);
  write_message(out.key(key), message);
  return reply;
}

struct Page {
  std::vector<const Message*> messages;
  bool has_more = false;
};

// One page of a list. after_id and before_id speak of the order of the list, whatever it is.
Page cut_page(std::vector<const Message*> all, Id before, Id after, std::size_t limit) {
  const auto at = [&](Id id) { return std::ranges::find(all, id, &Message::id); };
  if (after != 0) {
    if (const auto found = at(after); found != all.end()) all.erase(all.begin(), found + 1);
  }
  bool from_end = false;
  if (before != 0) {
    if (const auto found = at(before); found != all.end()) all.erase(found, all.end());
    from_end = after == 0;
  }
  Page page;
  page.has_more = all.size() > limit;
  if (!page.has_more) {
    page.messages = std::move(all);
  } else if (from_end) {
    page.messages.assign(all.end() - static_cast<std::ptrdiff_t>(limit), all.end());
  } else {
    page.messages.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(limit));
  }
  return page;
}

}  // namespace

Outcome<Reply> answer_message_create(Service& service, Call& call) {
  auto conversation = of_query(service, call);
  if (!conversation) return conversation.error();
  auto body = parse_body(call);
  if (!body) return body.error();
  Fields fields(body->root());
  const InputMessage input = read_message(fields, MessageRules());
  if (fields.refused()) return *fields.refused();
  Message message;
  message.role = input.role;
  message.type = input.type_given ? input.type : "";
  message.content = input.content;
  message.content_type = input.content_type;
  message.meta_data = input.meta_data;
  return reply_with("data", service.world.store(**conversation, std::move(message)));
}

Outcome<Reply> answer_message_list(Service& service, Call& call) {
  auto conversation = of_query(service, call);
  if (!conversation) return conversation.error();
  auto body = parse_body(call);
  if (!body) return body.error();
  Fields fields(body->root());
  const bool ascending = fields.one_of("order", {"asc", "desc"}, "desc") == "asc";
  const Id chat = fields.optional_id("chat_id");
  const Id before = fields.optional_id("before_id");
  const Id after = fields.optional_id("after_id");
  const auto limit = fields.number("limit", 50, 1, 50);
  const bool all = fields.flag("include_middle_message", false);
  if (fields.refused()) return *fields.refused();

  std::vector<const Message*> messages;
  for (const Message& message : (*conversation)->messages) {
    if (chat != 0 && message.chat != chat) continue;
    if (all || !is_intermediate(message)) messages.push_back(&message);
  }
  if (!ascending) std::ranges::reverse(messages);
  const Page page = cut_page(std::move(messages), before, after, static_cast<std::size_t>(limit));
  Reply reply;
  json::Writer out(reply.members);
  out.key("data").begin_array();
  for (const Message* message : page.messages) write_message(out, *message);
  out.end_array();
  const bool none = page.messages.empty();
  out.key("first_id").string(none ? "0" : format_id(page.messages.front()->id));
  out.key("has_more").boolean(page.has_more);
  out.key("last_id").string(none ? "0" : format_id(page.messages.back()->id));
  return reply;
}

Outcome<Reply> answer_message_retrieve(Service& service, Call& call) {
  auto conversation = of_query(service, call);
  if (!conversation) return conversation.error();
  auto message = message_of_query(**conversation, call);
  if (!message) return message.error();
  return reply_with("data", **message);
}

Outcome<Reply> answer_message_modify(Service& service, Call& call) {
  auto conversation = of_query(service, call);
  if (!conversation) return conversation.error();
  auto found = message_of_query(**conversation, call);
  if (!found) return found.error();
  Message& message = **found;
  auto body = parse_body(call);
  if (!body) return body.error();
  const json::Reader root = body->root();
  Fields fields(root);
  InputMessage input;
  input.content = fields.optional_text("content", message.content);
  input.content_type =
      fields.one_of("content_type", {"text", "object_string"}, message.content_type);
  Pairs meta_data = fields.meta_data();
  if (!fields.refused() && input.content_type == "object_string") {
    check_object_string(fields, input);
  }
  if (fields.refused()) return *fields.refused();
  service.world.replace_content(message, std::move(input.content));
  message.content_type = std::move(input.content_type);
  if (root.find("meta_data")) message.meta_data = std::move(meta_data);
  message.updated_at = service.world.now();
  message.modified = true;
  return reply_with("message", message);
}

Outcome<Reply> answer_message_delete(Service& service, Call& call) {
  auto conversation = of_query(service, call);
  if (!conversation) return conversation.error();
  auto found = message_of_query(**conversation, call);
  if (!found) return found.error();
  const Message message = **found;
  std::vector<Id> ids{message.id};
  if (message.type == "answer" && message.chat != 0) {
    for (const Message& other : (*conversation)->messages) {
      if (other.chat == message.chat && is_intermediate(other)) ids.push_back(other.id);
    }
  }
  service.world.remove_messages(**conversation, ids);
  return reply_with("data", message);
}

}  // namespace dragoman::emulator::coze
