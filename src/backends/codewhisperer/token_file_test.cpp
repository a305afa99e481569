#include "backends/codewhisperer/token_file.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dragoman::codewhisperer {
namespace {

using namespace std::chrono_literals;

Tokens sample() {
  Tokens tokens;
  tokens.access_token = Secret("aoaAAAAA.access");
  tokens.refresh_token = Secret("aorAAAAA.refresh");
  tokens.expires_at = parse_time("2026-06-10T16:59:30.119Z");
  tokens.region = "us-east-1";
  tokens.start_url = "https://view.awsapps.com/start";
  tokens.scopes = {"codewhisperer:completions", "codewhisperer:analysis"};
  tokens.other = {{"note", "{\"a\":[1,2]}"}};
  return tokens;
}

bool same(const Tokens& a, const Tokens& b) {
  return a.access_token.equals(b.access_token.reveal()) &&
         a.refresh_token.equals(b.refresh_token.reveal()) && a.expires_at == b.expires_at &&
         a.region == b.region && a.start_url == b.start_url && a.oauth_flow == b.oauth_flow &&
         a.scopes == b.scopes && a.profile_arn == b.profile_arn;
}

// As CodeWhisperer OpenAI Proxy writes it.
constexpr std::string_view older_file = R"({
  "access_token": "ATOKEN",
  "expires_at": "2025-11-01T12:34:56.789Z",
  "refresh_token": "RTOKEN",
  "region": "us-east-1",
  "start_url": "https://view.awsapps.com/start",
  "oauth_flow": "DeviceCode",
  "scopes": [
    "codewhisperer:completions",
    "codewhisperer:analysis",
    "codewhisperer:conversations"
  ]
})";

TEST(TokenFile, AnOlderProxysFileIsTakenAsItIs) {
  const auto tokens = decode_tokens(older_file);
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->access_token.reveal(), "ATOKEN");
  EXPECT_EQ(tokens->refresh_token.reveal(), "RTOKEN");
  EXPECT_EQ(format_time(*tokens->expires_at), "2025-11-01T12:34:56.789Z");
  EXPECT_EQ(tokens->region, "us-east-1");
  EXPECT_EQ(tokens->oauth_flow, "DeviceCode");
  EXPECT_EQ(tokens->scopes.size(), 3U);
}

TEST(TokenFile, AnOlderProxysRegistrationIsTakenAsItIs) {
  const auto registration = decode_registration(R"({
    "client_id": "CID", "client_secret": "CSECRET",
    "client_secret_expires_at": "2026-01-30T00:00:00.000Z",
    "region": "us-east-1", "oauth_flow": "DeviceCode", "scopes": ["a"]})");
  ASSERT_TRUE(registration);
  EXPECT_EQ(registration->client_id, "CID");
  EXPECT_EQ(format_time(*registration->client_secret_expires_at), "2026-01-30T00:00:00.000Z");
  const auto without = decode_registration(R"({"client_id":"CID","client_secret":"CSECRET"})");
  ASSERT_TRUE(without);
  EXPECT_FALSE(without->client_secret_expires_at);
}

TEST(TokenFile, WhatIsWrittenIsReadBack) {
  const Tokens tokens = sample();
  const auto read = decode_tokens(encode_tokens(tokens));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(same(tokens, *read));
  EXPECT_EQ(read->other, tokens.other);

  Registration registration;
  registration.client_id = "CID";
  registration.client_secret = Secret("CSECRET");
  registration.client_secret_expires_at = parse_time("2026-01-30T00:00:00Z");
  registration.region = "eu-west-1";
  registration.scopes = {"a", "b"};
  const auto again = decode_registration(encode_registration(registration));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->client_id, "CID");
  EXPECT_EQ(again->client_secret.reveal(), "CSECRET");
  EXPECT_EQ(again->client_secret_expires_at, registration.client_secret_expires_at);
  EXPECT_EQ(again->scopes, registration.scopes);
}

TEST(TokenFile, WhatIsWrittenHasTheNamesTheOlderProxyReads) {
  const std::string text = encode_tokens(sample());
  for (const char* member :
       {"\"access_token\": \"aoaAAAAA.access\"", "\"expires_at\": \"2026-06-10T16:59:30.119Z\"",
        "\"refresh_token\": ", "\"region\": \"us-east-1\"", "\"start_url\": ",
        "\"oauth_flow\": \"DeviceCode\"", "\"scopes\": [\"codewhisperer:completions\""}) {
    EXPECT_NE(text.find(member), std::string::npos) << member;
  }
}

// D4: whatever bit of our file flips, the token that comes out is the right one, or none.
TEST(TokenFile, NoFlippedBitGivesAGarbageToken) {
  const Tokens tokens = sample();
  const std::string text = encode_tokens(tokens);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (1U << bit));
      const auto read = decode_tokens(damaged);
      if (read) {
        EXPECT_TRUE(same(tokens, *read)) << "byte " << at << " bit " << bit;
      } else {
        ++refused;
        EXPECT_EQ(read.error().kind, ErrorKind::signed_out);
        EXPECT_NE(read.error().message.find("run `dragoman login`"), std::string::npos);
        EXPECT_EQ(read.error().message.find("AAAA"), std::string::npos) << "quotes a token";
      }
    }
  }
  EXPECT_GT(refused, text.size() * 4) << "most flips must be noticed";
}

TEST(TokenFile, NoCutFileGivesAToken) {
  std::string text = encode_tokens(sample());
  text.pop_back();  // the line end behind the brace
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(decode_tokens(std::string_view(text).substr(0, size))) << size;
  }
}

TEST(TokenFile, MembersMayBeMissingOrNull) {
  const auto tokens = decode_tokens(R"({"access_token":"A","refresh_token":null})");
  ASSERT_TRUE(tokens);
  EXPECT_TRUE(tokens->refresh_token.empty());
  EXPECT_FALSE(tokens->expires_at);
  for (const char* bad :
       {"{}", "[]", "", "null", R"({"access_token":""})", R"({"access_token":5})",
        R"({"access_token":"two words"})", R"({"access_token":"line\nend"})",
        R"({"access_token":"A","expires_at":"soon"})", R"({"access_token":"A","expires_at":true})",
        R"({"access_token":"A","expires_at":1e300})", R"({"access_token":"A","scopes":5})"}) {
    EXPECT_FALSE(decode_tokens(bad)) << bad;
  }
}

TEST(TokenFile, TimesAreTakenInManySpellings) {
  const auto expected = parse_time("2026-06-10T16:59:30Z");
  ASSERT_TRUE(expected);
  for (const char* same :
       {"2026-06-10T16:59:30", "2026-06-10 16:59:30Z", "2026-06-10T16:59:30.000Z",
        "2026-06-10T18:59:30+02:00", "2026-06-10T11:29:30-0530", "2026-06-10t16:59:30.000000000z",
        "2026-06-10T18:59:30+02"}) {
    EXPECT_EQ(parse_time(same), expected) << same;
  }
  EXPECT_EQ(*parse_time("2026-06-10T16:59:30.123456789Z") - *expected, 123456789ns);
  for (const char* bad :
       {"", "2026", "2026-02-30T00:00:00Z", "2026-06-10", "2026-06-10T24:00:00Z",
        "2026-06-10T16:60:00Z", "2026-06-10T16:59:30.Z", "2026-06-10T16:59:30.1234567890Z",
        "2026-06-10T16:59:30Zx", "2026-06-10T16:59:30+2", "9999-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
}

TEST(TokenFile, NumbersAreSecondsOrMilliseconds) {
  const auto seconds = decode_tokens(R"({"access_token":"A","expires_at":1700000000})");
  const auto millis = decode_tokens(R"({"access_token":"A","expires_at":1700000000500})");
  EXPECT_EQ(format_time(*seconds->expires_at), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(format_time(*millis->expires_at), "2023-11-14T22:13:20.500Z");
}

TEST(TokenFile, PrintedTimesReadBackEqual) {
  EXPECT_TRUE(rc::check([] {
    const auto ms = *rc::gen::inRange<std::int64_t>(0, 7'000'000'000'000);
    const WallTime time{std::chrono::milliseconds(ms)};
    RC_ASSERT(parse_time(format_time(time)) == time);
  }));
}

TEST(TokenFile, AnyBytesAreReadOrRefused) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    RC_ASSERT_FALSE(decode_tokens(text).has_value());
    RC_ASSERT_FALSE(decode_registration(text).has_value());
    parse_time(text);
  }));
}

}  // namespace
}  // namespace dragoman::codewhisperer
