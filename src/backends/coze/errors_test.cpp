#include "backends/coze/errors.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "json/reader.hpp"

namespace dragoman::coze {
namespace {

using namespace std::chrono_literals;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The first recorded answer of a folder of vectors, judged.
Error refusal(std::string_view folder) {
  const std::filesystem::path path = std::string(DRAGOMAN_TESTDATA "/coze/") + std::string(folder);
  const auto exchange = json::Document::parse(read_file(path / "exchange.json"));
  EXPECT_TRUE(exchange);
  AnswerHead head;
  std::string file;
  const auto answers = exchange->root().require("responses")->array();
  for (const json::Reader answer : *answers) {
    head.status = static_cast<int>(*answer.require("status")->integer());
    file = *answer.require("body_file")->string();
    const auto headers = answer.require("headers");
    head.content_type = headers->optional_string("content-type")->value_or("");
    head.log_id = headers->optional_string("x-tt-logid")->value_or("");
    break;
  }
  return decode_refusal(head, read_file(path / file));
}

TEST(CozeErrors, CodesUnderStatus200AreJudgedByTheTable) {
  Error error = refusal("a0-error-4000");
  EXPECT_EQ(error.kind, ErrorKind::bad_request);
  EXPECT_EQ(error.message,
            "Coze: Request parameter error (code 4000, logid VECTORLOG0000000000000000000000002)");
  EXPECT_EQ(error.upstream_status, 200);

  error = refusal("a3-error-4200");
  EXPECT_EQ(error.kind, ErrorKind::model_not_found);
  EXPECT_EQ(error.code, "model_not_found");

  error = refusal("14-chat-nonstream-error-4007");
  EXPECT_EQ(error.kind, ErrorKind::bad_request);
  EXPECT_NE(error.message.find("code 4007"), std::string::npos);
}

TEST(CozeErrors, ARefusedTokenAsksForTheRegion) {
  for (const char* folder : {"a1-error-4100", "a5-error-401-no-detail", "a9-error-studio-auth",
                             "11-chat-stream-http-401"}) {
    const Error error = refusal(folder);
    EXPECT_EQ(error.kind, ErrorKind::upstream_unauthorized) << folder;
    EXPECT_EQ(error.code, "") << folder;
    EXPECT_NE(error.message.find("wrong region?"), std::string::npos) << error.message;
  }
  EXPECT_EQ(refusal("11-chat-stream-http-401").upstream_status, 401);
}

TEST(CozeErrors, TheOlderShapeHasItsLogIdInTheErrorObject) {
  EXPECT_NE(refusal("a5-error-401-no-detail")
                .message.find("authentication is invalid (code 4100, logid VECTORLOG"),
            std::string::npos);
}

TEST(CozeErrors, AMissingPermissionIsNamedInCozesWords) {
  const Error error = refusal("a2-error-4101");
  EXPECT_EQ(error.kind, ErrorKind::forbidden);
  EXPECT_NE(error.message.find("space_id=7408000000000000001 listConversation"), std::string::npos);
  EXPECT_NE(error.message.find("(code 4101, logid VECTORLOG0000000000000000000000002)"),
            std::string::npos);
}

TEST(CozeErrors, AnUnpublishedBotSaysWhatToDo) {
  for (const char* folder :
       {"09-chat-stream-json-error-body", "10-chat-stream-json-error-body-newline"}) {
    const Error error = refusal(folder);
    EXPECT_EQ(error.kind, ErrorKind::bad_request) << folder;
    EXPECT_EQ(error.code, "bot_not_published") << folder;
    EXPECT_NE(error.message.find("(code 4015, logid VECTORLOG0000000000000000000000001). "
                                 "Publish the bot to the API channel"),
              std::string::npos)
        << error.message;
  }
}

TEST(CozeErrors, ARateLimitSaysWhenToComeBack) {
  Error error = refusal("a4-error-429");
  EXPECT_EQ(error.kind, ErrorKind::rate_limited);
  EXPECT_EQ(error.code, "rate_limit_exceeded");
  EXPECT_EQ(error.retry_after, 60s);
  EXPECT_EQ(error.upstream_status, 429);

  AnswerHead head;
  head.status = 429;
  head.retry_after = 7s;
  EXPECT_EQ(decode_refusal(head, R"({"code":4013,"msg":"slow"})").retry_after, 7s);
  EXPECT_EQ(decode_failure(R"({"code":4020,"msg":"slow"})", "").retry_after, std::nullopt);
}

TEST(CozeErrors, PagesAndPlainTextAreNotRepeated) {
  const Error page = refusal("a6-error-502-html");
  EXPECT_EQ(page.kind, ErrorKind::upstream_failed);
  EXPECT_EQ(page.message,
            "Coze: the answer does not come from the Coze API (check COZE_BASE_URL) (HTTP 502)");
  EXPECT_EQ(page.detail, "content type text/html, 37 bytes");

  AnswerHead head;
  head.status = 404;
  head.content_type = "text/plain";
  const Error text = decode_refusal(head, "404 page /secret/path not found");
  EXPECT_EQ(text.kind, ErrorKind::not_found);
  EXPECT_EQ(text.message.find("secret"), std::string::npos);
  EXPECT_EQ(text.detail.find("secret"), std::string::npos);
}

TEST(CozeErrors, CodesOfTheOpenSourceServerRepeatTheStatus) {
  EXPECT_EQ(refusal("a7-error-500-studio").kind, ErrorKind::upstream_failed);
  const Error error = refusal("a8-error-400-studio");
  EXPECT_EQ(error.kind, ErrorKind::bad_request);
  EXPECT_EQ(error.message, "Coze: parameters field should be an object, not a string (code 400)");
}

TEST(CozeErrors, SuccessWithoutAStreamIsAFailure) {
  EXPECT_EQ(refusal("ab-plain-text-success").kind, ErrorKind::upstream_failed);
  EXPECT_EQ(refusal("18-chat-default-user-id").kind, ErrorKind::upstream_failed);
  EXPECT_EQ(decode_refusal(AnswerHead(), "").kind, ErrorKind::upstream_failed);
}

TEST(CozeErrors, EachCodeHasItsKind) {
  const std::vector<std::tuple<std::int64_t, ErrorKind, std::string_view>> table{
      {4001, ErrorKind::bad_request, ""},
      {4002, ErrorKind::not_found, "conversation_not_found"},
      {4003, ErrorKind::bad_request, ""},
      {4004, ErrorKind::bad_request, ""},
      {4005, ErrorKind::bad_request, ""},
      {4006, ErrorKind::model_not_found, "model_not_found"},
      {4008, ErrorKind::quota_exhausted, "insufficient_quota"},
      {4009, ErrorKind::overloaded, ""},
      {4010, ErrorKind::context_overflow, "context_length_exceeded"},
      {4011, ErrorKind::quota_exhausted, "insufficient_quota"},
      {4014, ErrorKind::content_policy, "content_policy_violation"},
      {4016, ErrorKind::conflict, "conversation_busy"},
      {4019, ErrorKind::quota_exhausted, "insufficient_quota"},
      {4020, ErrorKind::rate_limited, "rate_limit_exceeded"},
      {4027, ErrorKind::quota_exhausted, "insufficient_quota"},
      {4028, ErrorKind::quota_exhausted, "insufficient_quota"},
      {4102, ErrorKind::forbidden, ""},
      {4104, ErrorKind::conflict, ""},
      {4105, ErrorKind::content_policy, "content_policy_violation"},
      {4302, ErrorKind::too_large, ""},
      {5000, ErrorKind::upstream_failed, ""},
      {6003, ErrorKind::forbidden, ""},
      {6023, ErrorKind::timed_out, ""},
      {6031, ErrorKind::model_not_found, "model_not_found"},
      {700012054, ErrorKind::forbidden, ""},
      {720701013, ErrorKind::upstream_failed, ""},
      {720702204, ErrorKind::bad_request, ""},
      {720702222, ErrorKind::overloaded, ""},
      {103100001, ErrorKind::upstream_failed, ""},
  };
  for (const auto& [code, kind, word] : table) {
    const Error error = make_error(code, "x", "", 200);
    EXPECT_EQ(error.kind, kind) << code;
    EXPECT_EQ(error.code, word) << code;
  }
}

TEST(CozeErrors, AKnownCodeCountsMoreThanTheStatusAndAnUnknownOneLess) {
  EXPECT_EQ(make_error(4011, "x", "", 429).kind, ErrorKind::quota_exhausted);
  EXPECT_EQ(make_error(999999, "x", "", 429).kind, ErrorKind::rate_limited);
  EXPECT_EQ(make_error(999999, "x", "", 200).kind, ErrorKind::upstream_failed);
  EXPECT_EQ(make_error(0, "", "", 503).kind, ErrorKind::overloaded);
}

TEST(CozeErrors, InStreamFailuresComeInSeveralShapes) {
  const Error chat = decode_failure(
      R"({"id":"1","status":"failed","last_error":{"code":"4010","msg":"too long"}})", "LOG");
  EXPECT_EQ(chat.kind, ErrorKind::context_overflow);
  EXPECT_EQ(chat.message, "Coze: too long (code 4010, logid LOG)");
  EXPECT_EQ(decode_failure(R"({"error_code":4013,"error_message":"slow"})", "").message,
            "Coze: slow (code 4013)");
  EXPECT_EQ(decode_failure("nonsense", "").message, "Coze: the request failed");
  EXPECT_EQ(decode_failure("{\"code\":4000,\"msg\":\"a\xFF\"}", "").message,
            "Coze: a\xEF\xBF\xBD (code 4000)");
}

TEST(CozeErrors, CozesWordsAreCleanedAndShortened) {
  EXPECT_EQ(
      make_error(4100, "token pat_abc-DEF_1 is (czs_x) bad\r\n\x01", "", 200).message.substr(0, 49),
      "Coze: token <token> is (<token>) bad (code 4100).");
  const Error error = make_error(4000, std::string(1000, 'x') + "end", "bad id\r\n", 200);
  EXPECT_EQ(error.message, "Coze: " + std::string(240, 'x') + "... (code 4000)");
  std::string wide;
  for (int i = 0; i < 200; ++i) wide += "\xE4\xBD\xA0";
  EXPECT_EQ(make_error(4000, wide, "", 200).message,
            "Coze: " + wide.substr(0, 240) + "... (code 4000)");
}

}  // namespace
}  // namespace dragoman::coze
