#include "backends/codewhisperer/errors.hpp"

#include <gtest/gtest.h>
#include <map>
#include <rapidcheck.h>

#include "backends/codewhisperer/test_vectors.hpp"
#include "base/utf8.hpp"

namespace dragoman::codewhisperer {
namespace {

using std::chrono::seconds;

struct Expected {
  ErrorKind kind;
  std::string_view message;
};

const std::map<std::string, Expected> expected_by_name = {
    {"01-validation-improperly-formed",
     {ErrorKind::bad_request, "CodeWhisperer: Improperly formed request. (request REQ)"}},
    {"02-validation-body-invalid",
     {ErrorKind::bad_request,
      "CodeWhisperer: Improperly formed request. (REQUEST_BODY_INVALID, request REQ)"}},
    {"03-validation-too-long",
     {ErrorKind::context_overflow,
      "CodeWhisperer: Input is too long. (CONTENT_LENGTH_EXCEEDS_THRESHOLD, request REQ)"}},
    {"04-validation-model",
     {ErrorKind::model_not_found,
      "CodeWhisperer: Invalid model. Please select a different model to continue. "
      "(INVALID_MODEL_ID, request REQ)"}},
    {"05-validation-tool-mismatch",
     {ErrorKind::bad_request,
      "CodeWhisperer: Tool use and result mismatch. (TOOL_USE_RESULT_MISMATCH, request REQ)"}},
    {"06-validation-signature",
     {ErrorKind::bad_request,
      "CodeWhisperer: Invalid signature in thinking block. (THINKING_SIGNATURE_INVALID, request "
      "REQ)"}},
    {"07-validation-profile",
     {ErrorKind::forbidden,
      "CodeWhisperer: profileArn is required for this request. (request REQ)"}},
    {"08-access-denied-token",
     {ErrorKind::upstream_unauthorized,
      "CodeWhisperer: The bearer token included in the request is invalid. (request REQ)"}},
    {"09-access-denied-suspended",
     {ErrorKind::forbidden,
      "CodeWhisperer: Your User ID temporarily is suspended. (TEMPORARILY_SUSPENDED, request "
      "REQ)"}},
    {"10-access-denied-feature",
     {ErrorKind::forbidden,
      "CodeWhisperer: Feature is not supported (FEATURE_NOT_SUPPORTED, request REQ)"}},
    {"11-expired-token",
     {ErrorKind::upstream_unauthorized,
      "CodeWhisperer: The security token included in the request is expired (request REQ)"}},
    {"12-quota-monthly",
     {ErrorKind::quota_exhausted,
      "CodeWhisperer: You have reached the limit. (MONTHLY_REQUEST_COUNT, request REQ)"}},
    {"13-quota-overage",
     {ErrorKind::quota_exhausted,
      "CodeWhisperer: You have reached the limit for overages. (OVERAGE_REQUEST_LIMIT_EXCEEDED, "
      "request REQ)"}},
    {"14-quota-conversation",
     {ErrorKind::context_overflow,
      "CodeWhisperer: Conversation limit exceeded. (CONVERSATION_LIMIT_EXCEEDED, request REQ)"}},
    {"15-not-found", {ErrorKind::not_found, "CodeWhisperer: Profile not found (request REQ)"}},
    {"16-conflict",
     {ErrorKind::forbidden,
      "CodeWhisperer: Key is disabled (CUSTOMER_KMS_KEY_DISABLED, request REQ)"}},
    {"17-throttling",
     {ErrorKind::rate_limited,
      "CodeWhisperer: Too many requests, please wait before trying again. (request REQ)"}},
    {"18-throttling-capacity",
     {ErrorKind::overloaded,
      "CodeWhisperer: I am experiencing high traffic, please try again shortly. "
      "(INSUFFICIENT_MODEL_CAPACITY, request REQ)"}},
    {"19-throttling-monthly",
     {ErrorKind::quota_exhausted,
      "CodeWhisperer: Maximum Request reached for this month. (MONTHLY_REQUEST_COUNT, request "
      "REQ)"}},
    {"20-throttling-monthly-400",
     {ErrorKind::quota_exhausted,
      "CodeWhisperer: Maximum Request reached for this month. (MONTHLY_REQUEST_COUNT, request "
      "REQ)"}},
    {"21-throttling-retry-after",
     {ErrorKind::rate_limited, "CodeWhisperer: Too many requests (request REQ)"}},
    {"22-internal",
     {ErrorKind::upstream_failed, "CodeWhisperer: Encountered an unexpected error. (request REQ)"}},
    {"23-internal-model",
     {ErrorKind::overloaded,
      "CodeWhisperer: Encountered unexpectedly high load when processing the request, please try "
      "again. (MODEL_TEMPORARILY_UNAVAILABLE, request REQ)"}},
    {"24-unavailable",
     {ErrorKind::overloaded,
      "CodeWhisperer: The service is temporarily unavailable. Please try again later. (request "
      "REQ)"}},
    {"25-type-with-namespace",
     {ErrorKind::bad_request, "CodeWhisperer: Improperly formed request. (request REQ)"}},
    {"26-type-with-url",
     {ErrorKind::bad_request, "CodeWhisperer: Improperly formed request. (request REQ)"}},
    {"27-type-in-code", {ErrorKind::bad_request, "CodeWhisperer: x (request REQ)"}},
    {"28-no-type",
     {ErrorKind::bad_request, "CodeWhisperer: Improperly formed request. (request REQ)"}},
    {"29-capital-message", {ErrorKind::bad_request, "CodeWhisperer: capital (request REQ)"}},
    {"30-unknown-type",
     {ErrorKind::upstream_failed, "CodeWhisperer: short and stout (KETTLE, request REQ)"}},
    {"31-html-502", {ErrorKind::upstream_failed, "CodeWhisperer answered with status 502"}},
    {"32-empty-500", {ErrorKind::upstream_failed, "CodeWhisperer answered with status 500"}},
    {"33-empty-401", {ErrorKind::upstream_unauthorized, "CodeWhisperer answered with status 401"}},
    {"34-payload-too-large", {ErrorKind::too_large, "CodeWhisperer: Request Too Long"}},
    {"35-buffer-limit",
     {ErrorKind::too_large,
      "CodeWhisperer: Failed to buffer the request body: length limit exceeded"}},
    {"36-unknown-operation",
     {ErrorKind::upstream_failed,
      "CodeWhisperer reported UnknownOperationException (request REQ)"}},
    {"37-suspicious-429",
     {ErrorKind::rate_limited,
      "CodeWhisperer: Due to suspicious activity, we are imposing temporary limits on how "
      "frequently your account can send a request. (request REQ)"}},
    {"38-redirect",
     {ErrorKind::upstream_failed, "CodeWhisperer answered with a redirect (status 302)"}},
};

std::string header_of(const json::Reader& response, std::string_view name) {
  const auto value = response.require("headers")->find(name);
  return value ? std::string(*value->string()) : std::string();
}

Error decode_vector(const std::string& name) {
  const auto document = vectors::description("http-errors", name);
  const json::Reader response = *document.root().require("response");
  const std::string type = header_of(response, "x-amzn-errortype");
  const std::string id = header_of(response, "x-amzn-requestid");
  const std::string retry_after = header_of(response, "retry-after");
  const std::string body(*response.require("body")->string());
  HttpFailure failure;
  failure.status = static_cast<int>(*response.require("status")->integer());
  failure.error_type = type;
  failure.request_id = id;
  failure.retry_after = retry_after;
  failure.body = body;
  return decode_http_failure(failure);
}

TEST(CodewhispererErrors, EveryRecordedAnswerHasItsKindAndKeepsTheServicesWords) {
  std::size_t seen = 0;
  for (const std::string& name : vectors::names("http-errors")) {
    if (name.find("-oidc-") != std::string::npos) continue;  // the sign-in's
    SCOPED_TRACE(name);
    const auto expected = expected_by_name.find(name);
    ASSERT_NE(expected, expected_by_name.end());
    const Error error = decode_vector(name);
    EXPECT_EQ(to_string(error.kind), to_string(expected->second.kind));
    EXPECT_EQ(error.message, expected->second.message);
    EXPECT_NE(error.upstream_status, 0);
    ++seen;
  }
  EXPECT_EQ(seen, expected_by_name.size());
}

TEST(CodewhispererErrors, RetryAfterIsPassedOnInItsFormInSecondsOnly) {
  EXPECT_EQ(decode_vector("21-throttling-retry-after").retry_after, seconds(1));
  EXPECT_EQ(decode_vector("17-throttling").retry_after, std::nullopt);
  HttpFailure failure;
  failure.status = 429;
  for (const auto* bad : {"", "soon", "-1", "1.5", "1 ", "Fri, 31 Dec 1999 23:59:59 GMT"}) {
    failure.retry_after = bad;
    EXPECT_EQ(decode_http_failure(failure).retry_after, std::nullopt) << bad;
  }
  failure.retry_after = "99999999";
  EXPECT_EQ(decode_http_failure(failure).retry_after, std::chrono::hours(24));
}

TEST(CodewhispererErrors, SuspicionMeansALongCoolDownAndAWordInTheLog) {
  const Error error = decode_vector("37-suspicious-429");
  EXPECT_GE(error.retry_after.value_or(seconds(0)), std::chrono::minutes(10));
  EXPECT_NE(error.detail.find("suspicious"), std::string::npos);
}

TEST(CodewhispererErrors, ExceptionsOfTheStreamAreNamedLikeThoseOfAnAnswer) {
  const struct {
    std::string_view type;
    std::string_view payload;
    ErrorKind kind;
    std::string_view message;
  } cases[] = {
      {"error", R"({"message":"boom"})", ErrorKind::upstream_failed,
       "CodeWhisperer: boom (request r-1)"},
      {"error", "", ErrorKind::upstream_failed,
       "CodeWhisperer reported InternalServerException (request r-1)"},
      {"com.amazon.x#ThrottlingException", "", ErrorKind::rate_limited,
       "CodeWhisperer reported ThrottlingException (request r-1)"},
      {"ThrottlingException", R"({"message":"m","reason":"INSUFFICIENT_MODEL_CAPACITY"})",
       ErrorKind::overloaded, "CodeWhisperer: m (INSUFFICIENT_MODEL_CAPACITY, request r-1)"},
      {"AccessDeniedException",
       R"({"message":"The bearer token included in the request is invalid."})",
       ErrorKind::upstream_unauthorized,
       "CodeWhisperer: The bearer token included in the request is invalid. (request r-1)"},
      {"SomethingNewException", "not json", ErrorKind::upstream_failed,
       "CodeWhisperer reported SomethingNewException (request r-1)"},
      {"", "", ErrorKind::upstream_failed, "CodeWhisperer reported a failure (request r-1)"},
  };
  for (const auto& c : cases) {
    const Error error = decode_exception(c.type, c.payload, "r-1");
    EXPECT_EQ(to_string(error.kind), to_string(c.kind)) << c.type;
    EXPECT_EQ(error.message, c.message);
    EXPECT_EQ(error.upstream_status, 0);
  }
}

TEST(CodewhispererErrors, WrongTypesInABodyCountAsAbsent) {
  HttpFailure failure;
  failure.status = 400;
  for (const auto* body : {R"({"message":5,"reason":[],"__type":{}})", "[]", "null", "3", "\"x\"",
                           "{\"message\":\"\xFF\"}", R"({"error":"x"})"}) {
    failure.body = body;
    EXPECT_EQ(decode_http_failure(failure).message, "CodeWhisperer answered with status 400");
  }
}

TEST(CodewhispererErrors, AnyAnswerBecomesAShortPrintableMessage) {
  EXPECT_TRUE(rc::check([](std::string type, std::string id, std::string body, std::string text) {
    HttpFailure failure;
    failure.status = *rc::gen::inRange(100, 600);
    failure.error_type = type;
    failure.request_id = id;
    if (*rc::gen::arbitrary<bool>()) body = "{\"message\":\"" + json::escape(text) + "\"}";
    failure.body = body;
    const Error error = decode_http_failure(failure);
    RC_ASSERT(is_valid_utf8(error.message));
    RC_ASSERT(error.message.size() < max_upstream_message + 200);
    for (const char c : error.message) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20);
  }));
  HttpFailure failure;
  failure.status = 500;
  const std::string body = "{\"message\":\"" + std::string(5000, 'x') + "\\u0007\"}";
  failure.body = body;
  EXPECT_LT(decode_http_failure(failure).message.size(), max_upstream_message + 40);
}

}  // namespace
}  // namespace dragoman::codewhisperer
