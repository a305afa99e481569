#include "emulator/coze/world.hpp"

#include <algorithm>
#include <cassert>

#include "base/utf8.hpp"

namespace dragoman::emulator::coze {
namespace {

std::size_t size_of(const Message& message) {
  std::size_t size = sizeof(Message) + message.content.size() + message.reasoning.size();
  for (const auto& [key, value] : message.meta_data) size += key.size() + value.size();
  return size;
}

}  // namespace

std::int64_t count_tokens(std::string_view text) {
  return static_cast<std::int64_t>((count_code_points(text) + 3) / 4);
}

bool is_intermediate(const Message& message) {
  return message.type != "" && message.type != "question" && message.type != "answer";
}

Conversation& World::add_conversation(const std::string& owner) {
  forget_oldest(nullptr, [&] { return conversations_.size() < options_.max_conversations; });
  const Id id = next_conversation_++;
  Conversation& conversation = conversations_[id];
  conversation.id = id;
  conversation.section = id;
  conversation.owner = owner;
  conversation.created_at = conversation.updated_at = now();
  return conversation;
}

Outcome<Conversation*> World::find_conversation(Id id, std::string_view owner) {
  const auto found = conversations_.find(id);
  if (found == conversations_.end() || found->second.owner != owner) {
    return unknown_conversation(format_id(id));
  }
  return &found->second;
}

std::vector<const Conversation*> World::list_conversations(std::string_view owner, Id bot) const {
  std::vector<const Conversation*> found;
  for (const auto& [id, conversation] : conversations_) {
    const bool fits = bot == 0 || conversation.bot == 0 || conversation.bot == bot;
    if (conversation.owner == owner && fits) found.push_back(&conversation);
  }
  return found;
}

void World::remove_conversation(Id id) {
  const auto found = conversations_.find(id);
  if (found == conversations_.end()) return;
  for (const Message& message : found->second.messages) stored_bytes_ -= size_of(message);
  for (Id chat : found->second.chats) chats_.erase(chat);
  conversations_.erase(found);
}

Id World::clear(Conversation& conversation) {
  conversation.section = next_conversation_++;
  conversation.updated_at = now();
  return conversation.section;
}

Message& World::store(Conversation& conversation, Message message) {
  message.conversation = conversation.id;
  if (message.section == 0) message.section = conversation.section;
  if (message.id == 0) message.id = next_message_id();
  if (message.created_at == 0) message.created_at = now();
  if (message.updated_at == 0) message.updated_at = message.created_at;
  make_room_in(conversation, size_of(message));
  stored_bytes_ += size_of(message);
  auto& messages = conversation.messages;
  const auto place = std::ranges::upper_bound(messages, message.id, {}, &Message::id);
  return *messages.insert(place, std::move(message));
}

void World::replace_content(Message& message, std::string content) {
  stored_bytes_ -= size_of(message);
  message.content = std::move(content);
  stored_bytes_ += size_of(message);
}

void World::remove_messages(Conversation& conversation, const std::vector<Id>& ids) {
  std::erase_if(conversation.messages, [&](const Message& message) {
    if (std::ranges::find(ids, message.id) == ids.end()) return false;
    stored_bytes_ -= size_of(message);
    return true;
  });
}

std::int64_t World::context_tokens(const Conversation& conversation) {
  std::int64_t tokens = 0;
  for (const Message& message : conversation.messages) {
    if (message.section != conversation.section || is_intermediate(message)) continue;
    const Chat* chat = find_chat(message.chat);
    if (chat != nullptr && chat->status == ChatStatus::canceled) continue;
    tokens += count_tokens(message.content);
  }
  return tokens;
}

Chat& World::add_chat(Conversation& conversation, Id bot, bool saved) {
  if (conversation.chats.size() >= max_chats) {  // the oldest has ended: only one runs at a time
    chats_.erase(conversation.chats.front());
    conversation.chats.erase(conversation.chats.begin());
  }
  const Id id = next_chat_++;
  Chat& chat = chats_[id];
  chat.id = id;
  chat.conversation = conversation.id;
  chat.section = conversation.section;
  chat.bot = bot;
  chat.owner = conversation.owner;
  chat.saved = saved;
  chat.created_at = now();
  conversation.chats.push_back(id);
  conversation.updated_at = chat.created_at;
  if (conversation.bot == 0) conversation.bot = bot;
  return chat;
}

Chat* World::find_chat(Id id) {
  const auto found = chats_.find(id);
  if (found == chats_.end()) return nullptr;
  settle_if_due(found->second);
  return &found->second;
}

Outcome<Chat*> World::find_chat(Id conversation, Id id, std::string_view owner) {
  Chat* chat = find_chat(id);
  if (chat == nullptr) return not_found("chat_id", format_id(id));
  if (chat->owner != owner) return no_permission("chat_id=" + format_id(id), "getChat");
  if (chat->conversation != conversation) {
    return Refusal{4001, "The chat_id is invalid: it is not of this conversation"};
  }
  return chat;
}

bool World::is_busy(const Conversation& conversation) {
  return std::ranges::any_of(conversation.chats, [&](Id id) {
    const Chat* chat = find_chat(id);
    if (chat == nullptr) return false;
    switch (chat->status) {
      case ChatStatus::created:
      case ChatStatus::in_progress: return true;
      // An unsaved chat can never be continued: it does not hold the conversation.
      case ChatStatus::requires_action: return options_.requires_action_occupies && chat->saved;
      case ChatStatus::completed:
      case ChatStatus::failed:
      case ChatStatus::canceled: return false;
    }
    return false;
  });
}

void World::advance(Chat& chat, ChatStatus status) {
  assert(may_follow(chat.status, status));
  chat.status = status;
  switch (status) {
    case ChatStatus::completed:
    case ChatStatus::requires_action: chat.completed_at = now(); break;
    case ChatStatus::failed: chat.failed_at = now(); break;
    case ChatStatus::created:
    case ChatStatus::in_progress:
    case ChatStatus::canceled: break;
  }
}

void World::settle(Chat& chat) {
  if (!chat.pending) return;
  Ending ending = std::move(*chat.pending);
  chat.pending.reset();
  chat.settles_at_ms = 0;
  if (!may_follow(chat.status, ending.status)) return;
  advance(chat, ending.status);
  chat.last_error = std::move(ending.last_error);
  chat.usage = ending.usage;
  chat.action = std::move(ending.action);
  const auto conversation = conversations_.find(chat.conversation);
  if (!chat.saved || conversation == conversations_.end()) return;
  for (Message& message : ending.messages) store(conversation->second, std::move(message));
  conversation->second.updated_at = now();
}

void World::abandon(Chat& chat) {
  if (chat.pending) chat.settles_at_ms = now_ms() + options_.abandoned_for.count();
}

void World::settle_if_due(Chat& chat) {
  if (chat.settles_at_ms != 0 && now_ms() >= chat.settles_at_ms) settle(chat);
}

void World::poll(Chat& chat) {
  if (!chat.polled || !chat.pending) return;
  if (chat.polls_left > 0) {
    --chat.polls_left;
  } else if (now_ms() >= chat.ready_at_ms) {
    settle(chat);
  }
}

void World::forget_oldest(const Conversation* spared, const std::function<bool()>& enough) {
  for (auto candidate = conversations_.begin(); candidate != conversations_.end() && !enough();) {
    const auto next = std::next(candidate);
    if (&candidate->second != spared && !is_busy(candidate->second)) {
      remove_conversation(candidate->first);
    }
    candidate = next;
  }
}

void World::make_room_in(Conversation& conversation, std::size_t bytes) {
  const auto fits = [&] { return stored_bytes_ + bytes <= options_.max_stored_bytes; };
  if (!fits()) forget_oldest(&conversation, fits);
  auto& messages = conversation.messages;
  std::size_t drop = 0;
  while (drop < messages.size() && (!fits() || messages.size() - drop >= max_messages)) {
    stored_bytes_ -= size_of(messages[drop++]);
  }
  messages.erase(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(drop));
}

void World::reset() {
  conversations_.clear();
  chats_.clear();
  stored_bytes_ = 0;
}

}  // namespace dragoman::emulator::coze
