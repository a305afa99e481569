// Whatever the bytes of a body are, decoding answers: a call, or a bad_request that fits the error
// shape. Nothing else, and quickly.

#include <algorithm>
#include <ctime>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/utf8.hpp"
#include "frontends/openai/chat_decode.hpp"
#include "frontends/openai/errors.hpp"
#include "json/reader.hpp"

namespace dragoman::openai {
namespace {

enum class Outcome { accepted, refused };

// Fails the test unless the body is accepted or refused as it should be.
Outcome answer(std::string_view body) {
  const auto call = decode_chat(body);
  if (call) {
    EXPECT_FALSE(call->request.turns.empty());
    EXPECT_TRUE(is_valid_utf8(call->request.instructions));
    for (const auto& turn : call->request.turns) EXPECT_TRUE(is_valid_utf8(turn.text));
    for (const char c : call->transforms.header()) EXPECT_TRUE(c >= ' ' && c < 0x7F);
    return Outcome::accepted;
  }
  EXPECT_EQ(call.error().kind, ErrorKind::bad_request);
  EXPECT_LE(call.error().message.size(), 200U);
  const ErrorAnswer shown = encode_error(call.error());
  EXPECT_EQ(shown.status, 400);
  EXPECT_TRUE(json::Document::parse(shown.body).has_value());
  return Outcome::refused;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// A valid JSON value in each place a value can stand.
std::vector<std::string> bodies_with(const std::string& value) {
  const std::string user = R"({"role":"user","content":"x"})";
  return {
      value,
      "{\"messages\":" + value + "}",
      "{\"messages\":[" + value + "]}",
      "{\"messages\":[{\"role\":" + value + ",\"content\":\"x\"}]}",
      "{\"messages\":[{\"role\":\"user\",\"content\":" + value + "}]}",
      "{\"messages\":[{\"role\":\"user\",\"content\":[" + value + "]}]}",
      "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":" + value +
          "}]}]}",
      "{\"messages\":[" + user + "],\"unknown\":" + value + "}",
      "{\"messages\":[" + user + "],\"metadata\":{\"k\":" + value + "}}",
      "{\"messages\":[" + user + "],\"temperature\":" + value + "}",
      "{\"messages\":[" + user + "],\"stop\":[" + value + "]}",
      "{\"messages\":[" + user + "],\"extra_headers\":" + value + "}",
      "{\"messages\":[" + user + "]," + value + ":1}",
      "{\"messages\":[" + user + "]}" + value,
      value + "{\"messages\":[" + user + "]}",
  };
}

TEST(HostileInput, WhatJsonForbidsIsRefusedInEveryPlace) {
  const std::vector<std::string> values = {
      "",
      "[",
      "]",
      "{",
      "}",
      "[}",
      "{]",
      "[1,]",
      "[,1]",
      "[1,,2]",
      "[1 2]",
      "[1:2]",
      "{,}",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1,}",
      "{\"a\" 1}",
      "{a:1}",
      "{1:1}",
      "{'a':1}",
      "{\"a\"::1}",
      "nul",
      "Null",
      "NULL",
      "tru",
      "TRUE",
      "falsy",
      "undefined",
      "NaN",
      "nan",
      "Infinity",
      "-Infinity",
      "+1",
      "-",
      "--1",
      "01",
      "-01",
      "00",
      "1.",
      ".1",
      "-.1",
      "1.e1",
      "1e",
      "1e+",
      "1E-",
      "1e1.5",
      "0x10",
      "0b1",
      "0o7",
      "1_000",
      "1,000",
      "1e400",
      "-1e400",
      "1e99999999",
      "'x'",
      "`x`",
      "\"",
      "\"x",
      "x\"",
      "\"\\\"",
      "\"\\x41\"",
      "\"\\u\"",
      "\"\\u12\"",
      "\"\\u12g4\"",
      "\"\\U0041\"",
      "\"\\'\"",
      "\"\\a\"",
      "\"\\0\"",
      "\"\n\"",
      "\"\t\"",
      "\"\r\"",
      "\"\x1f\"",
      "\"\\ud83d\"",
      "\"\\ude00\"",
      "\"\\ud83d\\u0041\"",
      "\"\\ude00\\ud83d\"",
      "\"\\ud83d\\ud83d\"",
      "\"\xFF\"",
      "\"\xC0\x80\"",
      "\"\xED\xA0\x80\"",
      "\"\xF4\x90\x80\x80\"",
      "\"\xE2\x82\"",
      "\"\x80\"",
      "\xFF",
      "\xFE\xFF",
      "\xFF\xFE[\0]",
      "// c\n1",
      "/* c */1",
      "# c\n1",
      "1 // c",
      "[1]/**/",
      "\xC2\xA0",
      "\xE2\x80\xA8",
      "\x0B",
      "\x0C",
      "\x7F",
      "\x01",
      std::string("\0", 1),
      std::string("1\0", 2),
      std::string("\"\0\"", 3),
      std::string("[\0]", 3),
      std::string(100'000, '9') + "e",
      "1e" + std::string(100'000, '9'),
      "-" + std::string(100'000, '9'),
      "\"" + std::string(100'000, '\\'),
      repeated("[", 100'000),
      repeated("{\"a\":", 100'000),
      repeated("[{\"\":", 50'000),
      repeated("[", 1'000'000),
      repeated("]", 1'000'000),
      repeated("[", 1'000'000) + repeated("]", 1'000'000),
      repeated("{\"a\":", 200'000) + "1" + repeated("}", 200'000),
  };
  for (const auto& value : values) {
    int place = 0;
    for (const auto& body : bodies_with(value)) {
      ++place;
      const bool empty_tail =
          value.empty() && (place == 3 || place == 6 || place == 11 || place == 14 || place == 15);
      if (empty_tail) {
        answer(body);  // nothing, where nothing may stand
        continue;
      }
      EXPECT_EQ(answer(body), Outcome::refused) << body.substr(0, 200);
    }
  }
}

TEST(HostileInput, WhatJsonAllowsIsHandledInEveryPlace) {
  const std::vector<std::string> values = {
      "null",
      "true",
      "false",
      "0",
      "-0",
      "0.0",
      "1E5",
      "1e-5",
      "1.5e+300",
      "4.9e-324",
      "1e-400",
      "9223372036854775807",
      "-9223372036854775808",
      "9223372036854775808",
      "18446744073709551615",
      "18446744073709551616",
      "123456789012345678901234567890",
      "0." + std::string(100'000, '3'),
      "\"\"",
      "\" \"",
      "\"\\u0000\"",
      "\"a\\u0000b\"",
      "\"\\ud83d\\ude00\"",
      "\"\\uDBFF\\uDFFF\"",
      "\"\\uffff\\ufeff\"",
      "\"\xEF\xBF\xBF\xEF\xBB\xBF\"",
      "\"\xF4\x8F\xBF\xBF\"",
      "\"\x7F\"",
      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
      "\"" + std::string(1'000'000, 'x') + "\"",
      "\"" + repeated("\\n", 100'000) + "\"",
      "[]",
      "{}",
      "[[]]",
      "[{}]",
      "[null]",
      "[1,\"2\",true,null,{},[]]",
      "{\"\":0}",
      "{\"a\":1,\"a\":2}",
      "{\"a\":{\"a\":{\"a\":1}}}",
      "{\"\\u0000\":1}",
      "{\"" + std::string(100'000, 'k') + "\":1}",
      " \t\r\n[ ] ",
      "[" + repeated("1,", 200'000) + "1]",
      "[" + repeated("[],", 100'000) + "{}]",
      "{" + repeated("\"a\":1,", 100'000) + "\"b\":2}",
      repeated("[", 100) + repeated("]", 100),
      "[" + repeated(R"({"role":"user","content":"x"},)", 20'000) + "{}]",
      "{\"type\":\"text\",\"text\":\"x\"}",
      "{\"role\":\"user\",\"content\":\"x\"}",
  };
  for (const auto& value : values) {
    for (const auto& body : bodies_with(value)) answer(body);
  }
}

std::string whole_request() {
  return R"({"model":"claude-sonnet-4.5","stream":true,"stream_options":{"include_usage":true},)"
         R"("temperature":0.5,"stop":["\n\n","\u20ac"],"metadata":{"k":"v"},"user":"u","messages":[)"
         R"({"role":"system","content":[{"type":"text","text":"Be \"kind\" é"}]},)"
         R"({"role":"user","content":"Smile \ud83d\ude00 please"},)"
         R"({"role":"assistant","content":null,"refusal":"No"},)"
         R"({"role":"user","content":[{"type":"text","text":"Why?"}]}],"x-bot-id":"7401"})";
}

TEST(HostileInput, ARequestCutAnywhereIsRefused) {
  const std::string body = whole_request();
  ASSERT_EQ(answer(body), Outcome::accepted);
  for (std::size_t n = 0; n < body.size(); ++n) {
    EXPECT_EQ(answer(std::string_view(body).substr(0, n)), Outcome::refused) << n;
  }
}

TEST(HostileInput, ALongRequestCutAtEverySeventhByteIsRefused) {
  std::string body = "{\"messages\":[";
  for (int i = 0; i < 40; ++i) body += R"({"role":"user","content":"\u00e9 text \\ é"},)";
  body += R"({"role":"user","content":"x"}]})";
  ASSERT_EQ(answer(body), Outcome::accepted);
  for (std::size_t n = 0; n < body.size(); n += 7) {
    EXPECT_EQ(answer(std::string_view(body).substr(0, n)), Outcome::refused) << n;
  }
}

TEST(HostileInput, AnyByteMayBeReplacedByAnyOther) {
  const std::string whole = whole_request();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char byte : {'\0', '"', '\\', '{', ']', ',', '7', '\n', '\x80', '\xFF'}) {
      std::string body = whole;
      body[at] = byte;
      answer(body);
    }
  }
}

TEST(HostileInput, RandomMutationsAreAnswered) {
  EXPECT_TRUE(rc::check([](const std::vector<std::pair<std::uint16_t, std::string>>& edits) {
    std::string body = whole_request();
    for (const auto& [at, bytes] : edits) {
      const std::size_t where = at % (body.size() + 1);
      if (at % 3 == 0) {
        body.insert(where, bytes);
      } else {
        body.replace(where, std::min<std::size_t>(at % 11, body.size() - where), bytes);
      }
    }
    answer(body);
    RC_ASSERT(!::testing::Test::HasFailure());
  }));
}

TEST(HostileInput, AByteOrderMarkIsSkipped) {
  EXPECT_EQ(answer("\xEF\xBB\xBF" + whole_request()), Outcome::accepted);
}

TEST(HostileInput, ErrorsQuoteLittleOfTheInput) {
  const std::string secret(4000, 'Q');
  for (const auto& value : bodies_with("\"" + secret + "\"")) {
    const auto call = decode_chat(value);
    if (call) continue;
    const std::string body = encode_error(call.error()).body;
    EXPECT_LE(std::count(body.begin(), body.end(), 'Q'), 100) << body;
  }
  for (const auto* member : {"metadata", "logit_bias", "extra_headers"}) {
    const auto call = decode_chat("{\"" + std::string(member) + "\":{\"" + secret +
                                  "\":[]},\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}");
    if (call) continue;
    const std::string body = encode_error(call.error()).body;
    EXPECT_LE(std::count(body.begin(), body.end(), 'Q'), 100) << body;
  }
}

// Seconds of CPU this thread has used: a busy machine does not slow this clock.
double cpu_seconds() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// Four times the input takes about four times the work; quadratic work would take sixteen times.
// The smallest of several runs is compared: noise only makes them larger.
TEST(HostileInput, TheWorkGrowsWithTheInputOnly) {
  const auto smallest = [](const std::string& body) {
    double best = 1e9;
    for (int run = 0; run < 10; ++run) {
      const double start = cpu_seconds();
      answer(body);
      best = std::min(best, cpu_seconds() - start);
    }
    return best;
  };
  const auto members = [](std::size_t n) {
    return "{" + repeated("\"a\":1,", n) + R"("messages":[{"role":"user","content":"x"}]})";
  };
  const auto messages = [](std::size_t n) {
    return "{\"messages\":[" + repeated(R"({"role":"user","content":"x"},)", n) +
           R"({"role":"system","content":"x"}]})";
  };
  const auto parts = [](std::size_t n) {
    return R"({"messages":[{"role":"user","content":[)" +
           repeated(R"({"type":"text","text":"x"},)", n) + R"({"type":"text","text":"x"}]}]})";
  };
  const auto one_message = [](std::size_t n) {
    return "{\"messages\":[{" + repeated("\"a\":1,", n) + R"("role":"user","content":"x"}]})";
  };
  constexpr std::size_t n = 10'000;
  EXPECT_LT(smallest(members(4 * n)), 10 * smallest(members(n)));
  EXPECT_LT(smallest(messages(4 * n)), 10 * smallest(messages(n)));
  EXPECT_LT(smallest(parts(4 * n)), 10 * smallest(parts(n)));
  EXPECT_LT(smallest(one_message(4 * n)), 10 * smallest(one_message(n)));
}

}  // namespace
}  // namespace dragoman::openai
