#include "frontends/openai/hints.hpp"

#include <gtest/gtest.h>

#include "frontends/openai/chat_decode.hpp"

namespace dragoman::openai {
namespace {

Result<chat::Hints> hints(const std::string& members, const chat::Hints& headers = {}) {
  auto call =
      decode_chat("{" + members + R"("messages":[{"role":"user","content":"x"}]})", headers);
  if (!call) return call.error();
  EXPECT_TRUE(call->transforms.empty()) << call->transforms.header();
  return call->request.hints;
}

TEST(OpenAiHints, AreTakenFromTheBody) {
  EXPECT_EQ(hints(R"("x-model-type":"chat","x-bot-id":"1","x-workflow-id":"2",
                     "x-conversation-id":"3",)")
                .value(),
            (chat::Hints{"chat", "1", "2", "3"}));
}

TEST(OpenAiHints, AreTakenFromExtraHeadersInAnyCase) {
  EXPECT_EQ(hints(R"("extra_headers":{"X-Model-Type":"chat","X-BOT-ID":"1","x-workflow-id":"2",
                     "x-Conversation-Id":"3","x-other":[7],"x-conversation-identity":7},)")
                .value(),
            (chat::Hints{"chat", "1", "2", "3"}));
}

TEST(OpenAiHints, HeadersWinOverTheBodyExceptForTheModelType) {
  const chat::Hints headers{"workflow", "h1", "h2", "h3"};
  EXPECT_EQ(hints(R"("x-model-type":"chat","x-bot-id":"1","x-workflow-id":"2",
                     "x-conversation-id":"3",)",
                  headers)
                .value(),
            (chat::Hints{"chat", "h1", "h2", "h3"}));
  EXPECT_EQ(hints(R"("extra_headers":{"x-model-type":"chat","x-bot-id":"1"},)", headers).value(),
            (chat::Hints{"chat", "h1", "h2", "h3"}));
  EXPECT_EQ(hints("", headers).value(), headers);
}

TEST(OpenAiHints, TheBodysOwnMemberWinsOverExtraHeaders) {
  for (const auto* body : {R"("extra_headers":{"x-bot-id":"2"},"x-bot-id":"1",)",
                           R"("x-bot-id":"1","extra_headers":{"x-bot-id":"2"},)"}) {
    EXPECT_EQ(hints(body)->bot_id, "1");
  }
}

TEST(OpenAiHints, EmptyAndNullOnesAreAbsent) {
  const chat::Hints headers{"chat", "", "", {}};
  const auto found = hints(R"("x-model-type":"","x-bot-id":null,
                              "extra_headers":{"x-bot-id":"","x-workflow-id":null},)",
                           headers)
                         .value();
  EXPECT_EQ(found, (chat::Hints{"chat", {}, {}, {}}));
  EXPECT_EQ(hints(R"("x-bot-id":"","extra_headers":{"x-bot-id":"2"},)")->bot_id, "2");
}

TEST(OpenAiHints, OtherTypesAreErrorsWithTheirPath) {
  EXPECT_EQ(hints(R"("x-bot-id":7,)").error().param, "x-bot-id");
  EXPECT_EQ(hints(R"("extra_headers":{"X-Bot-Id":7},)").error().param, "extra_headers.X-Bot-Id");
  EXPECT_EQ(hints(R"("extra_headers":"x-bot-id: 7",)").error().param, "extra_headers");
}

TEST(OpenAiHints, OnlyShortVisibleAsciiIsAccepted) {
  for (const std::string value :
       {"a b", "a\\r\\nx-evil: 1", "\\u0000", "\\u010d\\u010a", "\xC3\xA9", "\\u007f"}) {
    const auto found = hints("\"x-conversation-id\":\"" + value + "\",");
    ASSERT_FALSE(found.has_value()) << value;
    EXPECT_EQ(found.error().kind, ErrorKind::bad_request);
    EXPECT_EQ(found.error().param, "x-conversation-id");
  }
  EXPECT_TRUE(hints("\"x-bot-id\":\"" + std::string(256, '7') + "\",").has_value());
  EXPECT_EQ(hints("\"x-bot-id\":\"" + std::string(257, '7') + "\",").error().param, "x-bot-id");
  const chat::Hints headers{{}, "a\r\nb", {}, {}};
  EXPECT_EQ(hints("", headers).error().param, "x-bot-id");
}

}  // namespace
}  // namespace dragoman::openai
