#include "frontends/openai/chat_encode.hpp"

#include <gtest/gtest.h>
#include <limits>

namespace dragoman::openai {
namespace {

using chat::Event;
using chat::Failed;
using chat::Finished;
using chat::FinishReason;
using chat::JsonText;
using chat::ReasoningDelta;
using chat::Started;
using chat::TextDelta;
using chat::Usage;

constexpr AnswerHead head{"chatcmpl-1", 1700000000, "claude \"x\""};

TextDelta text(std::string_view escaped) { return {JsonText::promise(escaped)}; }
ReasoningDelta reasoning(std::string_view escaped) { return {JsonText::promise(escaped)}; }
Usage usage(std::int64_t input, std::int64_t output) {
  Usage usage;
  usage.input_tokens = input;
  usage.output_tokens = output;
  return usage;
}
Failed failure(ErrorKind kind, std::string message) { return {Error(kind, std::move(message))}; }

std::string stream(const std::vector<Event>& events, bool include_usage = false) {
  ChunkEncoder encoder(head, include_usage);
  std::string out;
  for (const auto& event : events) encoder.write(event, out);
  return out;
}

std::string chunk(const std::string& rest) {
  return R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,)"
         R"("model":"claude \"x\"",)" +
         rest + "}\n\n";
}

const std::string done = "data: [DONE]\n\n";
const std::string stop = R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}])";
const std::string hel =
    R"("choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"},"finish_reason":null}])";
const std::string lo = R"("choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}])";

TEST(ChunkEncoder, RoleComesFirstThenTextThenTheReasonThenDone) {
  EXPECT_EQ(stream({Started{}, text("Hel"), text("lo"), Finished{FinishReason::stop}}),
            chunk(hel) + chunk(lo) + chunk(stop) + done);
}

TEST(ChunkEncoder, EscapedTextIsCopiedAsItIs) {
  EXPECT_EQ(stream({text(R"(\n\"\u20ac\ud83d\ude00)")}),
            chunk(R"("choices":[{"index":0,"delta":{"role":"assistant",)"
                  R"("content":"\n\"\u20ac\ud83d\ude00"},"finish_reason":null}])"));
}

TEST(ChunkEncoder, ReasoningHasItsOwnMember) {
  EXPECT_EQ(stream({reasoning("why"), text("lo")}),
            chunk(R"("choices":[{"index":0,"delta":{"role":"assistant",)"
                  R"("reasoning_content":"why"},"finish_reason":null}])") +
                chunk(lo));
}

TEST(ChunkEncoder, UsageComesLastWhenAskedForAndTheOthersSayNull) {
  EXPECT_EQ(stream({text("Hel"), usage(5, 7), Finished{FinishReason::stop}}, true),
            chunk(hel + R"(,"usage":null)") + chunk(stop + R"(,"usage":null)") +
                chunk(R"("choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7,)"
                      R"("total_tokens":12})") +
                done);
}

TEST(ChunkEncoder, UsageNobodyAskedForIsNotSent) {
  EXPECT_EQ(stream({text("Hel"), usage(5, 7), Finished{FinishReason::stop}}),
            chunk(hel) + chunk(stop) + done);
}

TEST(ChunkEncoder, UnknownUsageIsNotInvented) {
  EXPECT_EQ(stream({text("Hel"), Finished{FinishReason::stop}}, true),
            chunk(hel + R"(,"usage":null)") + chunk(stop + R"(,"usage":null)") + done);
}

TEST(ChunkEncoder, EstimatedUsageSaysSoAndCachedTokensAreShown) {
  const std::string out = stream({Usage{.input_tokens = 5,
                                        .output_tokens = 7,
                                        .cached_input_tokens = 3,
                                        .source = Usage::Source::estimated,
                                        .credits = 0.5},
                                  Finished{FinishReason::stop}},
                                 true);
  EXPECT_NE(out.find(R"("usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12,)"
                     R"("prompt_tokens_details":{"cached_tokens":3},"estimated":true}})"),
            std::string::npos)
      << out;
}

TEST(ChunkEncoder, AbsurdCountsNeitherOverflowNorGoNegative) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const std::string out = stream({usage(most, most), Finished{}}, true);
  EXPECT_NE(out.find(R"("total_tokens":9223372036854775806)"), std::string::npos);
  const std::string none = stream({usage(-1, -1), Finished{}}, true);
  EXPECT_NE(none.find(R"("total_tokens":0)"), std::string::npos);
}

TEST(ChunkEncoder, EveryReasonHasItsWord) {
  EXPECT_NE(stream({Finished{FinishReason::length}}).find(R"("finish_reason":"length")"),
            std::string::npos);
  EXPECT_NE(
      stream({Finished{FinishReason::content_filter}}).find(R"("finish_reason":"content_filter")"),
      std::string::npos);
}

TEST(ChunkEncoder, AnEmptyAnswerStillTellsTheRole) {
  EXPECT_EQ(stream({Started{}, text(""), Finished{}}),
            chunk(R"("choices":[{"index":0,"delta":{"role":"assistant","content":""},)"
                  R"("finish_reason":"stop"}])") +
                done);
}

TEST(ChunkEncoder, EventsWithoutAChunkLeaveTheStatusOpen) {
  ChunkEncoder encoder(head, true);
  std::string out;
  encoder.write(Started{"c", "r", "t"}, out);
  encoder.write(text(""), out);
  encoder.write(Usage{}, out);
  EXPECT_EQ(out, "");
  EXPECT_FALSE(encoder.started());
  encoder.write(text("x"), out);
  EXPECT_TRUE(encoder.started());
  EXPECT_FALSE(encoder.ended());
}

TEST(ChunkEncoder, AFailureIsAnErrorLineAndNothingAfterIt) {
  EXPECT_EQ(stream({text("Hel"), failure(ErrorKind::rate_limited, "Slow down"), text("lo"),
                    Finished{FinishReason::stop}}),
            chunk(hel) + R"(data: {"error":{"message":"Slow down","type":"rate_limit_error",)"
                         R"("param":null,"code":"rate_limit_exceeded"}})"
                         "\n\n");
}

TEST(ChunkEncoder, UsageKnownBeforeAFailureIsStillTold) {
  const std::string out =
      stream({text("Hel"), usage(5, 7), failure(ErrorKind::timed_out, "m")}, true);
  EXPECT_LT(out.find("\"total_tokens\":12"), out.find("\"error\""));
  EXPECT_EQ(out.find("[DONE]"), std::string::npos);
}

TEST(ChunkEncoder, AStreamThatNeverFinishedEndsWithAnError) {
  ChunkEncoder encoder(head, false);
  std::string out;
  encoder.write(text("Hel"), out);
  encoder.end(out);
  EXPECT_EQ(out, chunk(hel) +
                     R"(data: {"error":{"message":"The upstream ended before the answer was )"
                     R"(complete","type":"server_error","param":null,)"
                     R"("code":"upstream_failed"}})"
                     "\n\n");
  EXPECT_TRUE(encoder.ended());
}

TEST(ChunkEncoder, EndAddsNothingToAFinishedStream) {
  ChunkEncoder encoder(head, false);
  std::string out;
  encoder.write(Finished{}, out);
  const std::string finished = out;
  encoder.end(out);
  EXPECT_EQ(out, finished);
}

TEST(ChunkEncoder, OddIdsAndModelsAreEscaped) {
  ChunkEncoder encoder({"a\nb", 1, "m\"\r\n\xFF"}, false);
  std::string out;
  encoder.write(Finished{}, out);
  EXPECT_EQ(out.find("data: {\"id\":\"a\\nb\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                     "\"model\":\"m\\\"\\r\\n\xEF\xBF\xBD\","),
            0U);
}

Result<std::string> body(const std::vector<Event>& events) {
  Completion completion(head);
  for (const auto& event : events) completion.add(event);
  return std::move(completion).body();
}

constexpr std::string_view whole_head =
    R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,)"
    R"("model":"claude \"x\"","choices":[{"index":0,"message":{"role":"assistant",)";

TEST(Completion, FoldsTheStreamIntoOneBody) {
  EXPECT_EQ(body({Started{}, reasoning("w\\n"), text("Hel"), reasoning("hy"), text("lo\\\""),
                  usage(5, 7), Finished{FinishReason::length}})
                .value(),
            std::string(whole_head) +
                R"("content":"Hello\"","reasoning_content":"w\nhy","refusal":null},)"
                R"("logprobs":null,"finish_reason":"length"}],)"
                R"("usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}})");
}

TEST(Completion, AnEmptyAnswerHasEmptyContentAndUnknownUsageIsAbsent) {
  EXPECT_EQ(body({Finished{}}).value(),
            std::string(whole_head) +
                R"("content":"","refusal":null},"logprobs":null,"finish_reason":"stop"}]})");
}

TEST(Completion, AFailureIsTheError) {
  const auto failed = body({text("x"), failure(ErrorKind::overloaded, "m"), Finished{}});
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, ErrorKind::overloaded);
}

TEST(Completion, AnAnswerThatNeverFinishedIsAnError) {
  const auto cut = body({text("x")});
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().kind, ErrorKind::upstream_failed);
}

TEST(Completion, WhatFollowsTheEndIsIgnored) {
  EXPECT_EQ(body({text("a"), Finished{}, text("b"), failure(ErrorKind::internal, "m")}).value(),
            body({text("a"), Finished{}}).value());
}

TEST(Completion, EndlessAnswersAreCutOffWithAnError) {
  const std::string piece(std::size_t{1} << 20, 'x');
  Completion completion(head);
  for (int i = 0; i < 64; ++i) completion.add(text(piece));
  EXPECT_FALSE(completion.ended());
  completion.add(text("x"));
  EXPECT_TRUE(completion.ended());
  completion.add(Finished{});
  const auto failed = std::move(completion).body();
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, ErrorKind::upstream_failed);
}

}  // namespace
}  // namespace dragoman::openai
