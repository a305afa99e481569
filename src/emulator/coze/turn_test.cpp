// Streams: the lines to the letter, the order, and the objects as in the golden vectors.

#include "emulator/coze/turn.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "emulator/coze/testing.hpp"

namespace dragoman::emulator::coze {
namespace {

using namespace testing;

using Shapes = std::map<std::string, std::map<std::string, std::string>>;

// The shape of every kind of event: "conversation.message.completed answer" -> its members.
Shapes shapes_of(const std::vector<SseEvent>& events) {
  Shapes shapes;
  for (const SseEvent& event : events) {
    if (event.data.empty() || event.data == "[DONE]") {
      shapes[event.name];
      continue;
    }
    const Json data(event.data);
    const std::string type = data.at("type");
    auto& shape = shapes[type.empty() ? event.name : event.name + " " + type];
    for (const auto& [path, kind] : data.shape()) shape[path] = kind;
  }
  return shapes;
}

// Members that the documentation names for chats and messages.
const std::set<std::string> documented{
    "",
    ".id",
    ".conversation_id",
    ".bot_id",
    ".section_id",
    ".created_at",
    ".completed_at",
    ".failed_at",
    ".meta_data",
    ".last_error",
    ".last_error.code",
    ".last_error.msg",
    ".status",
    ".usage",
    ".usage.token_count",
    ".usage.output_count",
    ".usage.input_count",
    ".inserted_additional_messages",
    ".inserted_additional_messages[]",
    ".inserted_additional_messages[].id",
    ".chat_id",
    ".role",
    ".type",
    ".content",
    ".content_type",
    ".updated_at",
    ".reasoning_content",
};

void expect_same_shapes(const Shapes& vector, const Shapes& ours) {
  for (const auto& [event, members] : vector) {
    const auto found = ours.find(event);
    if (found == ours.end()) {
      ADD_FAILURE() << "no such event: " << event;
      continue;
    }
    for (const auto& [path, kind] : members) {
      const auto member = found->second.find(path);
      EXPECT_TRUE(member != found->second.end() && member->second == kind) << event << " " << path;
    }
    for (const auto& [path, kind] : found->second) {
      EXPECT_TRUE(members.contains(path) || documented.contains(path)) << event << " " << path;
    }
  }
}

struct VectorCase {
  const char* folder;
  int bot;
};
void PrintTo(const VectorCase& value, std::ostream* out) { *out << value.folder; }

class CozeStreamVectors : public ::testing::TestWithParam<VectorCase> {};

TEST_P(CozeStreamVectors, OurEventsHaveTheirMembersAndTypes) {
  const auto vector =
      read_strictly(read_testdata(std::string(GetParam().folder) + "/response-1.sse"));
  Bench bench;
  const auto ours = bench.stream("/v3/chat", chat_body(GetParam().bot));
  expect_same_shapes(shapes_of(vector), shapes_of(ours));
}

INSTANTIATE_TEST_SUITE_P(All, CozeStreamVectors,
                         ::testing::Values(VectorCase{"01-chat-stream-reasoning-usage-followups",
                                                      2},
                                           VectorCase{"02-chat-stream-tools-multi-answer", 3},
                                           VectorCase{"03-chat-stream-requires-action", 4},
                                           VectorCase{"06-chat-stream-failed", 5},
                                           VectorCase{"07-chat-stream-failed-short-form", 6},
                                           VectorCase{"16-chat-stream-multimodal", 12},
                                           VectorCase{"19-chat-stream-studio-dialect", 15}));

TEST(CozeStream, EchoesWordByWord) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(1));
  EXPECT_EQ(names_of(events),
            "conversation.chat.created\n"
            "conversation.chat.in_progress\n"
            "conversation.message.delta\n"
            "conversation.message.delta\n"
            "conversation.message.delta\n"
            "conversation.message.completed\n"
            "conversation.message.completed\n"
            "conversation.chat.completed\n"
            "done\n");
  ASSERT_EQ(events.size(), 9U);
  EXPECT_EQ(Json(events[2].data).at("content"), "Hello ");
  EXPECT_EQ(Json(events[3].data).at("content"), "big ");
  EXPECT_EQ(Json(events[4].data).at("content"), "world");
  EXPECT_EQ(Json(events[5].data).at("content"), "Hello big world");
  EXPECT_EQ(Json(events[6].data).at("type"), "verbose");
  EXPECT_EQ(Json(Json(events[6].data).at("content")).at("msg_type"), "generate_answer_finish");
  EXPECT_EQ(events[8].data, "\"[DONE]\"");
}

TEST(CozeStream, TheFirstTwoEventsTellTheStatus) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(1));
  const Json created(events[0].data);
  EXPECT_EQ(created.at("status"), "created");
  EXPECT_EQ(created.at("conversation_id"), created.at("section_id"));
  EXPECT_EQ(created.count("inserted_additional_messages"), 1U);
  EXPECT_EQ(created.at("usage.token_count"), "0");
  EXPECT_FALSE(created.has("completed_at"));
  EXPECT_EQ(Json(events[1].data).at("status"), "in_progress");
}

TEST(CozeStream, UsageFollowsItsRule) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(1));
  const Json completed(events[7].data);
  EXPECT_EQ(completed.at("usage.input_count"), "104");  // 100, and 15 characters
  EXPECT_EQ(completed.at("usage.output_count"), "4");
  EXPECT_EQ(completed.at("usage.token_count"), "108");
}

TEST(CozeStream, UsageOfAScriptIsTaken) {
  Bench bench;
  const auto events = bench.stream(
      "/v3/chat",
      chat_body(1, R"("stream":true)",
                R"(!mock {"events":[{"usage":{"input":421,"output":17}},{"text":"a"}]})"));
  const Json completed(events[5].data);
  EXPECT_EQ(completed.at("usage.input_count"), "421");
  EXPECT_EQ(completed.at("usage.output_count"), "17");
}

TEST(CozeStream, ReasoningStandsBesideEmptyContentAndWholeInTheEnd) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(2));
  const Json delta(events[2].data);
  EXPECT_EQ(delta.at("content"), "");
  EXPECT_EQ(delta.at("reasoning_content"), "The user greets me. ");
  const Json text(events[4].data);
  EXPECT_FALSE(text.has("reasoning_content"));
  const Json completed(events[6].data);
  EXPECT_EQ(completed.at("content"), "Hello! How can I help? 😀");
  EXPECT_EQ(completed.at("reasoning_content"), "The user greets me. I greet back: 你好.");
  EXPECT_EQ(Json(events[8].data).at("type"), "follow_up");
  EXPECT_EQ(events[10].name, "conversation.chat.completed");
}

TEST(CozeStream, TwoAnswersAreTwoMessages) {
  Bench bench;
  std::set<std::string> ids;
  const auto events = bench.stream("/v3/chat", chat_body(3));
  for (const SseEvent& event : events) {
    if (event.name == "conversation.message.delta") ids.insert(Json(event.data).at("id"));
  }
  EXPECT_EQ(ids.size(), 2U);
  EXPECT_EQ(events.back().data, "[DONE]");
}

TEST(CozeStream, AFailureEndsTheTurn) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(5));
  EXPECT_EQ(names_of(events),
            "conversation.chat.created\n"
            "conversation.chat.in_progress\n"
            "conversation.message.delta\n"
            "conversation.chat.failed\n"
            "done\n");
  const Json failed(events[3].data);
  EXPECT_EQ(failed.at("status"), "failed");
  EXPECT_EQ(failed.at("last_error.code"), "5000");
  EXPECT_EQ(failed.at("failed_at"), "1760000000");
}

TEST(CozeStream, TheShortFailureComesBehindCreated) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(6));
  EXPECT_EQ(names_of(events), "conversation.chat.created\nconversation.chat.failed\ndone\n");
  EXPECT_EQ(events[1].data, R"({"code":701231,"msg":"error"})");
}

TEST(CozeStream, ACodeMayBeAString) {
  Bench bench;
  const auto events = bench.stream(
      "/v3/chat",
      chat_body(1, R"("stream":true)",
                R"(!mock {"events":[{"failed":{"code":"720702204","msg":"x","short":true}}]})"));
  EXPECT_EQ(events[1].data, R"({"code":"720702204","msg":"x"})");
}

TEST(CozeStream, AnErrorEventIsTheLast) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(7));
  EXPECT_EQ(events.back().name, "error");
  EXPECT_EQ(events.back().data, R"({"code":5000,"msg":"internal error"})");
}

TEST(CozeStream, ACardHasNoDeltas) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(11));
  EXPECT_EQ(names_of(events).find("delta"), std::string::npos);
  EXPECT_EQ(Json(events[2].data).at("content_type"), "card");
}

TEST(CozeStream, AnEmptyAnswerHasNoText) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(13));
  EXPECT_EQ(names_of(events).find("delta"), std::string::npos);
  EXPECT_EQ(Json(events[2].data).at("content"), "");
}

TEST(CozeStream, TheHugeLineIsAsLongAsChosen) {
  Options options;
  options.huge_line_bytes = 300'000;
  Bench bench(options);
  const auto events = bench.stream("/v3/chat", chat_body(14));
  EXPECT_EQ(Json(events[2].data).at("content").size(), 300'000U);
}

TEST(CozeStream, TheStudioDialectEndsWithEmptyData) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(15));
  EXPECT_EQ(events.back().name, "conversation.stream.done");
  EXPECT_EQ(events.back().data, "");
  EXPECT_EQ(Json(events[0].data).at("failed_at"), "0");
}

TEST(CozeStream, WithoutATailNothingEndsIt) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(20));
  EXPECT_EQ(names_of(events),
            "conversation.chat.created\n"
            "conversation.chat.in_progress\n"
            "conversation.message.delta\n"
            "conversation.message.delta\n");
}

TEST(CozeStream, EventsOfAScriptGoOutVerbatim) {
  Bench bench;
  const auto events = bench.stream(
      "/v3/chat",
      chat_body(
          1, R"("stream":true)",
          R"(!mock {"events":[{"event":"conversation.odd","data":{"a":[1,2]}}],"tail":false})"));
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[2].name, "conversation.odd");
  EXPECT_EQ(events[2].data, R"({"a":[1,2]})");
}

TEST(CozeStream, RawBytesGoOutAsTheyAre) {
  Bench bench;
  auto reply = bench.ask("POST", "/v3/chat",
                         chat_body(1, R"("stream":true)",
                                   R"(!mock {"events":[{"raw_base64":"OiBoaQo="}],"tail":false})"));
  ASSERT_TRUE(reply && reply->turn);
  EXPECT_TRUE(body_of(reply->turn->body).ends_with(": hi\n"));
}

TEST(CozeStream, EachStepIsAWriteAndHeadAndTailAreOne) {
  Bench bench;
  auto reply = bench.ask("POST", "/v3/chat", chat_body(1));
  ASSERT_TRUE(reply && reply->turn);
  EXPECT_EQ(reply->turn->body.size(), 5U);
}

TEST(CozeStream, PausesStandBetweenTheWords) {
  Options options;
  options.word_delay = std::chrono::milliseconds(7);
  Bench bench(options);
  auto reply = bench.ask("POST", "/v3/chat", chat_body(1, R"("stream":true)", "a b"));
  ASSERT_TRUE(reply && reply->turn);
  const auto& body = reply->turn->body;
  ASSERT_EQ(body.size(), 5U);
  EXPECT_EQ(std::get<DelayStep>(body[2]).duration, options.word_delay);
  EXPECT_EQ(reply->turn->pauses, options.word_delay);
}

TEST(CozeStream, TheEndIsWhereTheBodySaysSo) {
  Bench bench;
  auto reply = bench.ask("POST", "/v3/chat", chat_body(1));
  ASSERT_TRUE(reply && reply->turn && reply->turn->ends_at);
  const std::string body = body_of(reply->turn->body);
  EXPECT_TRUE(body.substr(*reply->turn->ends_at).starts_with("event:conversation.chat.completed"));
}

TEST(CozeSteps, WordsJoinedAgainAreTheText) {
  EXPECT_EQ(split_words("Hello  big\nworld "),
            (std::vector<std::string_view>{"Hello  ", "big\n", "world "}));
  EXPECT_EQ(split_words(""), std::vector<std::string_view>());
  EXPECT_EQ(split_words(" a"), (std::vector<std::string_view>{" ", "a"}));
}

TEST(CozeSteps, LongWordsAreCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 70; ++i) text += "好";
  const auto words = split_words(text);
  ASSERT_EQ(words.size(), 3U);
  EXPECT_EQ(words[0].size(), 32U * 3);
}

TEST(CozeSteps, ALongEchoHasABoundedNumberOfDeltas) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "ab ";
  const auto steps = make_echo(text, milliseconds(0));
  EXPECT_LE(steps.size(), max_echo_deltas);
  std::string joined;
  for (const TurnStep& step : steps) joined += std::get<TextStep>(step).text;
  EXPECT_EQ(joined, text);
}

RC_GTEST_PROP(CozeSteps, AnyTextIsEchoedWhole, (const std::string& text)) {
  std::string joined;
  for (std::string_view word : split_words(text)) {
    RC_ASSERT(!word.empty());
    joined += word;
  }
  RC_ASSERT(joined == text);
}

Result<std::vector<TurnStep>> decode(std::string_view script) {
  auto parsed = parse_script(script, Dialect{native_step_names});
  if (!parsed) return parsed.error();
  return decode_steps(*parsed->events);
}

TEST(CozeSteps, BrokenOnesAreRefusedByName) {
  for (const std::string script :
       {R"({"events":[{"failed":{"code":true}}]})", R"({"events":[{"error":{"msg":1}}]})",
        R"({"events":[{"refused":{"status":99}}]})", R"({"events":[{"requires_action":{}}]})",
        R"({"events":[{"requires_action":{"submit_tool_outputs":{"tool_calls":[{}]}}}]})",
        R"({"events":[{"message":{"type":"answer"}}]})", R"({"events":[{"audio":"###"}]})",
        R"({"events":[{"follow_up":1}]})", R"({"events":[{"filler":0}]})",
        R"({"events":[{"filler":99999999999}]})"}) {
    EXPECT_FALSE(decode(script)) << script;
  }
  EXPECT_EQ(decode(R"({"events":[{"message":{"type":"answer"}}]})").error().message,
            "message.content: is required");
}

TEST(CozeSteps, NothingFollowsAStepThatEndsTheTurn) {
  auto steps = decode(R"({"events":[{"text":"a"},{"failed":{}},{"text":"b"}]})");
  ASSERT_TRUE(steps);
  EXPECT_EQ(steps->size(), 2U);
}

TEST(CozeSteps, EveryBotsScriptIsWhole) {
  for (const Bot& bot : make_bots(Options())) {
    if (bot.script.empty()) continue;
    auto script = parse_script(bot.script, Dialect{native_step_names});
    ASSERT_TRUE(script) << bot.name << ": " << script.error().message;
    if (!script->events) continue;
    EXPECT_TRUE(decode_steps(*script->events)) << bot.name;
  }
}

}  // namespace
}  // namespace dragoman::emulator::coze
