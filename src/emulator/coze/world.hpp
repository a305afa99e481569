#pragma once
// What the emulated service remembers: conversations with their messages, and chats. Pure but for
// the clock it is given; belongs to one thread.
//
//   World world(options, clock);
//   auto conversation = world.find_conversation(id, owner);     // Outcome<Conversation*>
//   Chat& chat = world.add_chat(**conversation, bot, true);
//   world.advance(chat, ChatStatus::in_progress);
//
// Ids are 19 digits and grow, each kind by itself: conversations and sections from
// 7402000000000000001, chats from 7403..., messages from 7404.... They go on after reset(), so that
// a stream still running cannot meet its own ids again.
//
// Pointers and references live until the next call that adds or removes a conversation or a chat.
// Memory is bounded by Options::max_conversations and max_stored_bytes, by max_messages and
// max_chats of one conversation: the oldest conversations that are not busy are forgotten with all
// that belongs to them, then the oldest messages.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/clock.hpp"
#include "emulator/coze/options.hpp"
#include "emulator/coze/types.hpp"

namespace dragoman::emulator::coze {

class World {
 public:
  static constexpr std::size_t max_messages = 5'000;  // of one conversation
  static constexpr std::size_t max_chats = 1'000;     // likewise

  // Both must outlive the world.
  World(const Options& options, const Clock& clock) : options_(options), clock_(clock) {}

  std::int64_t now() const { return clock_.now_s(); }
  std::int64_t now_ms() const { return clock_.now_ms(); }

  Conversation& add_conversation(const std::string& owner);
  Outcome<Conversation*> find_conversation(Id id, std::string_view owner);  // 4002
  // Of one owner, oldest first; of one bot, or of no known one, unless bot is 0.
  std::vector<const Conversation*> list_conversations(std::string_view owner, Id bot) const;
  void remove_conversation(Id id);
  // A new section; answers its id. What was said before is no longer context.
  Id clear(Conversation& conversation);

  Id next_message_id() { return next_message_++; }
  // The message gets the conversation's id and section, and an id unless it has one.
  Message& store(Conversation& conversation, Message message);
  // Replaces the content; for the accounts of memory.
  void replace_content(Message& message, std::string content);
  void remove_messages(Conversation& conversation, const std::vector<Id>& ids);

  // Tokens of the messages of the present section that count as context: see count_tokens().
  std::int64_t context_tokens(const Conversation& conversation);

  Chat& add_chat(Conversation& conversation, Id bot, bool saved);
  Chat* find_chat(Id id);
  // Of this conversation and owner: 4001 when it is of another one, 4101 when it is another
  // owner's, 4200 when there is none.
  Outcome<Chat*> find_chat(Id conversation, Id id, std::string_view owner);
  // A chat runs in it, or waits for tool outputs.
  bool is_busy(const Conversation& conversation);

  // One step of the state machine, which must allow it.
  void advance(Chat& chat, ChatStatus status);
  // The pending ending applies; nothing when the chat has ended meanwhile (cancelled).
  void settle(Chat& chat);
  // The client has left: see Options::abandoned_for.
  void abandon(Chat& chat);
  // A look at a chat made with stream:false; may settle it.
  void poll(Chat& chat);

  std::size_t conversations() const { return conversations_.size(); }
  std::size_t chats() const { return chats_.size(); }
  std::size_t stored_bytes() const { return stored_bytes_; }
  void reset();

 private:
  void settle_if_due(Chat& chat);
  void forget_oldest(const Conversation* spared, const std::function<bool()>& enough);
  void make_room_in(Conversation& conversation, std::size_t bytes);

  const Options& options_;
  const Clock& clock_;
  std::map<Id, Conversation> conversations_;
  std::map<Id, Chat> chats_;
  std::size_t stored_bytes_ = 0;
  Id next_conversation_ = 7402000000000000001;
  Id next_chat_ = 7403000000000000001;
  Id next_message_ = 7404000000000000001;
};

// The rule for usage figures: a token is four characters, rounded up for each text.
// input = 100 for the bot's own prompt + the context; output = reasoning + answers.
std::int64_t count_tokens(std::string_view text);
inline constexpr std::int64_t prompt_tokens = 100;

// function_call, verbose, follow_up and so on: what is neither said by the user nor an answer.
bool is_intermediate(const Message& message);

}  // namespace dragoman::emulator::coze
