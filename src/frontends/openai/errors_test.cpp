#include "frontends/openai/errors.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "json/reader.hpp"

namespace dragoman::openai {
namespace {

using namespace std::chrono_literals;

TEST(OpenAiErrors, EveryKindHasItsStatusTypeAndCode) {
  struct Row {
    ErrorKind kind;
    int status;
    const char* type_and_code;
    bool hopeless;
  };
  constexpr Row table[] = {
      {ErrorKind::bad_request, 400, R"("invalid_request_error","param":null,"code":null)", true},
      {ErrorKind::too_large, 413,
       R"("invalid_request_error","param":null,"code":"request_too_large")", true},
      {ErrorKind::context_overflow, 400,
       R"("invalid_request_error","param":null,"code":"context_length_exceeded")", true},
      {ErrorKind::content_policy, 400,
       R"("invalid_request_error","param":null,"code":"content_policy_violation")", true},
      {ErrorKind::unauthorized, 401,
       R"("invalid_request_error","param":null,"code":"invalid_api_key")", true},
      {ErrorKind::forbidden, 403, R"("permission_error","param":null,"code":"permission_denied")",
       true},
      {ErrorKind::not_found, 404, R"("invalid_request_error","param":null,"code":"not_found")",
       true},
      {ErrorKind::model_not_found, 404,
       R"("invalid_request_error","param":null,"code":"model_not_found")", true},
      {ErrorKind::conflict, 409, R"("conflict_error","param":null,"code":"conversation_busy")",
       false},
      {ErrorKind::rate_limited, 429,
       R"("rate_limit_error","param":null,"code":"rate_limit_exceeded")", false},
      {ErrorKind::quota_exhausted, 429,
       R"("insufficient_quota","param":null,"code":"insufficient_quota")", true},
      {ErrorKind::overloaded, 503, R"("server_error","param":null,"code":"server_is_overloaded")",
       false},
      {ErrorKind::signed_out, 503, R"("server_error","param":null,"code":"signed_out")", true},
      {ErrorKind::upstream_unauthorized, 503,
       R"("server_error","param":null,"code":"upstream_unauthorized")", true},
      {ErrorKind::upstream_failed, 502, R"("server_error","param":null,"code":"upstream_failed")",
       false},
      {ErrorKind::upstream_unreachable, 502,
       R"("server_error","param":null,"code":"upstream_unreachable")", false},
      {ErrorKind::unsupported_media, 415,
       R"("invalid_request_error","param":null,"code":"unsupported_content_encoding")", true},
      {ErrorKind::request_timed_out, 408,
       R"("invalid_request_error","param":null,"code":"request_timeout")", false},
      {ErrorKind::timed_out, 504, R"("server_error","param":null,"code":"upstream_timeout")",
       false},
      {ErrorKind::not_implemented, 501,
       R"("invalid_request_error","param":null,"code":"not_implemented")", true},
      {ErrorKind::cancelled, 499, R"("invalid_request_error","param":null,"code":"cancelled")",
       true},
      {ErrorKind::internal, 500, R"("server_error","param":null,"code":"internal_error")", false},
  };
  for (const Row& row : table) {
    const ErrorAnswer answer = encode_error(Error(row.kind, "m"));
    EXPECT_EQ(answer.status, row.status) << to_string(row.kind);
    EXPECT_EQ(status_of(row.kind), row.status);
    EXPECT_EQ(answer.body,
              std::string(R"({"error":{"message":"m","type":)") + row.type_and_code + "}}");
    const std::vector<Header> expected =
        row.hopeless ? std::vector<Header>{{"x-should-retry", "false"}} : std::vector<Header>{};
    EXPECT_EQ(answer.headers, expected) << to_string(row.kind);
  }
}

TEST(OpenAiErrors, ParamAndCodeOfTheErrorAreShownAndItsDetailIsNot) {
  const ErrorAnswer answer = encode_error(Error(ErrorKind::bad_request, "Say \"hi\"")
                                              .with_param("messages.2.content")
                                              .with_code("missing_bot_id")
                                              .with_detail("internal affairs"));
  EXPECT_EQ(answer.body, R"({"error":{"message":"Say \"hi\"","type":"invalid_request_error",)"
                         R"("param":"messages.2.content","code":"missing_bot_id"}})");
}

TEST(OpenAiErrors, WaitsAreGivenInMillisecondsAndInSecondsRoundedUp) {
  const auto headers = [](std::chrono::milliseconds wait) {
    Error error(ErrorKind::rate_limited, "m");
    error.retry_after = wait;
    return encode_error(error).headers;
  };
  using Headers = std::vector<Header>;
  EXPECT_EQ(headers(1ms), (Headers{{"retry-after", "1"}, {"retry-after-ms", "1"}}));
  EXPECT_EQ(headers(2s), (Headers{{"retry-after", "2"}, {"retry-after-ms", "2000"}}));
  EXPECT_EQ(headers(2001ms), (Headers{{"retry-after", "3"}, {"retry-after-ms", "2001"}}));
  EXPECT_EQ(headers(-5s), (Headers{{"retry-after", "0"}, {"retry-after-ms", "0"}}));
  EXPECT_EQ(headers(std::chrono::milliseconds::max())[0].value, "31622400");
}

TEST(OpenAiErrors, AnExhaustedQuotaTellsItsResetAndThatRetriesAreVain) {
  Error error(ErrorKind::quota_exhausted, "m");
  error.retry_after = 1h;
  EXPECT_EQ(encode_error(error).headers, (std::vector<Header>{{"retry-after", "3600"},
                                                              {"retry-after-ms", "3600000"},
                                                              {"x-should-retry", "false"}}));
}

TEST(OpenAiErrors, LongMessagesAreCutBetweenCharacters) {
  const Error error(ErrorKind::upstream_failed, std::string(1023, 'x') + "\xE2\x82\xAC");
  EXPECT_NE(encode_error(error).body.find("\"" + std::string(1023, 'x') + "\""), std::string::npos);
}

TEST(OpenAiErrors, UnknownEndpointsAreNamed) {
  EXPECT_EQ(encode_error(unknown_endpoint("GET", "/v1/foo?x=1")).body,
            R"({"error":{"message":"Unknown endpoint: GET /v1/foo?x=1",)"
            R"("type":"invalid_request_error","param":null,"code":"endpoint_not_found"}})");
}

TEST(OpenAiErrors, WhatIsQuotedOfATargetIsShortAndHarmless) {
  EXPECT_EQ(unknown_endpoint("GET", "/<script>\r\n\xC4\x8D\"\\").message,
            "Unknown endpoint: GET /?script???????");
  const std::string message =
      unknown_endpoint(std::string(500, 'M'), "/" + std::string(9000, 'a')).message;
  EXPECT_EQ(message,
            "Unknown endpoint: " + std::string(16, 'M') + " /" + std::string(63, 'a') + "...");
}

TEST(OpenAiErrors, AnyErrorBecomesValidJsonWithFourMembers) {
  EXPECT_TRUE(rc::check([](const std::string& message, const std::string& param,
                           const std::string& code, const std::string& target) {
    const Error odd = Error(ErrorKind::bad_request, message).with_param(param).with_code(code);
    const Error lost = unknown_endpoint(message, target);
    const Error model = model_not_found(target);
    for (const Error* error : {&odd, &lost, &model}) {
      const ErrorAnswer answer = encode_error(*error);
      const auto document = json::Document::parse(answer.body);
      RC_ASSERT(document.has_value());
      const json::Reader inner = *document->root().find("error");
      std::vector<std::string> names;
      for (const auto [key, value] : inner.object().value()) names.emplace_back(key);
      RC_ASSERT(names == (std::vector<std::string>{"message", "type", "param", "code"}));
    }
  }));
}

}  // namespace
}  // namespace dragoman::openai
