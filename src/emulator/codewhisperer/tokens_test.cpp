#include "emulator/codewhisperer/tokens.hpp"

#include <gtest/gtest.h>

namespace dragoman::emulator::codewhisperer {
namespace {

using namespace std::chrono_literals;

class Tokens : public ::testing::Test {
 protected:
  static std::string member(const OidcAnswer& answer, std::string_view key) {
    auto document = json::Document::parse(answer.body);
    if (!document) return "not JSON";
    auto value = document->root().find(key);
    if (!value) return {};
    auto text = value->string();
    return text ? std::string(*text) : value->minified();
  }
  static std::string verdict(const OidcAnswer& answer) {
    if (answer.status == 200) return "200";
    return std::to_string(answer.status) + " " + member(answer, "error") + " " + answer.error_type;
  }

  void sign_up() {
    auto answer = tokens.register_client(
        R"({"clientName":"gateway","clientType":"public","scopes":["codewhisperer:conversations"]})");
    ASSERT_EQ(answer.status, 200);
    client = R"("clientId":")" + member(answer, "clientId") + R"(","clientSecret":")" +
             member(answer, "clientSecret") + "\"";
  }
  OidcAnswer start() {
    return tokens.start_device("{" + client + R"(,"startUrl":"https://view.awsapps.com/start"})",
                               "http://127.0.0.1:9");
  }
  OidcAnswer poll(const std::string& code) {
    return tokens.create_token(
        "{" + client +
        R"(,"grantType":"urn:ietf:params:oauth:grant-type:device_code","deviceCode":")" + code +
        "\"}");
  }
  OidcAnswer refresh(const std::string& token) {
    return tokens.create_token("{" + client + R"(,"grantType":"refresh_token","refreshToken":")" +
                               token + "\"}");
  }
  // A finished sign-in: its token answer.
  OidcAnswer sign_in() {
    sign_up();
    const std::string code = member(start(), "deviceCode");
    poll(code);
    return poll(code);
  }
  std::string control(std::string_view text, bool device = false) {
    auto document = json::Document::parse(text);
    auto done =
        device ? tokens.control_device(document->root()) : tokens.control_tokens(document->root());
    return done ? *done : done.error().message;
  }

  Clock clock = Clock::fixed_at(Clock::time_point(1'800'000'000s));
  TokenService tokens{TokenOptions(), clock};
  std::string client;
};

TEST_F(Tokens, RegistrationTellsWhenItEnds) {
  auto answer = tokens.register_client(R"({"clientName":"g","clientType":"public"})");
  EXPECT_EQ(member(answer, "clientIdIssuedAt"), "1800000000");
  EXPECT_EQ(member(answer, "clientSecretExpiresAt"), "1807776000");
}

TEST_F(Tokens, RegistrationIsChecked) {
  EXPECT_EQ(verdict(tokens.register_client("{")), "400 invalid_request InvalidRequestException");
  EXPECT_EQ(verdict(tokens.register_client(R"({"clientName":"g"})")),
            "400 invalid_request InvalidRequestException");
  EXPECT_EQ(verdict(tokens.register_client(R"({"clientName":"g","clientType":"secret"})")),
            "400 invalid_client_metadata InvalidClientMetadataException");
  EXPECT_EQ(verdict(tokens.register_client(
                R"({"clientName":"g","clientType":"public","scopes":["s3:all"]})")),
            "400 invalid_scope InvalidScopeException");
}

TEST_F(Tokens, DeviceFlowIsApprovedAfterOnePendingPoll) {
  sign_up();
  auto started = start();
  EXPECT_EQ(member(started, "expiresIn"), "600");
  EXPECT_EQ(member(started, "interval"), "1");
  EXPECT_EQ(member(started, "verificationUriComplete"),
            "http://127.0.0.1:9/device?user_code=" + member(started, "userCode"));
  const std::string code = member(started, "deviceCode");
  EXPECT_EQ(verdict(poll(code)), "400 authorization_pending AuthorizationPendingException");
  auto granted = poll(code);
  EXPECT_EQ(verdict(granted), "200");
  EXPECT_EQ(member(granted, "tokenType"), "Bearer");
  EXPECT_EQ(member(granted, "expiresIn"), "28800");
  EXPECT_EQ(tokens.judge(member(granted, "accessToken")), Bearer::valid);
  EXPECT_EQ(verdict(poll(code)), "400 invalid_grant InvalidGrantException");
}

TEST_F(Tokens, PollsAnswerPendingThenSlowDownThenTheOutcome) {
  control(R"({"pending":2,"slow_down":1,"outcome":"deny"})", true);
  sign_up();
  const std::string code = member(start(), "deviceCode");
  EXPECT_TRUE(verdict(poll(code)).starts_with("400 authorization_pending"));
  EXPECT_TRUE(verdict(poll(code)).starts_with("400 authorization_pending"));
  EXPECT_EQ(verdict(poll(code)), "400 slow_down SlowDownException");
  EXPECT_EQ(verdict(poll(code)), "400 access_denied AccessDeniedException");
}

TEST_F(Tokens, OutcomeReachesSignInsUnderWay) {
  sign_up();
  const std::string code = member(start(), "deviceCode");
  EXPECT_EQ(control(R"({"pending":0,"outcome":"expire"})", true), R"({"ok":true})");
  EXPECT_EQ(verdict(poll(code)), "400 expired_token ExpiredTokenException");
}

TEST_F(Tokens, DeviceCodeExpiresWithTheClock) {
  sign_up();
  const std::string code = member(start(), "deviceCode");
  clock.advance(10min);
  EXPECT_EQ(verdict(poll(code)), "400 expired_token ExpiredTokenException");
}

TEST_F(Tokens, ThePageApproves) {
  control(R"({"pending":1000})", true);
  sign_up();
  auto started = start();
  EXPECT_FALSE(tokens.approve("ABCD-1234"));
  EXPECT_TRUE(tokens.approve(member(started, "userCode")));
  EXPECT_EQ(verdict(poll(member(started, "deviceCode"))), "200");
}

TEST_F(Tokens, PollingFasterThanTheIntervalIsSlowedDownWhenChecked) {
  control(R"({"check_interval":true,"interval_s":5,"pending":5})", true);
  sign_up();
  const std::string code = member(start(), "deviceCode");
  EXPECT_TRUE(verdict(poll(code)).starts_with("400 authorization_pending"));
  clock.advance(2s);
  EXPECT_TRUE(verdict(poll(code)).starts_with("400 slow_down"));
  clock.advance(5s);
  EXPECT_TRUE(verdict(poll(code)).starts_with("400 authorization_pending"));
}

TEST_F(Tokens, ClientsAreChecked) {
  sign_up();
  const std::string good = client;
  client = R"("clientId":"x","clientSecret":"y")";
  EXPECT_EQ(verdict(start()), "401 invalid_client InvalidClientException");
  client = R"("clientId":"x")";
  EXPECT_EQ(verdict(start()), "400 invalid_request InvalidRequestException");
  client = good;
  EXPECT_EQ(verdict(start()), "200");
  control(R"({"expire_clients":true})");
  EXPECT_EQ(verdict(start()), "401 invalid_client InvalidClientException");
}

TEST_F(Tokens, OtherGrantsAreUnsupported) {
  sign_up();
  EXPECT_EQ(verdict(tokens.create_token("{" + client + R"(,"grantType":"authorization_code"})")),
            "400 unsupported_grant_type UnsupportedGrantTypeException");
}

TEST_F(Tokens, AccessTokensExpireWithTheClock) {
  const std::string token = member(sign_in(), "accessToken");
  clock.advance(28'799s);
  EXPECT_EQ(tokens.judge(token), Bearer::valid);
  clock.advance(1s);
  EXPECT_EQ(tokens.judge(token), Bearer::expired);
  EXPECT_EQ(tokens.judge("other"), Bearer::unknown);
}

TEST_F(Tokens, RefreshTokensRotate) {
  auto first = sign_in();
  auto second = refresh(member(first, "refreshToken"));
  ASSERT_EQ(verdict(second), "200");
  EXPECT_NE(member(first, "refreshToken"), member(second, "refreshToken"));
  EXPECT_EQ(tokens.judge(member(second, "accessToken")), Bearer::valid);
  EXPECT_EQ(verdict(refresh(member(first, "refreshToken"))),
            "400 invalid_grant InvalidGrantException");
  EXPECT_EQ(verdict(refresh(member(second, "refreshToken"))), "200");
  std::string state;
  json::Writer out(state);
  out.begin_object();
  tokens.write_state(out);
  out.end_object();
  EXPECT_NE(state.find(R"("refreshes":2,"reuse_attempts":1,"reuses_tolerated":0)"),
            std::string::npos)
      << state;
}

TEST_F(Tokens, OneReuseIsToleratedOnDemand) {
  control(R"({"tolerate_reuse":1})");
  auto first = sign_in();
  const std::string token = member(first, "refreshToken");
  EXPECT_EQ(verdict(refresh(token)), "200");
  EXPECT_EQ(verdict(refresh(token)), "200");
  EXPECT_TRUE(verdict(refresh(token)).starts_with("400 invalid_grant"));
}

TEST_F(Tokens, ARefusedReuseCanEndTheLogin) {
  control(R"({"revoke_on_reuse":true})");
  auto first = sign_in();
  auto second = refresh(member(first, "refreshToken"));
  refresh(member(first, "refreshToken"));
  EXPECT_TRUE(verdict(refresh(member(second, "refreshToken"))).starts_with("400 invalid_grant"));
  EXPECT_EQ(tokens.judge(member(second, "accessToken")), Bearer::expired);
}

TEST_F(Tokens, AreBoundToTheirClient) {
  const std::string token = member(sign_in(), "refreshToken");
  sign_up();
  EXPECT_TRUE(verdict(refresh(token)).starts_with("400 invalid_grant"));
}

TEST_F(Tokens, CanBeExpiredRevokedAndIssuedByControl) {
  auto first = sign_in();
  control(R"({"expire_access":true})");
  EXPECT_EQ(tokens.judge(member(first, "accessToken")), Bearer::expired);
  control(R"({"revoke_refresh":true})");
  EXPECT_TRUE(verdict(refresh(member(first, "refreshToken"))).starts_with("400 invalid_grant"));

  OidcAnswer issued;
  issued.body = control(R"({"access_ttl_s":60,"issue":true})");
  EXPECT_EQ(member(issued, "expiresIn"), "60");
  EXPECT_EQ(tokens.judge(member(issued, "accessToken")), Bearer::valid);
  client = R"("clientId":")" + member(issued, "clientId") + R"(","clientSecret":")" +
           member(issued, "clientSecret") + "\"";
  EXPECT_EQ(verdict(refresh(member(issued, "refreshToken"))), "200");
}

TEST_F(Tokens, ControlNamesWhatIsWrong) {
  EXPECT_EQ(control(R"({"expire":true})"), "expire: is not a member of tokens");
  EXPECT_EQ(control(R"({"access_ttl_s":-1})"), "access_ttl_s: must be between 0 and 1000000000");
  EXPECT_EQ(control(R"({"outcome":"maybe"})", true), "outcome: must be approve, deny or expire");
}

}  // namespace
}  // namespace dragoman::emulator::codewhisperer
