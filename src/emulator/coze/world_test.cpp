#include "emulator/coze/world.hpp"

#include <gtest/gtest.h>

namespace dragoman::emulator::coze {
namespace {

constexpr ChatStatus all_statuses[] = {ChatStatus::created,         ChatStatus::in_progress,
                                       ChatStatus::completed,       ChatStatus::failed,
                                       ChatStatus::requires_action, ChatStatus::canceled};

Message make_message(std::string type, std::string content) {
  Message message;
  message.role = type == "question" ? "user" : "assistant";
  message.type = std::move(type);
  message.content = std::move(content);
  return message;
}

class CozeWorld : public ::testing::Test {
 protected:
  Chat& running(Conversation& conversation, bool saved = true) {
    Chat& chat = world.add_chat(conversation, 7401000000000000001, saved);
    world.advance(chat, ChatStatus::in_progress);
    return chat;
  }

  Options options;
  Clock clock = Clock::fixed_at(Clock::time_point(std::chrono::seconds(1760000000)));
  World world{options, clock};
};

TEST(CozeChatStatus, OnlyTheDocumentedStepsAreAllowed) {
  std::string allowed;
  for (ChatStatus from : all_statuses) {
    for (ChatStatus to : all_statuses) {
      if (may_follow(from, to)) {
        allowed.append(to_string(from)).append(">").append(to_string(to)).append(" ");
      }
    }
  }
  EXPECT_EQ(allowed,
            "created>in_progress created>failed created>canceled in_progress>completed "
            "in_progress>failed in_progress>requires_action in_progress>canceled "
            "requires_action>in_progress ");
}

TEST(CozeId, IsNineteenDigitsOrNothing) {
  EXPECT_EQ(parse_id("7401000000000000001"), 7401000000000000001U);
  EXPECT_EQ(parse_id("9999999999999999999"), 9999999999999999999U);
  EXPECT_EQ(parse_id(""), std::nullopt);
  EXPECT_EQ(parse_id("07"), std::nullopt);
  EXPECT_EQ(parse_id("-7"), std::nullopt);
  EXPECT_EQ(parse_id("7a"), std::nullopt);
  EXPECT_EQ(parse_id("74010000000000000011"), std::nullopt);
  EXPECT_EQ(format_id(0), "");
}

TEST_F(CozeWorld, IdsHaveNineteenDigitsAndGrow) {
  const Conversation& first = world.add_conversation("me");
  const Id first_id = first.id;
  EXPECT_EQ(first.section, first_id);
  EXPECT_EQ(format_id(first_id).size(), 19U);
  EXPECT_GT(world.add_conversation("me").id, first_id);
  const Id first_message = world.next_message_id();
  EXPECT_LT(first_message, world.next_message_id());
}

TEST_F(CozeWorld, IdsAreNotUsedAgainAfterAReset) {
  const Id before = world.add_conversation("me").id;
  world.reset();
  EXPECT_EQ(world.conversations(), 0U);
  EXPECT_GT(world.add_conversation("me").id, before);
}

TEST_F(CozeWorld, AConversationIsUnknownToOthers) {
  const Id id = world.add_conversation("me").id;
  EXPECT_TRUE(world.find_conversation(id, "me"));
  EXPECT_EQ(world.find_conversation(id, "you").error().code, 4002);
  EXPECT_EQ(world.find_conversation(7402999999999999999U, "me").error().code, 4002);
}

TEST_F(CozeWorld, AChatIsFoundInItsConversationByItsOwner) {
  Conversation& conversation = world.add_conversation("me");
  const Id other = world.add_conversation("me").id;
  const Chat& chat = running(*world.find_conversation(conversation.id, "me").value());
  EXPECT_TRUE(world.find_chat(conversation.id, chat.id, "me"));
  EXPECT_EQ(world.find_chat(other, chat.id, "me").error().code, 4001);
  EXPECT_EQ(world.find_chat(conversation.id, chat.id, "you").error().code, 4101);
  EXPECT_EQ(world.find_chat(conversation.id, 1, "me").error().code, 4200);
}

TEST_F(CozeWorld, AConversationIsBusyWhileAChatRuns) {
  Conversation& conversation = world.add_conversation("me");
  EXPECT_FALSE(world.is_busy(conversation));
  Chat& chat = running(conversation);
  EXPECT_TRUE(world.is_busy(conversation));
  chat.pending = Ending();
  world.settle(chat);
  EXPECT_EQ(chat.status, ChatStatus::completed);
  EXPECT_EQ(chat.completed_at, 1760000000);
  EXPECT_FALSE(world.is_busy(conversation));
}

TEST_F(CozeWorld, WaitingForToolsKeepsItBusyUnlessToldOtherwise) {
  Conversation& conversation = world.add_conversation("me");
  Chat& chat = running(conversation);
  world.advance(chat, ChatStatus::requires_action);
  EXPECT_TRUE(world.is_busy(conversation));
  options.requires_action_occupies = false;
  EXPECT_FALSE(world.is_busy(conversation));
}

TEST_F(CozeWorld, AnUnsavedChatThatWaitsForToolsHoldsNothing) {
  Conversation& conversation = world.add_conversation("me");
  world.advance(running(conversation, false), ChatStatus::requires_action);
  EXPECT_FALSE(world.is_busy(conversation));
}

TEST_F(CozeWorld, AnAbandonedChatEndsByItselfInTheEnd) {
  Conversation& conversation = world.add_conversation("me");
  Chat& chat = running(conversation);
  chat.pending = Ending();
  world.abandon(chat);
  clock.advance(options.abandoned_for - std::chrono::milliseconds(1));
  EXPECT_TRUE(world.is_busy(conversation));
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_FALSE(world.is_busy(conversation));
  EXPECT_EQ(chat.status, ChatStatus::completed);
}

TEST_F(CozeWorld, ACancelledChatIsNotSettledAnyMore) {
  Conversation& conversation = world.add_conversation("me");
  Chat& chat = running(conversation);
  chat.pending = Ending();
  world.advance(chat, ChatStatus::canceled);
  world.settle(chat);
  EXPECT_EQ(chat.status, ChatStatus::canceled);
}

TEST_F(CozeWorld, AnEndingStoresItsMessagesWhenTheChatIsSaved) {
  Conversation& conversation = world.add_conversation("me");
  for (bool saved : {true, false}) {
    Chat& chat = running(conversation, saved);
    chat.pending.emplace();
    chat.pending->messages.push_back(make_message("answer", "hello"));
    world.settle(chat);
    EXPECT_EQ(conversation.messages.size(), 1U);
  }
}

TEST_F(CozeWorld, PollsAndTimeLetAPolledChatEnd) {
  Chat& chat = running(world.add_conversation("me"));
  chat.pending = Ending();
  chat.polled = true;
  chat.polls_left = 2;
  chat.ready_at_ms = world.now_ms() + 500;
  world.poll(chat);
  world.poll(chat);
  world.poll(chat);
  EXPECT_EQ(chat.status, ChatStatus::in_progress);  // polled enough, but too early
  clock.advance(std::chrono::milliseconds(500));
  world.poll(chat);
  EXPECT_EQ(chat.status, ChatStatus::completed);
}

TEST_F(CozeWorld, ContextIsWhatWasSaidInThePresentSection) {
  Conversation& conversation = world.add_conversation("me");
  world.store(conversation, make_message("question", "12345678"));  // two tokens
  world.store(conversation, make_message("answer", "123"));         // one
  world.store(conversation, make_message("verbose", "12345678"));   // none of the talk
  EXPECT_EQ(world.context_tokens(conversation), 3);
  const Id section = world.clear(conversation);
  EXPECT_EQ(conversation.section, section);
  EXPECT_EQ(world.context_tokens(conversation), 0);
  EXPECT_EQ(conversation.messages.size(), 3U);
}

TEST_F(CozeWorld, WhatACancelledChatSaidIsNoContext) {
  Conversation& conversation = world.add_conversation("me");
  Chat& chat = running(conversation);
  Message message = make_message("question", "12345678");
  message.chat = chat.id;
  world.store(conversation, std::move(message));
  EXPECT_EQ(world.context_tokens(conversation), 2);
  world.advance(chat, ChatStatus::canceled);
  EXPECT_EQ(world.context_tokens(conversation), 0);
}

TEST_F(CozeWorld, TokensAreFourCharactersRoundedUp) {
  EXPECT_EQ(count_tokens(""), 0);
  EXPECT_EQ(count_tokens("a"), 1);
  EXPECT_EQ(count_tokens("abcd"), 1);
  EXPECT_EQ(count_tokens("你好世界啊"), 2);
}

TEST_F(CozeWorld, TheOldestIdleConversationIsForgottenWhenThereAreTooMany) {
  options.max_conversations = 2;
  Conversation& busy = world.add_conversation("me");
  const Id busy_id = busy.id;
  running(busy);
  const Id idle = world.add_conversation("me").id;
  const Id newest = world.add_conversation("me").id;
  EXPECT_EQ(world.conversations(), 2U);
  EXPECT_TRUE(world.find_conversation(busy_id, "me"));
  EXPECT_FALSE(world.find_conversation(idle, "me"));
  EXPECT_TRUE(world.find_conversation(newest, "me"));
}

TEST_F(CozeWorld, StoredBytesAreBoundedByForgettingConversationsThenMessages) {
  options.max_stored_bytes = 10'000;
  Conversation& old = world.add_conversation("me");
  const Id old_id = old.id;
  world.store(old, make_message("question", std::string(4'000, 'x')));
  Conversation& conversation = world.add_conversation("me");
  for (int i = 0; i < 10; ++i) {
    world.store(conversation, make_message("question", std::string(4'000, 'x')));
  }
  EXPECT_LE(world.stored_bytes(), 10'000U);
  EXPECT_FALSE(world.find_conversation(old_id, "me"));
  EXPECT_EQ(conversation.messages.size(), 2U);
  world.remove_conversation(conversation.id);
  EXPECT_EQ(world.stored_bytes(), 0U);
}

TEST_F(CozeWorld, ARemovedConversationTakesItsChatsAlong) {
  Conversation& conversation = world.add_conversation("me");
  running(conversation);
  world.remove_conversation(conversation.id);
  EXPECT_EQ(world.chats(), 0U);
}

}  // namespace
}  // namespace dragoman::emulator::coze
