// Chats without sockets: answers, states and refusals, in the shapes of the golden vectors.

#include <gtest/gtest.h>

#include "emulator/coze/testing.hpp"

namespace dragoman::emulator::coze {
namespace {

using namespace testing;

constexpr std::string_view not_streamed = R"("stream":false)";
const std::set<std::string> chat_extras{".data.usage",
                                        ".data.usage.token_count",
                                        ".data.usage.output_count",
                                        ".data.usage.input_count",
                                        ".data.section_id",
                                        ".data.last_error",
                                        ".data.last_error.code",
                                        ".data.last_error.msg",
                                        ".data.completed_at",
                                        ".data.inserted_additional_messages",
                                        ".data.inserted_additional_messages[]",
                                        ".data.inserted_additional_messages[].id"};
const std::set<std::string> message_extras{".data[].meta_data", ".data[].reasoning_content",
                                           ".data[].created_at", ".data[].updated_at"};

std::string ids_of(const std::string& chat) {
  const Json json(chat);
  return "?conversation_id=" + json.at("data.conversation_id") + "&chat_id=" + json.at("data.id");
}

std::string cancel_body(const std::string& chat) {
  const Json json(chat);
  return R"({"conversation_id":")" + json.at("data.conversation_id") + R"(","chat_id":")" +
         json.at("data.id") + R"("})";
}

TEST(CozeChat, WithoutAStreamItIsPolledAndListed) {
  Bench bench;
  const std::string made = bench.call("POST", "/v3/chat", chat_body(1, not_streamed));
  expect_shape("12-chat-nonstream-poll/response-1.json", made, chat_extras);
  EXPECT_EQ(Json(made).at("data.status"), "in_progress");

  const std::string first = bench.call("POST", "/v3/chat/retrieve" + ids_of(made));
  expect_shape("12-chat-nonstream-poll/response-2.json", first, chat_extras);
  EXPECT_EQ(Json(first).at("data.status"), "in_progress");

  const std::string second = bench.call("GET", "/v3/chat/retrieve" + ids_of(made));
  expect_shape("12-chat-nonstream-poll/response-3.json", second, chat_extras);
  EXPECT_EQ(Json(second).at("data.status"), "completed");

  const std::string list = bench.call("GET", "/v3/chat/message/list" + ids_of(made));
  EXPECT_EQ(Json(list).count("data"), 2U);
  EXPECT_EQ(Json(list).at("data.0.type"), "verbose");  // not in the order of time
  EXPECT_EQ(Json(list).at("data.1.content"), "Hello big world");
}

TEST(CozeChat, TheListOfItsMessagesHasTheVectorsShape) {
  Options options;
  options.polls_in_progress = 0;
  Bench bench(options);
  const std::string made = bench.call("POST", "/v3/chat", chat_body(2, not_streamed));
  bench.call("GET", "/v3/chat/retrieve" + ids_of(made));
  // updated_at is a string for some ids; the vector has numbers: not compared.
  const auto shape = Json(bench.call("GET", "/v3/chat/message/list" + ids_of(made))).shape();
  for (const auto& [path, kind] :
       Json(read_testdata("12-chat-nonstream-poll/response-4.json")).shape()) {
    if (path == ".data[].updated_at") continue;
    EXPECT_TRUE(shape.contains(path)) << path;
  }
}

TEST(CozeChat, AToolIsAskedForAndTheTurnGoesOnWithoutAStream) {
  Options options;
  options.polls_in_progress = 0;
  Bench bench(options);
  const std::string made = bench.call("POST", "/v3/chat", chat_body(4, not_streamed));
  const std::string waiting = bench.call("POST", "/v3/chat/retrieve" + ids_of(made));
  EXPECT_EQ(Json(waiting).at("data.status"), "requires_action");
  const std::string call = "data.required_action.submit_tool_outputs.tool_calls.0.";
  EXPECT_EQ(Json(waiting).at(call + "function.name"), "get_rain_probability");
  expect_shape("13-chat-nonstream-requires-action/response-3.json",
               bench.call("GET", "/v3/chat/message/list" + ids_of(made)), message_extras);

  const std::string body = R"({"tool_outputs":[{"tool_call_id":")" + Json(waiting).at(call + "id") +
                           R"(","output":"50%"}]})";
  const std::string resumed =
      bench.call("POST", "/v3/chat/submit_tool_outputs" + ids_of(made), body);
  expect_shape("05-chat-submit-tool-outputs-nonstream/response-1.json", resumed, chat_extras);
  EXPECT_EQ(Json(resumed).at("data.id"), Json(made).at("data.id"));
  const std::string done = bench.call("GET", "/v3/chat/retrieve" + ids_of(made));
  EXPECT_EQ(Json(done).at("data.status"), "completed");
  EXPECT_FALSE(Json(done).has("data.required_action"));
}

TEST(CozeChat, AToolIsAskedForAndTheTurnGoesOnAsAStream) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(4));
  const Json waiting(events[3].data);
  const std::string target =
      "/v3/chat/submit_tool_outputs?conversation_id=" + waiting.at("conversation_id") +
      "&chat_id=" + waiting.at("id");
  const auto more =
      bench.stream(target, R"({"stream":true,"tool_outputs":[{"tool_call_id":")" +
                               waiting.at("required_action.submit_tool_outputs.tool_calls.0.id") +
                               R"(","output":"{\"probability\":0.5}"}]})");
  const auto vector =
      read_strictly(read_testdata("04-chat-submit-tool-outputs-stream/response-1.sse"));
  ASSERT_GE(more.size(), 3U);
  EXPECT_EQ(more[0].name, vector[0].name);  // no "created"
  EXPECT_EQ(more[1].name, vector[1].name);
  EXPECT_EQ(Json(more[1].data).at("type"), "tool_response");
  EXPECT_EQ(Json(more[1].data).at("content"), R"({"probability":0.5})");
  EXPECT_EQ(Json(more[0].data).at("id"), waiting.at("id"));
  EXPECT_EQ(more.back().name, "done");
}

TEST(CozeChat, OutputsMustAnswerExactlyThePendingCalls) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(4));
  const Json waiting(events[3].data);
  const std::string target =
      "/v3/chat/submit_tool_outputs?conversation_id=" + waiting.at("conversation_id") +
      "&chat_id=" + waiting.at("id");
  EXPECT_EQ(
      bench.code("POST", target, R"({"tool_outputs":[{"tool_call_id":"other","output":""}]})"),
      "4000");
}

TEST(CozeChat, OutputsForAChatThatWaitsForNoneAreRefused) {
  Bench bench;
  const std::string made = bench.call("POST", "/v3/chat", chat_body(1, not_streamed));
  EXPECT_EQ(bench.code("POST", "/v3/chat/submit_tool_outputs" + ids_of(made),
                       R"({"tool_outputs":[{"tool_call_id":"a","output":""}]})"),
            "4001");
}

TEST(CozeChat, OutputsForAnUnsavedChatAreAnInternalError) {
  Bench bench;
  const auto events =
      bench.stream("/v3/chat", chat_body(4, R"("stream":true,"auto_save_history":false)"));
  const Json waiting(events[3].data);
  EXPECT_EQ(bench.code("POST",
                       "/v3/chat/submit_tool_outputs?conversation_id=" +
                           waiting.at("conversation_id") + "&chat_id=" + waiting.at("id"),
                       R"({"tool_outputs":[{"tool_call_id":"a","output":""}]})"),
            "5000");
}

TEST(CozeChat, AnUnpublishedBotIsRefusedInTheServicesWords) {
  Bench bench;
  const Json vector(read_testdata("09-chat-stream-json-error-body/response-1.json"));
  std::string msg = vector.at("msg");
  msg.replace(msg.find("0001 has"), 4, "0021");
  const Json ours(bench.call("POST", "/v3/chat", chat_body(21)));
  EXPECT_EQ(ours.at("code"), "4015");
  EXPECT_EQ(ours.at("msg"), msg);
}

TEST(CozeChat, ADraftCanBeTriedOut) {
  Bench bench;
  EXPECT_EQ(bench.code("POST", "/v3/chat",
                       chat_body(21, R"("stream":false,"publish_status":"unpublished_draft")")),
            "0");
}

TEST(CozeChat, ABotIsNotPublishedToUnknownChannels) {
  Bench bench;
  EXPECT_EQ(bench.code("POST", "/v3/chat", chat_body(1, R"("connector_id":"77")")), "4015");
  EXPECT_EQ(bench.code("POST", "/v3/chat", chat_body(1, R"("connector_id":"999")")), "0");
}

TEST(CozeChat, AnUnknownBotDoesNotExist) {
  Bench bench;
  const Json ours(bench.call("POST", "/v3/chat", chat_body(99)));
  EXPECT_EQ(ours.at("code"), "4200");
  EXPECT_EQ(ours.at("msg"), "Requested resource bot_id=7401000000000000099 does not exist");
}

TEST(CozeChat, UnsavedWithoutAStreamIsRefusedInTheServicesWords) {
  Bench bench;
  const Json vector(read_testdata("14-chat-nonstream-error-4007/response-1.json"));
  const Json ours(
      bench.call("POST", "/v3/chat", chat_body(1, R"("stream":false,"auto_save_history":false)")));
  EXPECT_EQ(ours.at("code"), vector.at("code"));
  EXPECT_EQ(ours.at("msg"), vector.at("msg"));
}

TEST(CozeChat, OneChatAtATimeRunsInAConversation) {
  Bench bench;
  const std::string made = bench.call("POST", "/v3/chat", chat_body(1, not_streamed));
  const std::string target = "/v3/chat?conversation_id=" + Json(made).at("data.conversation_id");
  EXPECT_EQ(bench.code("POST", target, chat_body(1, not_streamed)), "4016");
  const auto events = bench.stream(target, chat_body(1));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ("event:" + events[0].name + "\ndata:" + events[0].data + "\n\n",
            read_testdata("08-chat-stream-error-event/response-1.sse"));
}

TEST(CozeChat, TheConversationIsFreeAfterTheTurn) {
  Bench bench;
  const auto events = bench.stream("/v3/chat", chat_body(1));
  const std::string target =
      "/v3/chat?conversation_id=" + Json(events[0].data).at("conversation_id");
  const auto more = bench.stream(target, chat_body(1));
  EXPECT_EQ(more.back().name, "done");
  // The first question and its answer are context now: 4 + 4 tokens beside the prompt and its own.
  EXPECT_EQ(Json(more[7].data).at("usage.input_count"), "112");
}

TEST(CozeChat, AnUnknownConversationIsRefused) {
  Bench bench;
  EXPECT_EQ(bench.code("POST", "/v3/chat?conversation_id=7402000000000000001", chat_body(1)),
            "4002");
  EXPECT_EQ(bench.code("POST", "/v3/chat?conversation_id=abc", chat_body(1)), "4000");
}

TEST(CozeChat, AnEmptyConversationNeedsAMessage) {
  Bench bench;
  const std::string body = R"({"bot_id":"7401000000000000001","user_id":"u")";
  EXPECT_EQ(bench.code("POST", "/v3/chat", body + "}"), "4000");
  EXPECT_EQ(bench.code("POST", "/v3/chat", body + R"(,"shortcut_command":{"command_id":"1"}})"),
            "0");
}

TEST(CozeChat, AStoredMessageCanBeTheQuery) {
  Bench bench;
  const std::string made = bench.call("POST", "/v1/conversation/create",
                                      R"({"messages":[{"role":"user","content":"stored words"}]})");
  const auto events =
      bench.stream("/v3/chat?conversation_id=" + Json(made).at("data.id"),
                   R"({"bot_id":"7401000000000000001","user_id":"u","stream":true})");
  ASSERT_GE(events.size(), 3U);
  EXPECT_EQ(Json(events[2].data).at("content"), "stored ");
}

TEST(CozeChat, UnsavedOnesCannotBeLookedUp) {
  Bench bench;
  const auto events =
      bench.stream("/v3/chat", chat_body(1, R"("stream":true,"auto_save_history":false)"));
  const Json chat(events[0].data);
  EXPECT_FALSE(chat.has("inserted_additional_messages"));
  const std::string ids =
      "?conversation_id=" + chat.at("conversation_id") + "&chat_id=" + chat.at("id");
  EXPECT_EQ(bench.code("GET", "/v3/chat/retrieve" + ids), "4200");
  EXPECT_EQ(bench.code("GET", "/v3/chat/message/list" + ids), "4200");
  EXPECT_EQ(Json(bench.call("POST", "/v1/conversation/message/list?conversation_id=" +
                                        chat.at("conversation_id")))
                .count("data"),
            0U);
}

TEST(CozeChat, IdsOfLookUpsAreRequired) {
  Bench bench;
  EXPECT_EQ(bench.code("GET", "/v3/chat/retrieve"), "4000");
  EXPECT_EQ(bench.code("GET", "/v3/chat/retrieve?conversation_id=1&chat_id=x"), "4000");
  EXPECT_EQ(bench.code("POST", "/v3/chat/cancel", "{}"), "4000");
}

TEST(CozeChat, ARunningOneCanBeCancelledOnce) {
  Bench bench;
  const std::string made = bench.call("POST", "/v3/chat", chat_body(1, not_streamed));
  const std::string cancelled = bench.call("POST", "/v3/chat/cancel", cancel_body(made));
  expect_shape("15-chat-cancel/response-1.json", cancelled, chat_extras);
  EXPECT_EQ(Json(cancelled).at("data.status"), "canceled");
  EXPECT_EQ(bench.code("POST", "/v3/chat/cancel", cancel_body(made)), "4104");
  EXPECT_EQ(bench.code("POST", "/v3/chat?conversation_id=" + Json(made).at("data.conversation_id"),
                       chat_body(1, not_streamed)),
            "0");
}

TEST(CozeChat, AnEndedOneOrOneThatWaitsCannotBeCancelled) {
  Bench bench;
  for (int bot : {1, 4, 5}) {
    const Json chat(bench.stream("/v3/chat", chat_body(bot))[0].data);
    const std::string body = R"({"conversation_id":")" + chat.at("conversation_id") +
                             R"(","chat_id":")" + chat.at("id") + R"("})";
    EXPECT_EQ(bench.code("POST", "/v3/chat/cancel", body), "4104") << bot;
  }
}

TEST(CozeChat, ARefusingBotAnswersAnEnvelopeToBoth) {
  Bench bench;
  EXPECT_EQ(bench.code("POST", "/v3/chat", chat_body(8)), "4011");
  EXPECT_EQ(bench.code("POST", "/v3/chat", chat_body(8, not_streamed)), "4011");
}

TEST(CozeChat, AnErrorEventIsAnEnvelopeWhenNothingStreams) {
  Bench bench;
  EXPECT_EQ(bench.code("POST", "/v3/chat", chat_body(7, not_streamed)), "5000");
}

TEST(CozeChat, AFailedOneSaysSoWhenPolled) {
  Options options;
  options.polls_in_progress = 0;
  Bench bench(options);
  const std::string made = bench.call("POST", "/v3/chat", chat_body(5, not_streamed));
  const Json failed(bench.call("GET", "/v3/chat/retrieve" + ids_of(made)));
  EXPECT_EQ(failed.at("data.status"), "failed");
  EXPECT_EQ(failed.at("data.last_error.msg"), "event interval error");
}

TEST(CozeChat, AQueuedScriptIsTakenByAGoodRequestOnly) {
  Bench bench;
  bench.queued =
      parse_script(R"({"events":[{"text":"queued"}]})", Dialect{native_step_names}).value();
  EXPECT_EQ(bench.code("POST", "/v3/chat", chat_body(99)), "4200");
  EXPECT_TRUE(bench.queued.has_value());
  const auto events = bench.stream("/v3/chat", chat_body(1));
  EXPECT_EQ(Json(events[2].data).at("content"), "queued");
}

TEST(CozeChat, AScriptInTheMessageGoesBeforeTheQueue) {
  Bench bench;
  bench.queued = Script();
  const auto events = bench.stream(
      "/v3/chat", chat_body(2, R"("stream":true)", R"(!mock {"events":[{"text":"mine"}]})"));
  EXPECT_EQ(Json(events[2].data).at("content"), "mine");
  EXPECT_TRUE(bench.queued.has_value());
}

TEST(CozeChat, AScriptWithoutEventsEchoesTheRest) {
  Bench bench;
  const auto events =
      bench.stream("/v3/chat", chat_body(1, R"("stream":true)", R"(!mock {"write_bytes":1} hi)"));
  EXPECT_EQ(Json(events[2].data).at("content"), "hi");
}

TEST(CozeChat, ABrokenScriptIsRefused) {
  Bench bench;
  for (const char* text : {"!mock {", R"(!mock {"events":[{"nonsense":1}]})",
                           R"(!mock {"events":[{"message":{}}]})"}) {
    EXPECT_EQ(bench.code("POST", "/v3/chat", chat_body(1, R"("stream":true)", text)), "4000")
        << text;
  }
}

TEST(CozeChat, TheBodyMustBeJson) {
  Bench bench;
  EXPECT_EQ(bench.code("POST", "/v3/chat", "{"), "4000");
  bench.content_type = "text/plain";
  EXPECT_EQ(bench.code("POST", "/v3/chat", chat_body(1)), "4000");
  bench.content_type = "Application/JSON; charset=utf-8";
  EXPECT_EQ(bench.code("POST", "/v3/chat", chat_body(1, not_streamed)), "0");
}

}  // namespace
}  // namespace dragoman::emulator::coze
