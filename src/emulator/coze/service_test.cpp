// Calls and their envelopes; the shapes are those of the golden vectors.

#include "emulator/coze/service.hpp"

#include <gtest/gtest.h>

#include "emulator/coze/testing.hpp"

namespace dragoman::emulator::coze {
namespace {

using namespace testing;

// Every member of the vector is there with its type; more is only what `more` names.
void expect_shape(const std::string& vector, const std::string& ours,
                  const std::set<std::string>& more = {}) {
  const auto wanted = Json(read_testdata(vector)).shape();
  const auto got = Json(ours).shape();
  for (const auto& [path, kind] : wanted) {
    const auto found = got.find(path);
    EXPECT_TRUE(found != got.end() && found->second == kind) << vector << " " << path << "\n"
                                                             << ours;
  }
  for (const auto& [path, kind] : got) {
    EXPECT_TRUE(wanted.contains(path) || more.contains(path) || path.starts_with(".detail"))
        << vector << " has no " << path;
  }
}

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
    if (path != ".data[].updated_at") EXPECT_TRUE(shape.contains(path)) << path;
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

TEST(CozeConversations, AreMadeWithSeedMessages) {
  Bench bench;
  const std::string made =
      bench.call("POST", "/v1/conversation/create",
                 R"({"bot_id":"7401000000000000001","meta_data":{"uuid":"newid1234"},"messages":[)"
                 R"({"role":"user","content":"hello","content_type":"text"},)"
                 R"({"role":"assistant","type":"answer","content":"hi","content_type":"text"}]})");
  expect_shape("30-conversation-create/response-1.json", made);
  EXPECT_EQ(Json(made).at("data.id"), Json(made).at("data.last_section_id"));
  const std::string list = bench.call(
      "POST", "/v1/conversation/message/list?conversation_id=" + Json(made).at("data.id"));
  EXPECT_EQ(Json(list).count("data"), 2U);
}

TEST(CozeConversations, AreMadeOfNothing) {
  Bench bench;
  expect_shape("31-conversation-create-empty/response-1.json",
               bench.call("POST", "/v1/conversation/create", "{}"));
}

TEST(CozeConversations, HaveLimits) {
  Bench bench;
  const auto code = [&](const std::string& members) {
    return bench.code("POST", "/v1/conversation/create", "{" + members + "}");
  };
  EXPECT_EQ(code(R"("name":")" + std::string(100, 'n') + "\""), "0");
  EXPECT_EQ(code(R"("name":")" + std::string(101, 'n') + "\""), "4000");
  std::string list;
  for (int i = 0; i < 16; ++i) list += R"({"role":"user","content":"x"},)";
  EXPECT_EQ(code(R"("messages":[)" + list.substr(0, list.size() - 1) + "]"), "0");
  EXPECT_EQ(code(R"("messages":[)" + list + R"({"role":"user","content":"x"}])"), "4004");
  EXPECT_EQ(code(R"("meta_data":{"k":""})"), "4003");
  EXPECT_EQ(code(R"("bot_id":"7401000000000000099")"), "4200");
}

TEST(CozeConversations, AreRetrievedRenamedAndDeleted) {
  Bench bench;
  const std::string id = Json(bench.call("POST", "/v1/conversation/create", "{}")).at("data.id");
  const std::string retrieve = "/v1/conversation/retrieve?conversation_id=" + id;
  const std::string renamed = bench.call("PUT", "/v1/conversations/" + id, R"({"name":"Second"})");
  EXPECT_EQ(Json(renamed).at("data.name"), "Second");
  EXPECT_EQ(Json(bench.call("GET", retrieve)).at("data.name"), "Second");
  EXPECT_EQ(bench.code("PUT", "/v1/conversations/" + id, "{}"), "4000");
  EXPECT_FALSE(Json(bench.call("DELETE", "/v1/conversations/" + id)).has("data"));
  EXPECT_EQ(bench.code("GET", retrieve), "4002");
}

TEST(CozeConversations, RetrievedOnesHaveTheVectorsShape) {
  Bench bench;
  const std::string id =
      Json(bench.call("POST", "/v1/conversation/create", R"({"meta_data":{"uuid":"u"}})"))
          .at("data.id");
  expect_shape("32-conversation-retrieve/response-1.json",
               bench.call("GET", "/v1/conversation/retrieve?conversation_id=" + id));
}

TEST(CozeConversations, AreListedInPages) {
  Bench bench;
  for (int i = 0; i < 3; ++i) {
    bench.call("POST", "/v1/conversation/create",
               R"({"bot_id":"7401000000000000001","meta_data":{"uuid":"u"}})");
  }
  const std::string list = "/v1/conversations?bot_id=7401000000000000001";
  expect_shape("33-conversation-list/response-1.json",
               bench.call("GET", list + "&page_num=1&page_size=20"));
  const Json first(bench.call("GET", list + "&page_size=2&sort_order=ASC"));
  const Json second(bench.call("GET", list + "&page_size=2&sort_order=ASC&page_num=2"));
  EXPECT_EQ(first.at("data.has_more"), "true");
  EXPECT_EQ(second.at("data.has_more"), "false");
  EXPECT_EQ(second.count("data.conversations"), 1U);
  EXPECT_LT(first.at("data.conversations.0.id"), second.at("data.conversations.0.id"));
  EXPECT_EQ(Json(bench.call("GET", list)).at("data.conversations.0.id"),
            second.at("data.conversations.0.id"));
  for (const char* wrong : {"&page_num=0", "&page_size=51", "&sort_order=UP", "&page_size=two"}) {
    EXPECT_EQ(bench.code("GET", list + wrong), "4000") << wrong;
  }
  EXPECT_EQ(bench.code("GET", "/v1/conversations"), "4000");
}

TEST(CozeConversations, AClearedOneBeginsANewSection) {
  Bench bench;
  const std::string id = Json(bench.call("POST", "/v1/conversation/create",
                                         R"({"messages":[{"role":"user","content":"x"}]})"))
                             .at("data.id");
  const std::string cleared = bench.call("POST", "/v1/conversations/" + id + "/clear");
  expect_shape("34-conversation-clear/response-1.json", cleared);
  const Json retrieved(bench.call("GET", "/v1/conversation/retrieve?conversation_id=" + id));
  EXPECT_EQ(retrieved.at("data.last_section_id"), Json(cleared).at("data.id"));
  // What was stored is still listed, but it is no query any more.
  EXPECT_EQ(
      Json(bench.call("POST", "/v1/conversation/message/list?conversation_id=" + id)).count("data"),
      1U);
  EXPECT_EQ(bench.code("POST", "/v3/chat?conversation_id=" + id,
                       R"({"bot_id":"7401000000000000001","user_id":"u"})"),
            "4000");
}

TEST(CozeConversations, OfOthersAreUnknown) {
  Options options;
  options.accounts.push_back({"pat_other", "1", "other"});
  Bench bench(options);
  const std::string id = Json(bench.call("POST", "/v1/conversation/create", "{}")).at("data.id");
  EXPECT_EQ(bench.code("GET", "/v1/conversation/retrieve?conversation_id=" + id, "", 1), "4002");
}

class CozeMessages : public ::testing::Test {
 protected:
  std::string target(const std::string& verb, const std::string& more = "") const {
    return "/v1/conversation/message/" + verb + "?conversation_id=" + conversation + more;
  }
  std::string create(const std::string& content) {
    return bench.call("POST", target("create"),
                      R"({"role":"user","content":")" + content + R"(","content_type":"text"})");
  }

  Bench bench;
  std::string conversation =
      Json(bench.call("POST", "/v1/conversation/create", "{}")).at("data.id");
};

TEST_F(CozeMessages, CreatedOnesHaveNoTypeAndNoBot) {
  const std::string made = create("good morning");
  expect_shape("35-message-create/response-1.json", made);
  EXPECT_EQ(Json(made).at("data.type"), "");
  EXPECT_EQ(Json(made).at("data.bot_id"), "");
}

TEST_F(CozeMessages, AreJudgedLikeThoseOfAChat) {
  EXPECT_EQ(bench.code("POST", target("create"), R"({"role":"system","content":"x"})"), "4000");
  EXPECT_EQ(bench.code("POST", target("create"), R"({"role":"user"})"), "4000");
}

TEST_F(CozeMessages, AreListedInPagesByLastId) {
  for (const char* content : {"1", "2", "3"}) create(content);
  const Json first(bench.call("POST", target("list"), R"({"order":"desc","limit":2})"));
  EXPECT_EQ(first.at("data.0.content"), "3");
  EXPECT_EQ(first.at("has_more"), "true");
  EXPECT_EQ(first.at("first_id"), first.at("data.0.id"));
  EXPECT_EQ(first.at("last_id"), first.at("data.1.id"));
  const Json second(
      bench.call("POST", target("list"),
                 R"({"order":"desc","limit":2,"after_id":")" + first.at("last_id") + "\"}"));
  EXPECT_EQ(second.count("data"), 1U);
  EXPECT_EQ(second.at("data.0.content"), "1");
  EXPECT_EQ(second.at("has_more"), "false");
}

TEST_F(CozeMessages, AreListedUpwardsToo) {
  for (const char* content : {"1", "2", "3"}) create(content);
  const Json first(bench.call("POST", target("list"), R"({"order":"asc","limit":2})"));
  EXPECT_EQ(first.at("data.0.content"), "1");
  const Json second(
      bench.call("POST", target("list"),
                 R"({"order":"asc","limit":2,"after_id":")" + first.at("last_id") + "\"}"));
  EXPECT_EQ(second.at("data.0.content"), "3");
}

TEST_F(CozeMessages, TheOnesBeforeAnIdAreTheNearest) {
  std::string last;
  for (const char* content : {"1", "2", "3", "4"}) last = Json(create(content)).at("data.id");
  const Json page(bench.call("POST", target("list"),
                             R"({"order":"asc","limit":2,"before_id":")" + last + "\"}"));
  EXPECT_EQ(page.at("data.0.content"), "2");
  EXPECT_EQ(page.at("data.1.content"), "3");
  EXPECT_EQ(page.at("has_more"), "true");
}

TEST_F(CozeMessages, AnEmptyListHasZeroIds) {
  bench.content_type = "application/x-www-form-urlencoded";
  expect_shape("37-message-list-no-body/response-1.json", bench.call("POST", target("list")));
  EXPECT_EQ(Json(bench.call("POST", target("list"))).at("last_id"), "0");
}

TEST_F(CozeMessages, TheListHasTheVectorsShape) {
  bench.stream("/v3/chat?conversation_id=" + conversation, chat_body(2));
  const auto shape = Json(bench.call("POST", target("list"))).shape();
  for (const auto& [path, kind] :
       Json(read_testdata("36-message-list-pagination/response-1.json")).shape()) {
    EXPECT_TRUE(shape.contains(path)) << path;
  }
}

TEST_F(CozeMessages, LimitAndOrderAreJudged) {
  for (const char* body :
       {R"({"limit":0})", R"({"limit":51})", R"({"order":"up"})", R"({"chat_id":7})"}) {
    EXPECT_EQ(bench.code("POST", target("list"), body), "4000") << body;
  }
}

TEST_F(CozeMessages, IntermediateOnesAreListedWhenAskedFor) {
  const auto events = bench.stream("/v3/chat?conversation_id=" + conversation, chat_body(3));
  const Json few(bench.call("POST", target("list")));
  const Json all(bench.call("POST", target("list"), R"({"include_middle_message":true})"));
  EXPECT_EQ(few.count("data"), 4U);  // the question, a card, two answers
  EXPECT_EQ(all.count("data"), 8U);  // and knowledge, call, response, end mark
  const Json of_chat(bench.call("POST", target("list"),
                                R"({"chat_id":")" + Json(events[0].data).at("id") + "\"}"));
  EXPECT_EQ(of_chat.count("data"), 4U);
}

TEST_F(CozeMessages, BothFormsOfUpdatedAtOccur) {
  std::set<std::string> kinds;
  for (int i = 0; i < 4; ++i) kinds.insert(Json(create("x")).shape().at(".data.updated_at"));
  EXPECT_EQ(kinds, (std::set<std::string>{"number", "string"}));
}

TEST_F(CozeMessages, AreRetrieved) {
  const std::string id = Json(create("q")).at("data.id");
  const std::string got = bench.call("GET", target("retrieve", "&message_id=" + id));
  EXPECT_EQ(Json(got).at("data.content"), "q");
  EXPECT_EQ(bench.code("GET", target("retrieve", "&message_id=1")), "4200");
  EXPECT_EQ(bench.code("GET", target("retrieve")), "4000");
}

TEST_F(CozeMessages, AModifiedOneStandsUnderMessage) {
  const std::string id = Json(create("q")).at("data.id");
  const std::string changed = bench.call("POST", target("modify", "&message_id=" + id),
                                         R"({"content":"changed","content_type":"text"})");
  expect_shape("39-message-modify/response-1.json", changed);
  EXPECT_EQ(Json(changed).at("message.content"), "changed");
  EXPECT_EQ(Json(bench.call("GET", target("retrieve", "&message_id=" + id))).at("data.content"),
            "changed");
}

TEST_F(CozeMessages, ADeletedAnswerTakesItsIntermediateOnesAlong) {
  bench.stream("/v3/chat?conversation_id=" + conversation, chat_body(2));
  const std::string every = R"({"include_middle_message":true,"order":"asc"})";
  const Json before(bench.call("POST", target("list"), every));
  ASSERT_EQ(before.count("data"), 5U);
  const std::string gone =
      bench.call("POST", target("delete", "&message_id=" + before.at("data.1.id")));
  EXPECT_EQ(Json(gone).at("data.type"), "answer");
  EXPECT_EQ(Json(bench.call("POST", target("list"), every)).count("data"), 1U);
}

TEST(CozeCatalog, HasTheVectorsShapes) {
  Bench bench;
  const std::string space = "7408000000000000001";
  expect_shape("90-bots-list-v1/response-1.json",
               bench.call("GET", "/v1/space/published_bots_list?space_id=" + space));
  expect_shape("91-bots-list-v2/response-1.json",
               bench.call("GET", "/v1/bots?publish_status=all&workspace_id=" + space));
  expect_shape("94-workspaces-list/response-1.json", bench.call("GET", "/v1/workspaces"));
  expect_shape("95-users-me/response-1.json", bench.call("GET", "/v1/users/me"));
}

TEST(CozeCatalog, ABotHasTheVectorsMembers) {
  Bench bench;
  const auto one = Json(bench.call("GET", "/v1/bots/7401000000000000001")).shape();
  EXPECT_EQ(one,
            Json(bench.call("GET", "/v1/bot/get_online_info?bot_id=7401000000000000001")).shape());
  for (const auto& [path, kind] :
       Json(read_testdata("93-bot-retrieve-v2/response-1.json")).shape()) {
    if (path.find("_list[]") != std::string::npos) continue;  // ours has no plugins and workflows
    EXPECT_TRUE(one.contains(path) && one.at(path) == kind) << path;
  }
}

TEST(CozeCatalog, DraftsAreShownOnlyWhenAskedFor) {
  Bench bench;
  const std::string list = "/v1/bots?page_size=50&workspace_id=7408000000000000001";
  EXPECT_EQ(Json(bench.call("GET", list)).count("data.items"), 20U);
  EXPECT_EQ(Json(bench.call("GET", list + "&publish_status=unpublished_draft")).count("data.items"),
            1U);
  EXPECT_EQ(Json(bench.call("GET", list + "&publish_status=all")).at("data.total"), "21");
  EXPECT_EQ(bench.code("GET", "/v1/bots/7401000000000000021"), "4200");
  EXPECT_EQ(bench.code("GET", "/v1/bots/7401000000000000021?is_published=false"), "0");
}

TEST(CozeCatalog, BotsComeInPagesByEitherName) {
  Bench bench;
  const std::string list = "/v1/bots?page_size=15&workspace_id=7408000000000000001";
  EXPECT_EQ(Json(bench.call("GET", list)).count("data.items"), 15U);
  EXPECT_EQ(Json(bench.call("GET", list + "&page_num=2")).count("data.items"), 5U);
  EXPECT_EQ(Json(bench.call("GET", list + "&page_index=2")).count("data.items"), 5U);
}

TEST(CozeCatalog, AForeignWorkspaceNeedsAPermission) {
  Bench bench;
  EXPECT_EQ(bench.code("GET", "/v1/bots?workspace_id=1"), "4101");
  EXPECT_EQ(bench.code("GET", "/v1/bots"), "4000");
}

TEST(CozeRoutes, UnknownOnesAreNone) {
  std::string_view id;
  for (const char* path : {"/", "/v3/chats", "/v1/conversations/", "/v1/conversations/1/clear/2",
                           "/v1/workflow/run", "/v1/files/upload"}) {
    EXPECT_EQ(find_route("POST", path, id), nullptr) << path;
  }
  EXPECT_EQ(find_route("GET", "/v3/chat", id), nullptr);
  EXPECT_NE(find_route("DELETE", "/v1/conversations/12", id), nullptr);
  EXPECT_EQ(id, "12");
}

TEST(CozeService, TokensOpenTheirAccounts) {
  Bench bench;
  const Account* account = bench.service.authenticate("Bearer pat_emulator");
  ASSERT_NE(account, nullptr);
  EXPECT_EQ(account->user_id, "2478774393250001");
  EXPECT_NE(bench.service.authenticate("bearer pat_emulator"), nullptr);
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer pat_other", "Basic pat_emulator",
                            "pat_emulator", "Bearer pat_emulator "}) {
    EXPECT_EQ(bench.service.authenticate(wrong), nullptr) << wrong;
  }
}

TEST(CozeService, EnvelopesEndWithoutALineBreak) {
  EXPECT_EQ(make_envelope(Refusal{4000, "no"}, "L"),
            R"({"code":4000,"msg":"no","detail":{"logid":"L"}})");
  EXPECT_EQ(make_envelope("", "L"), R"({"code":0,"msg":"","detail":{"logid":"L"}})");
}

TEST(CozeQuery, EscapesAreUndoneAndBrokenOnesStay) {
  const Query query("a=1%202+3&b=100%&c=%zz&d&e=x=y&a=second");
  EXPECT_EQ(query.text("a"), "1 2 3");
  EXPECT_EQ(query.text("b"), "100%");
  EXPECT_EQ(query.text("c"), "%zz");
  EXPECT_TRUE(query.has("d"));
  EXPECT_EQ(query.text("e"), "x=y");
  EXPECT_EQ(query.text("f", "none"), "none");
}

}  // namespace
}  // namespace dragoman::emulator::coze
