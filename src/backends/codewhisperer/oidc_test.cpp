#include "backends/codewhisperer/oidc.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sstream>

#include "json/reader.hpp"

namespace dragoman::codewhisperer {
namespace {

using namespace std::chrono_literals;

json::Document testdata(const std::string& name) {
  std::ifstream file(DRAGOMAN_TESTDATA "/codewhisperer/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return json::Document::parse(text.str()).value();
}

std::string minified(std::string_view text) {
  return json::Document::parse(text).value().root().minified();
}

std::string recorded_request(const json::Document& vector) {
  return vector.root().require("bodyJson").value().minified();
}

std::string recorded_answer(const json::Document& vector) {
  return vector.root().require("response").value().require("body").value().minified();
}

const OidcClient client{"CID", Secret("CSECRET")};
const std::vector<std::string> scopes{"codewhisperer:completions", "codewhisperer:analysis",
                                      "codewhisperer:conversations"};

TEST(Oidc, RegistrationIsAsRecorded) {
  const auto vector = testdata("requests/30-oidc-register-device.json");
  EXPECT_EQ(minified(encode_register("gateway", scopes)), recorded_request(vector));
  const auto answer = decode_register(200, recorded_answer(vector));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->client.id, "CID");
  EXPECT_EQ(answer->client.secret.reveal(), "CSECRET");
  EXPECT_EQ(answer->expires_at->time_since_epoch(), 1707776000s);
}

TEST(Oidc, DeviceAuthorizationIsAsRecorded) {
  const auto vector = testdata("requests/32-oidc-start-device.json");
  EXPECT_EQ(minified(encode_device(client, "https://view.awsapps.com/start")),
            recorded_request(vector));
  const auto answer = decode_device(200, recorded_answer(vector));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->device_code.reveal(), "DEVCODE");
  EXPECT_EQ(answer->user_code, "ABCD-EFGH");
  EXPECT_EQ(answer->verification_uri, "https://device.sso.us-east-1.amazonaws.com/");
  EXPECT_EQ(answer->verification_uri_complete,
            "https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH");
  EXPECT_EQ(answer->expires_in, 600s);
  EXPECT_EQ(answer->interval, 1s);
}

TEST(Oidc, DeviceTokenIsAsRecorded) {
  const auto vector = testdata("requests/33-oidc-token-device.json");
  EXPECT_EQ(minified(encode_device_token(client, Secret("DEVCODE"))), recorded_request(vector));
  const auto answer = decode_token(200, recorded_answer(vector));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->access_token.reveal(), "ATOKEN");
  EXPECT_EQ(answer->refresh_token.reveal(), "RTOKEN");
  EXPECT_EQ(answer->expires_in, 28800s);
}

TEST(Oidc, RefreshIsAsRecorded) {
  const auto vector = testdata("requests/34-oidc-token-refresh.json");
  EXPECT_EQ(minified(encode_refresh(client, Secret("RTOKEN"))), recorded_request(vector));
  const auto answer = decode_token(200, recorded_answer(vector));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->access_token.reveal(), "ATOKEN2");
}

struct ErrorCase {
  const char* file;
  const char* code;
  ErrorKind kind;
  bool passing;
};

class OidcErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(OidcErrors, TheWordDecidesWhateverTheStatus) {
  const ErrorCase& expected = GetParam();
  const auto vector = testdata(std::string("http-errors/") + expected.file);
  const auto response = vector.root().require("response").value();
  const std::string body(response.require("body").value().string().value());
  const int recorded = static_cast<int>(response.require("status").value().integer().value());
  for (int status : {recorded, 200, 400, 500}) {
    const auto answer = decode_token(status, body);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, expected.code);
    EXPECT_EQ(answer.error().kind, expected.kind);
    EXPECT_EQ(is_passing(answer.error()), expected.passing);
    EXPECT_EQ(answer.error().upstream_status, status);
    EXPECT_FALSE(decode_register(status, body));
    EXPECT_FALSE(decode_device(status, body));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Recorded, OidcErrors,
    testing::Values(
        ErrorCase{"60-oidc-authorization-pending.json", "authorization_pending",
                  ErrorKind::conflict, true},
        ErrorCase{"61-oidc-slow-down.json", "slow_down", ErrorKind::rate_limited, true},
        ErrorCase{"62-oidc-expired-token.json", "expired_token", ErrorKind::signed_out, false},
        ErrorCase{"63-oidc-invalid-grant.json", "invalid_grant", ErrorKind::signed_out, false},
        ErrorCase{"64-oidc-invalid-client.json", "invalid_client", ErrorKind::signed_out, false},
        ErrorCase{"65-oidc-access-denied.json", "access_denied", ErrorKind::forbidden, false},
        ErrorCase{"66-oidc-invalid-request.json", "invalid_request", ErrorKind::signed_out, false},
        ErrorCase{"67-oidc-unauthorized-client.json", "unauthorized_client", ErrorKind::signed_out,
                  false},
        ErrorCase{"68-oidc-unsupported-grant.json", "unsupported_grant_type", ErrorKind::internal,
                  false},
        ErrorCase{"69-oidc-invalid-scope.json", "invalid_scope", ErrorKind::internal, false},
        ErrorCase{"70-oidc-internal.json", "server_error", ErrorKind::upstream_failed, true},
        ErrorCase{"71-oidc-invalid-metadata.json", "invalid_client_metadata", ErrorKind::internal,
                  false},
        ErrorCase{"72-oidc-invalid-redirect.json", "invalid_redirect_uri", ErrorKind::internal,
                  false},
        ErrorCase{"73-oidc-invalid-region.json", "wrong_region", ErrorKind::signed_out, false}));

TEST(Oidc, AWrongRegionNamesTheRightOne) {
  const auto answer = decode_device(
      400, R"({"error":"invalid_request","endpoint":"https://x","region":"eu-west-1"})");
  EXPECT_NE(answer.error().message.find("eu-west-1"), std::string::npos);
}

TEST(Oidc, AForeignRegionTextIsNotRepeated) {
  const auto answer =
      decode_device(400, R"({"error":"invalid_request","region":"\u001b[31mowned"})");
  EXPECT_EQ(answer.error().message.find("owned"), std::string::npos);
}

TEST(Oidc, NonsenseIsAPassingFailure) {
  for (std::string_view body :
       {"", "<html>Service Unavailable</html>", "[]", "\"x\"", "{}", "{\"accessToken\":\"\"}",
        "{\"accessToken\":5}", "{\"accessToken\":\"two words\"}",
        "{\"accessToken\":\"line\\nend\"}", "{\"error\":5}", "{\"error\":\"some_new_word\"}",
        "{\"accessToken\":\"cut"}) {
    for (int status : {200, 400, 403, 500, 502, 503}) {
      const auto answer = decode_token(status, body);
      ASSERT_FALSE(answer) << body;
      EXPECT_TRUE(is_passing(answer.error())) << body;
      EXPECT_EQ(answer.error().kind, ErrorKind::upstream_failed) << body;
    }
  }
  EXPECT_EQ(decode_token(429, "slow").error().kind, ErrorKind::rate_limited);
}

TEST(Oidc, AddressesThatAreNoneAreNotShown) {
  EXPECT_FALSE(decode_device(
      200, R"({"deviceCode":"D","userCode":"U","verificationUri":"javascript:alert"})"));
  EXPECT_FALSE(decode_device(
      200, R"({"deviceCode":"D","userCode":"U","verificationUri":"https://x/\u001b[2J"})"));
  EXPECT_FALSE(decode_device(
      200, R"({"deviceCode":"D","userCode":"\u001b[2J","verificationUri":"https://x/"})"));
}

TEST(Oidc, TimesOutOfReasonAreBroughtIntoRange) {
  const auto device = decode_device(
      200,
      R"({"deviceCode":"D","userCode":"U","verificationUri":"https://x/","expiresIn":-5,"interval":0})");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->expires_in, 1s);
  EXPECT_EQ(device->interval, 1s);
  const auto token = decode_token(200, R"({"accessToken":"A","expiresIn":9007199254740991})");
  ASSERT_TRUE(token);
  EXPECT_EQ(token->expires_in, std::chrono::hours(24 * 366));
}

TEST(Oidc, AnyBytesAreDecodedOrRefused) {
  EXPECT_TRUE(rc::check([](int status, const std::string& body) {
    RC_ASSERT_FALSE(decode_token(status, body).has_value());
    RC_ASSERT_FALSE(decode_device(status, body).has_value());
    RC_ASSERT_FALSE(decode_register(status, body).has_value());
  }));
}

}  // namespace
}  // namespace dragoman::codewhisperer
