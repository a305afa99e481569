#include "backends/coze/encode.hpp"

#include <gtest/gtest.h>

#include "json/reader.hpp"

namespace dragoman::coze {
namespace {

using chat::Role;
using Entries = std::vector<std::string>;

struct Encoded {
  ChatCall call;
  Entries transforms;
};

Result<ChatCall> try_encode(const chat::Request& request) {
  chat::Transforms transforms;
  return encode_chat(request, "7401", "dragoman", transforms);
}

Encoded encode(const chat::Request& request) {
  chat::Transforms transforms;
  auto call = encode_chat(request, "7401", "dragoman", transforms);
  EXPECT_TRUE(call) << call.error().message;
  return {call ? *call : ChatCall(), transforms.entries()};
}

chat::Request request_of(std::vector<chat::Turn> turns) {
  chat::Request request;
  request.turns = std::move(turns);
  return request;
}

// "user: text" of each message sent.
Entries messages(const ChatCall& call) {
  const auto document = json::Document::parse(call.body);
  Entries list;
  const auto items = document->root().require("additional_messages")->array();
  for (const json::Reader item : *items) {
    list.push_back(std::string(*item.require("role")->string()) + ": " +
                   std::string(*item.require("content")->string()));
  }
  return list;
}

TEST(CozeEncode, AHistoryIsSentWholeAndNothingIsStored) {
  const Encoded encoded = encode(request_of({{Role::user, "earlier question"},
                                             {Role::assistant, "earlier answer"},
                                             {Role::user, "你好 \"x\"\n"}}));
  EXPECT_EQ(encoded.call.target, "/v3/chat");
  EXPECT_EQ(
      encoded.call.body,
      R"({"bot_id":"7401","user_id":"dragoman","stream":true,"auto_save_history":false,)"
      R"("additional_messages":[)"
      R"({"role":"user","type":"question","content_type":"text","content":"earlier question"},)"
      R"({"role":"assistant","type":"answer","content_type":"text","content":"earlier answer"},)"
      R"({"role":"user","type":"question","content_type":"text","content":"你好 \"x\"\n"}]})");
  EXPECT_TRUE(encoded.transforms.empty());
}

TEST(CozeEncode, TheUserIsTheClientsElseTheConfiguredOne) {
  chat::Request request = request_of({{Role::user, "hi"}});
  request.user = "user-1";
  EXPECT_NE(encode(request).call.body.find(R"("user_id":"user-1")"), std::string::npos);
  request.user = "";
  EXPECT_NE(encode(request).call.body.find(R"("user_id":"dragoman")"), std::string::npos);
}

TEST(CozeEncode, InstructionsGoBeforeTheFirstUserMessage) {
  chat::Request request =
      request_of({{Role::assistant, "welcome"}, {Role::user, "a"}, {Role::user, "b"}});
  request.instructions = "Be brief.";
  const Encoded encoded = encode(request);
  EXPECT_EQ(messages(encoded.call),
            (Entries{"assistant: welcome", "user: Be brief.\n\na", "user: b"}));
  EXPECT_EQ(encoded.transforms, (Entries{"emulated:system"}));
}

TEST(CozeEncode, AStatefulTurnSendsOnlyWhatIsNew) {
  chat::Request request = request_of({{Role::user, "old"},
                                      {Role::assistant, "answer"},
                                      {Role::user, "new 1"},
                                      {Role::user, "new 2"}});
  request.instructions = "Be brief.";
  request.hints.conversation_id = "7402000000000000001";
  const Encoded encoded = encode(request);
  EXPECT_EQ(encoded.call.target, "/v3/chat?conversation_id=7402000000000000001");
  EXPECT_EQ(messages(encoded.call), (Entries{"user: Be brief.\n\nnew 1", "user: new 2"}));
  EXPECT_EQ(encoded.transforms, (Entries{"dropped:history", "emulated:system"}));
  EXPECT_NE(encoded.call.body.find(R"("auto_save_history":true)"), std::string::npos);
}

TEST(CozeEncode, AStatefulFirstTurnDropsNothing) {
  chat::Request request = request_of({{Role::user, "first"}});
  request.hints.conversation_id = "7402000000000000001";
  EXPECT_TRUE(encode(request).transforms.empty());
}

TEST(CozeEncode, ASessionIdOfAnotherFormMeansStateless) {
  for (const char* id : {"f47ac10b-58cc", "1&bot_id=2", "123456789012345678901", "1\r\nx:y"}) {
    chat::Request request =
        request_of({{Role::user, "a"}, {Role::assistant, "b"}, {Role::user, "c"}});
    request.hints.conversation_id = id;
    const Encoded encoded = encode(request);
    EXPECT_EQ(encoded.call.target, "/v3/chat");
    EXPECT_EQ(messages(encoded.call).size(), 3U);
    EXPECT_EQ(encoded.transforms, (Entries{"dropped:x-conversation-id"}));
  }
}

TEST(CozeEncode, EmptyTextsAreLeftOut) {
  const Encoded encoded =
      encode(request_of({{Role::user, "a"}, {Role::assistant, ""}, {Role::user, "b"}}));
  EXPECT_EQ(messages(encoded.call), (Entries{"user: a", "user: b"}));
  EXPECT_EQ(encoded.transforms, (Entries{"dropped:empty_messages"}));
}

TEST(CozeEncode, TheNewestHundredMessagesAreKept) {
  chat::Request request;
  request.instructions = "Be brief.";
  for (int i = 0; i < 102; ++i) {
    request.turns.push_back({i % 2 == 0 ? Role::assistant : Role::user, std::to_string(i)});
  }
  const Encoded encoded = encode(request);
  const Entries sent = messages(encoded.call);
  ASSERT_EQ(sent.size(), 100U);
  EXPECT_EQ(sent.front(), "assistant: 2");
  EXPECT_EQ(sent[1], "user: Be brief.\n\n3");
  EXPECT_EQ(sent.back(), "user: 101");
  EXPECT_EQ(encoded.transforms, (Entries{"dropped:oldest_messages", "emulated:system"}));

  request.turns.erase(request.turns.begin(), request.turns.begin() + 2);
  EXPECT_EQ(encode(request).transforms, (Entries{"emulated:system"}));
}

TEST(CozeEncode, WhatCozeCannotAnswerIsRefused) {
  const std::vector<chat::Request> requests{
      request_of({}), request_of({{Role::user, ""}}),
      request_of({{Role::user, "a"}, {Role::assistant, "b"}}),
      request_of({{Role::user, "a"}, {Role::assistant, "b"}, {Role::user, ""}})};
  for (const chat::Request& request : requests) {
    const auto call = try_encode(request);
    ASSERT_FALSE(call);
    EXPECT_EQ(call.error().kind, ErrorKind::bad_request);
    EXPECT_EQ(call.error().param, "messages");
  }
}

TEST(CozeEncode, MetadataIsPassedOn) {
  chat::Request request = request_of({{Role::user, "a"}});
  request.metadata = {{"trace", "abc"}, {"k", std::string(512, 'x')}};
  EXPECT_NE(encode(request).call.body.find(R"("meta_data":{"k":")" + std::string(512, 'x') +
                                           R"(","trace":"abc"})"),
            std::string::npos);
}

TEST(CozeEncode, MetadataOverTheLimitsNamesTheMember) {
  chat::Request request = request_of({{Role::user, "a"}});
  request.metadata = {{"trace", std::string(513, 'x')}};
  EXPECT_EQ(try_encode(request).error().param, "metadata.trace");
  request.metadata = {{"trace", ""}};
  EXPECT_EQ(try_encode(request).error().param, "metadata.trace");
  request.metadata = {{"", "x"}};
  EXPECT_EQ(try_encode(request).error().param, "metadata.");
  request.metadata = {{std::string(65, 'k'), "x"}};
  EXPECT_EQ(try_encode(request).error().param, "metadata." + std::string(64, 'k'));
  request.metadata.clear();
  for (int i = 0; i < 17; ++i) request.metadata[std::to_string(i)] = "x";
  EXPECT_EQ(try_encode(request).error().param, "metadata");
}

TEST(CozeEncode, CharactersAreCountedNotBytes) {
  chat::Request request = request_of({{Role::user, "a"}});
  std::string wide;
  for (int i = 0; i < 512; ++i) wide += "\xE4\xBD\xA0";
  request.metadata = {{"k", wide}};
  EXPECT_TRUE(try_encode(request));
}

}  // namespace
}  // namespace dragoman::coze
