#include "emulator/script.hpp"

#include <array>
#include <gtest/gtest.h>

namespace dragoman::emulator {
namespace {

constexpr std::array<std::string_view, 1> native{"exception"};
const Dialect dialect{native};

std::string error_of(std::string_view text) {
  auto script = parse_script(text, dialect);
  return script ? "no error" : script.error().message;
}

TEST(Script, HoldsEveryKindOfStep) {
  auto script = parse_script(
      R"({"events":[{"text":"Hel"},{"reasoning":"hm"},{"delay_ms":50},{"wait":"go"},
          {"usage":{"input":5,"output":7}},{"event":"codeEvent","data":{"content":"x"}},
          {"event":"dryRunSucceedEvent"},{"exception":{"type":"T"}},{"raw_base64":"AAE="}],
          "tail":false})",
      dialect);
  ASSERT_TRUE(script) << script.error().message;
  const auto& events = *script->events;
  ASSERT_EQ(events.size(), 9U);
  EXPECT_EQ(std::get<TextStep>(events[0]).text, "Hel");
  EXPECT_EQ(std::get<ReasoningStep>(events[1]).text, "hm");
  EXPECT_EQ(std::get<DelayStep>(events[2]).duration, milliseconds(50));
  EXPECT_EQ(std::get<WaitStep>(events[3]).signal, "go");
  EXPECT_EQ(std::get<UsageStep>(events[4]).output, 7);
  EXPECT_EQ(std::get<EventStep>(events[5]).data, R"({"content":"x"})");
  EXPECT_EQ(std::get<EventStep>(events[6]).data, "{}");
  EXPECT_EQ(std::get<NativeStep>(events[7]).name, "exception");
  EXPECT_EQ(std::get<NativeStep>(events[7]).data, R"({"type":"T"})");
  EXPECT_EQ(std::get<RawStep>(events[8]).bytes, std::string("\0\1", 2));
  EXPECT_FALSE(script->tail);
  EXPECT_FALSE(script->plain());
}

TEST(Script, HoldsAPlainAnswerAndFaults) {
  auto script = parse_script(
      R"({"status":429,"headers":{"Retry-After":"2"},"body":"slow","cut_at":3,"cut":"rst",
          "write_bytes":1,"before":[{"delay_ms":5},{"wait":"go"}]})",
      dialect);
  ASSERT_TRUE(script) << script.error().message;
  EXPECT_TRUE(script->plain());
  EXPECT_EQ(script->status, 429);
  EXPECT_EQ(script->headers, (std::vector<HeaderField>{{"retry-after", "2"}}));
  EXPECT_EQ(script->body, "slow");
  EXPECT_EQ(script->faults.cut_at, 3U);
  EXPECT_TRUE(script->faults.cut_with_reset);
  EXPECT_EQ(script->faults.write_bytes, 1U);
  EXPECT_EQ(script->before, (std::vector<Pause>{DelayStep{milliseconds(5)}, WaitStep{"go"}}));
}

TEST(Script, OfFaultsAloneKeepsTheUsualAnswer) {
  auto script = parse_script(R"({"write_bytes":1})", dialect);
  ASSERT_TRUE(script);
  EXPECT_FALSE(script->plain());
  EXPECT_FALSE(script->events);
  EXPECT_TRUE(script->faults.any());
}

TEST(Script, ErrorsNameTheMember) {
  EXPECT_EQ(error_of(R"({"evnets":[]})"), "evnets: is not a member of a script");
  EXPECT_EQ(error_of(R"({"events":[{"text":"a"},{"txt":"b"}]})"),
            "events.1.txt: is not a step of this emulator");
  EXPECT_EQ(error_of(R"({"events":[{"failed":{}}]})"),
            "events.0.failed: is not a step of this emulator");
  EXPECT_EQ(error_of(R"({"events":[{}]})"), "events.0: is an empty step");
  EXPECT_EQ(error_of(R"({"events":[{"text":"a","delay_ms":1}]})"),
            "events.0: has more than one member");
  EXPECT_EQ(error_of(R"({"events":[{"delay_ms":-1}]})"),
            "events.0.delay_ms: must be between 0 and 600000");
  EXPECT_EQ(error_of(R"({"events":[{"raw_base64":"?"}]})"), "events.0.raw_base64: is not base64");
  EXPECT_EQ(error_of(R"({"status":99})"), "status: must be between 200 and 599");
  EXPECT_EQ(error_of(R"({"cut":"maybe"})"), R"(cut: must be "fin" or "rst")");
  EXPECT_EQ(error_of(R"({"headers":{"content-length":"5"}})"),
            "headers.content-length: is set by the server");
  EXPECT_EQ(error_of(R"({"headers":{"a":"b\r\nc: d"}})"), "headers.a: holds a control character");
  EXPECT_EQ(error_of(R"({"before":[{"text":"a"}]})"), "before: may hold delay_ms and wait only");
  EXPECT_NE(error_of(R"({"body":"a","events":[]})"), "no error");
  EXPECT_NE(error_of("[]"), "no error");
  EXPECT_NE(error_of("{"), "no error");
}

TEST(Mock, IsFoundAtTheBeginningOfAMessage) {
  auto mock =
      find_mock("\n !mock {\"events\":[{\"text\":\"a } \\\" b\"}]}  and the rest ", dialect);
  ASSERT_TRUE(mock) << mock.error().message;
  ASSERT_TRUE(*mock);
  EXPECT_EQ(std::get<TextStep>((*mock)->script.events->front()).text, "a } \" b");
  EXPECT_EQ((*mock)->rest, "and the rest");
}

TEST(Mock, IsNothingElsewhere) {
  for (std::string_view text : {"", "hello", "say !mock {}", "!mockery {}", "!mock"}) {
    auto mock = find_mock(text, dialect);
    ASSERT_TRUE(mock) << text;
    EXPECT_FALSE(*mock) << text;
  }
}

TEST(Mock, WithABrokenScriptIsAnError) {
  for (std::string_view text :
       {"!mock hello", "!mock {", "!mock {\"a\":\"}", "!mock {]", "!mock {}}"}) {
    auto mock = find_mock(text, dialect);
    if (text == "!mock {}}") {
      EXPECT_TRUE(mock) << text;  // the brace behind it is text
    } else {
      EXPECT_FALSE(mock) << text;
    }
  }
}

}  // namespace
}  // namespace dragoman::emulator
