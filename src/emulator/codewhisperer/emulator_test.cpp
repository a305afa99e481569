// The emulator without sockets: what it says to a request. socket_test.cpp has the wire.

#include "emulator/codewhisperer/emulator.hpp"

#include <gtest/gtest.h>

#include "emulator/codewhisperer/frame.hpp"
#include "emulator/codewhisperer/stream.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

constexpr std::string_view hello =
    R"({"conversationState":{"chatTriggerType":"MANUAL","conversationId":"c1",)"
    R"("currentMessage":{"userInputMessage":{"content":"Say  hello now"}}}})";

std::string body_of(const Answer& answer) {
  std::string out;
  for (const Piece& piece : answer.body)
    if (const auto* bytes = std::get_if<Bytes>(&piece)) out += bytes->bytes;
  return out;
}

std::string header_of(const Answer& answer, std::string_view name) {
  for (const HeaderField& field : answer.headers)
    if (field.name == name) return field.value;
  return {};
}

std::string chat_body(std::string_view text) {
  std::string escaped;
  json::append_escaped(escaped, text);
  return R"({"conversationState":{"chatTriggerType":"MANUAL","currentMessage":{"userInputMessage":)"
         R"({"content":")" +
         escaped + "\"}}}}";
}

class Emulator : public ::testing::Test {
 protected:
  struct Call {
    std::string method = "POST";
    std::string target = "/generateAssistantResponse";
    std::vector<HeaderField> headers{{"content-type", "application/json"},
                                     {"authorization", "Bearer demo-access-token"}};
    std::string body = std::string(hello);
  };

  Reply send(const Call& call) {
    net::Request request;
    request.method = call.method;
    request.target = call.target;
    const auto mark = call.target.find('?');
    request.path = request.target.substr(0, mark);
    if (mark != std::string::npos) request.query = request.target.substr(mark + 1);
    for (const HeaderField& field : call.headers) request.headers.add(field.name, field.value);
    return emulator->reply_to(request, call.body);
  }
  static Call rpc(std::string_view target, std::string_view body = hello) {
    return {"POST",
            "/",
            {{"content-type", "application/x-amz-json-1.0"},
             {"x-amz-target", std::string(target)},
             {"authorization", "Bearer demo-access-token"}},
            std::string(body)};
  }
  Reply admin(std::string_view route, std::string_view body) {
    return send({"POST", "/_emulator/" + std::string(route), {}, std::string(body)});
  }

  net::Worker worker;
  std::unique_ptr<CodewhispererEmulator> emulator =
      std::make_unique<CodewhispererEmulator>(worker, Options());
};

TEST_F(Emulator, EchoesWordByWordWithTheUsualTail) {
  const Reply reply = send({});
  EXPECT_EQ(reply.answer.status, 200);
  EXPECT_EQ(header_of(reply.answer, "content-type"), "application/vnd.amazon.eventstream");
  EXPECT_EQ(header_of(reply.answer, "x-amzn-codewhisperer-conversation-id"), "c1");
  EXPECT_EQ(header_of(reply.answer, "x-amzn-requestid").size(), 36U);
  const std::string expected =
      encode_event("assistantResponseEvent", R"({"content":"Say  "})") +
      encode_event("assistantResponseEvent", R"({"content":"hello "})") +
      encode_event("assistantResponseEvent", R"({"content":"now"})") +
      encode_event(
          "metadataEvent",
          R"({"tokenUsage":{"uncachedInputTokens":3,"outputTokens":3,"totalTokens":6,)"
          R"("cacheReadInputTokens":0,"cacheWriteInputTokens":0},"stopReason":"END_TURN"})") +
      encode_event("contextUsageEvent", R"({"contextUsagePercentage":0.001})") +
      encode_event("meteringEvent", R"({"unit":"credit","unitPlural":"credits","usage":0.05})");
  EXPECT_EQ(body_of(reply.answer), expected);
  EXPECT_EQ(reply.answer.body.size(), 6U);
}

TEST_F(Emulator, BeginsWithInitialResponseInTheRpcBindingOnly) {
  const Reply reply = send(rpc("AmazonCodeWhispererStreamingService.GenerateAssistantResponse"));
  EXPECT_EQ(std::get<Bytes>(reply.answer.body.at(0)).bytes,
            encode_event("initial-response", R"({"conversationId":"c1"})"));
  EXPECT_EQ(header_of(reply.answer, "x-amzn-codewhisperer-conversation-id"), "");
  const Reply sent = send(rpc("AmazonCodeWhispererStreamingService.SendMessage"));
  EXPECT_EQ(std::get<Bytes>(sent.answer.body.at(0)).bytes, encode_event("initial-response", "{}"));
}

TEST_F(Emulator, SpeaksScriptsFromTheMessage) {
  const Reply reply = send(
      {.body = chat_body(
           R"(!mock {"events":[{"text":"Hi"},{"wait":"go"},{"reasoning":"hm"},{"usage":{"input":5,"output":7}},
         {"event":"toolUseEvent","data":{"name":"get"}}]})")});
  ASSERT_EQ(reply.answer.body.size(), 7U);
  EXPECT_EQ(std::get<WaitStep>(reply.answer.body[1]).signal, "go");
  EXPECT_EQ(std::get<Bytes>(reply.answer.body[2]).bytes,
            encode_event("reasoningContentEvent", R"({"text":"hm"})"));
  const std::string metadata = std::get<Bytes>(reply.answer.body[4]).bytes;
  EXPECT_NE(metadata.find(R"("uncachedInputTokens":5,"outputTokens":7,"totalTokens":12)"),
            std::string::npos);
  EXPECT_NE(metadata.find("TOOL_USE"), std::string::npos);
}

TEST_F(Emulator, EndsAStreamWithItsException) {
  const Reply reply = send(
      {.body = chat_body(
           R"(!mock {"events":[{"text":"par"},{"exception":{"type":"ThrottlingException","message":"Too many requests.","reason":"INSUFFICIENT_MODEL_CAPACITY"}}]})")});
  EXPECT_EQ(body_of(reply.answer),
            encode_event("assistantResponseEvent", R"({"content":"par"})") +
                encode_exception(
                    "ThrottlingException",
                    R"({"message":"Too many requests.","reason":"INSUFFICIENT_MODEL_CAPACITY"})"));
}

TEST_F(Emulator, SendsErrorFramesAndRawBytes) {
  const Reply reply = send(
      {.body = chat_body(
           R"(!mock {"tail":false,"events":[{"raw_base64":"AAEC"},{"error_frame":{"code":"InternalError","message":"An internal server error occurred"}}]})")});
  EXPECT_EQ(body_of(reply.answer),
            std::string("\0\1\2", 3) +
                encode_error("InternalError", "An internal server error occurred"));
}

TEST_F(Emulator, EchoesTheTextBehindAScriptOfFaults) {
  const Reply reply = send({.body = chat_body(R"(!mock {"write_bytes":1} well then)")});
  EXPECT_EQ(reply.faults.write_bytes, 1U);
  EXPECT_NE(body_of(reply.answer).find(R"({"content":"well "})"), std::string::npos);
  EXPECT_EQ(body_of(reply.answer).find("mock"), std::string::npos);
}

TEST_F(Emulator, SaysWhatIsWrongWithAScript) {
  const Reply reply = send({.body = chat_body(R"(!mock {"events":[{"failed":{}}]})")});
  EXPECT_EQ(reply.answer.status, 400);
  EXPECT_NE(body_of(reply.answer).find("events.0.failed: is not a step of this emulator"),
            std::string::npos);
}

TEST_F(Emulator, TakesQueuedScriptsOnce) {
  const Reply done = admin("script", R"({"operation":"chat","answer":{"status":429,
      "headers":{"x-amzn-errortype":"ThrottlingException","retry-after":"2"},
      "body":"{\"message\":\"Too many requests.\",\"reason\":null}"}})");
  EXPECT_EQ(done.answer.status, 200) << body_of(done.answer);
  const Reply first = send({});
  EXPECT_EQ(first.answer.status, 429);
  EXPECT_EQ(header_of(first.answer, "retry-after"), "2");
  EXPECT_EQ(header_of(first.answer, "x-amzn-requestid").size(), 36U);
  EXPECT_EQ(send({}).answer.status, 200);
}

TEST_F(Emulator, ChecksScriptsWhenTheyAreQueued) {
  EXPECT_EQ(
      body_of(
          admin("script", R"({"operation":"chat","answer":{"events":[{"exception":{}}]}})").answer),
      R"({"error":"answer.events.0.exception: needs a type"})");
  EXPECT_EQ(admin("script", R"({"operation":"token","answer":{"events":[]}})").answer.status, 400);
}

TEST_F(Emulator, RefusesBearersItDoesNotKnow) {
  const std::string expected =
      R"({"message":"The bearer token included in the request is invalid.","reason":null})";
  for (const std::vector<HeaderField>& authorization :
       {std::vector<HeaderField>{},
        {{"authorization", "Bearer nobody"}},
        {{"authorization", "demo-access-token"}},
        {{"authorization", "Bearer ksk_emulator"}},
        {{"authorization", "Bearer demo-access-token"}, {"tokentype", "API_KEY"}},
        {{"authorization", "Bearer demo-access-token"}, {"tokentype", "EXTERNAL_IDP"}}}) {
    Call call;
    call.headers = authorization;
    call.headers.push_back({"content-type", "application/json"});
    const Reply reply = send(call);
    EXPECT_EQ(reply.answer.status, 403);
    EXPECT_EQ(header_of(reply.answer, "x-amzn-errortype"), "AccessDeniedException");
    EXPECT_EQ(body_of(reply.answer), expected);
  }
}

TEST_F(Emulator, TakesAnApiKeyWithItsTokenType) {
  Call call;
  call.headers = {{"authorization", "Bearer ksk_emulator"},
                  {"tokentype", "API_KEY"},
                  {"content-type", "application/json"}};
  EXPECT_EQ(send(call).answer.status, 200);
}

TEST_F(Emulator, IsTerseAboutBrokenRulesUnlessAskedToExplain) {
  const Reply terse = send({.body = chat_body("")});
  EXPECT_EQ(terse.answer.status, 400);
  EXPECT_EQ(body_of(terse.answer), R"({"message":"Improperly formed request.","reason":null})");
  EXPECT_EQ(header_of(terse.answer, "x-amzn-errortype"), "ValidationException");
  EXPECT_TRUE(terse.refused.starts_with("4: content is not empty"));

  Options options;
  options.explain_errors = true;
  emulator = std::make_unique<CodewhispererEmulator>(worker, options);
  EXPECT_NE(body_of(send({.body = chat_body("")}).answer).find("4: content is not empty"),
            std::string::npos);
}

TEST_F(Emulator, PutsTheErrorTypeIntoTheBodyInTheRpcBinding) {
  const Reply reply = send(rpc("AmazonCodeWhispererStreamingService.SendMessage", "{}"));
  EXPECT_EQ(reply.answer.status, 400);
  EXPECT_EQ(header_of(reply.answer, "x-amzn-errortype"), "");
  EXPECT_TRUE(body_of(reply.answer)
                  .starts_with(R"({"__type":"com.amazon.aws.codewhisperer#ValidationException")"));
}

TEST_F(Emulator, DoesNotKnowOtherOperations) {
  EXPECT_EQ(send({.target = "/nothing"}).answer.status, 404);
  EXPECT_EQ(send({.method = "GET"}).answer.status, 404);
  const Reply reply = send(rpc("AmazonCodeWhispererStreamingService.Nothing"));
  EXPECT_EQ(reply.answer.status, 404);
  EXPECT_EQ(body_of(reply.answer),
            R"({"__type":"com.amazon.coral.service#UnknownOperationException"})");
}

TEST_F(Emulator, WantsTheContentTypeOfTheBinding) {
  Call call;
  call.headers[0].value = "text/plain";
  EXPECT_EQ(send(call).answer.status, 400);
  call.headers[0].value = "application/json; charset=utf-8";
  EXPECT_EQ(send(call).answer.status, 200);
  call.headers.push_back({"x-amz-target", "AmazonCodeWhispererStreamingService.SendMessage"});
  EXPECT_EQ(send(call).answer.status, 400);
}

TEST_F(Emulator, ListsModelsForAnOrigin) {
  Call call{.method = "GET", .target = "/ListAvailableModels?origin=AI_EDITOR", .body = ""};
  call.headers.erase(call.headers.begin());
  const Reply reply = send(call);
  EXPECT_EQ(reply.answer.status, 200);
  EXPECT_NE(body_of(reply.answer).find(R"("modelId":"claude-sonnet-4.5")"), std::string::npos);
  call.target = "/ListAvailableModels";
  EXPECT_EQ(send(call).answer.status, 400);
  EXPECT_EQ(send(rpc("AmazonCodeWhispererService.ListAvailableModels", R"({"origin":"CLI"})"))
                .answer.status,
            200);
}

TEST_F(Emulator, AnswersTheOtherOperations) {
  Call limits{.method = "GET", .target = "/getUsageLimits?origin=AI_EDITOR", .body = ""};
  EXPECT_NE(body_of(send(limits).answer).find(R"("resourceType":"CREDIT")"), std::string::npos);
  EXPECT_EQ(body_of(send({.target = "/ListAvailableProfiles", .body = "{}"}).answer),
            R"({"profiles":[]})");
  EXPECT_EQ(send({.target = "/GetProfile", .body = "{}"}).answer.status, 400);
  const Reply search =
      send({.target = "/mcp", .body = R"({"id":"1","jsonrpc":"2.0","method":"tools/call",
      "params":{"name":"web_search","arguments":{"query":"weather"}}})"});
  EXPECT_TRUE(body_of(search.answer).starts_with(R"({"id":"1","jsonrpc":"2.0","result":)"));
}

TEST_F(Emulator, ServesTheApprovalPage) {
  const Reply page = send({.method = "GET", .target = "/device?user_code=NONE", .headers = {}});
  EXPECT_EQ(page.answer.status, 404);
  EXPECT_NE(body_of(page.answer).find("This sign-in is emulated"), std::string::npos);
}

TEST_F(Emulator, SignInAnswersAreScriptedToo) {
  admin("script", R"({"operation":"token","answer":{"before":[{"wait":"go"}],"cut_at":0}})");
  const Reply reply = send({.target = "/token", .body = "{}"});
  EXPECT_EQ(reply.before, (std::vector<Pause>{WaitStep{"go"}}));
  EXPECT_EQ(reply.faults.cut_at, 0U);
  EXPECT_EQ(reply.answer.status, 400);  // the usual answer to {}
}

TEST(SplitWords, LosesNothing) {
  for (std::string_view text : {"", " ", "a", "a b", "  a  b\n", "\n\n", "ä ö"}) {
    std::string joined;
    for (const std::string& word : split_words(text)) joined += word;
    EXPECT_EQ(joined, text);
  }
  EXPECT_EQ(split_words(" a  b"), (std::vector<std::string>{" a  ", "b"}));
}

}  // namespace
}  // namespace dragoman::emulator::codewhisperer
