#include "backends/codewhisperer/decode.hpp"

#include <gtest/gtest.h>
#include <map>
#include <rapidcheck.h>

#include "backends/codewhisperer/allocation_counter.hpp"
#include "backends/codewhisperer/test_vectors.hpp"
#include "base/overloaded.hpp"

namespace dragoman::codewhisperer {
namespace {

using Lines = std::vector<std::string>;

std::string describe(const chat::Event& event) {
  return std::visit(
      overloaded{
          [](const chat::Started& e) { return "started " + e.conversation_id; },
          [](const chat::TextDelta& e) { return "text " + std::string(e.text.escaped()); },
          [](const chat::ReasoningDelta& e) {
            return "reasoning " + std::string(e.text.escaped());
          },
          [](const chat::Usage& e) {
            std::string text = "usage " + std::to_string(e.input_tokens) + " (" +
                               std::to_string(e.cached_input_tokens) + " cached) + " +
                               std::to_string(e.output_tokens);
            if (e.source != chat::Usage::Source::measured) text += " estimated";
            if (e.credits) {
              text += " credits ";
              json::Writer(text).number(*e.credits);
            }
            return text;
          },
          [](const chat::Finished& e) -> std::string {
            switch (e.reason) {
              case chat::FinishReason::stop: return "finished stop";
              case chat::FinishReason::length: return "finished length";
              case chat::FinishReason::content_filter: return "finished content_filter";
            }
            return "finished";
          },
          [](const chat::Failed& e) {
            return "failed " + std::string(to_string(e.error.kind)) + ": " + e.error.message;
          },
      },
      event);
}

Lines decode(std::string_view bytes, const std::vector<std::size_t>& cuts = {}) {
  PayloadParser parser;
  Decoder decoder(parser, "REQ", "");
  Lines lines;
  const auto add = [&](std::span<const chat::Event> events) {
    for (const chat::Event& event : events) lines.push_back(describe(event));
  };
  vectors::for_each_piece(bytes, cuts, [&](PaddedBytes piece) {
    const bool was_done = decoder.done();
    const auto events = decoder.feed(piece);
    if (was_done) {
      EXPECT_TRUE(events.empty());
    }
    add(events);
  });
  add(decoder.finish());
  EXPECT_TRUE(decoder.done());
  EXPECT_TRUE(decoder.finish().empty());
  return lines;
}

std::string event_frame(std::string_view type, std::string_view payload) {
  std::string out;
  const wire::Header headers[] = {{":event-type", type},
                                  {":message-type", std::string_view("event")}};
  wire::encode_frame(out, headers, payload);
  return out;
}

std::string exception_frame(std::string_view type, std::string_view payload) {
  std::string out;
  const wire::Header headers[] = {{":exception-type", type},
                                  {":message-type", std::string_view("exception")}};
  wire::encode_frame(out, headers, payload);
  return out;
}

std::string text_frame(std::string_view text) {
  return event_frame("assistantResponseEvent", "{\"content\":\"" + json::escape(text) + "\"}");
}

const std::string tail_frame = event_frame("contextUsageEvent", R"({"contextUsagePercentage":1})");

const std::string tool_failure =
    "failed upstream_failed: CodeWhisperer answered with a tool call, which was not asked for and "
    "cannot be shown";
const std::string empty_failure = "failed upstream_failed: CodeWhisperer gave an empty answer";
const std::string broken = "failed upstream_failed: the upstream's event stream is broken: ";
const std::string conversation = "started 00000000-0000-4000-8000-000000000001";

const std::map<std::string, Lines> expected_by_name = {
    {"01-plain-text", {conversation, "text Hello", "text , ", "text world.", "finished stop"}},
    {"02-live-order", {"started ", "text Hi.", "finished stop"}},
    {"03-initial-response", {conversation, "text Hi.", "finished stop"}},
    // Without a tail nobody can tell a whole answer from a cut one.
    {"04-utf8-across-events",
     {"started ", "text 你", "text 好 👩", "text \u200D", "text 💻 e", "text \u0301!",
      "finished length"}},
    {"05-surrogates-across-events", {"started ", "text a", "text 😀b", "finished length"}},
    {"06-invalid-utf8", {"started ", "text a\uFFFD", "text \uFFFD\uFFFDb", "finished length"}},
    {"07-tool-fragments", {"started ", "text Let me check.", tool_failure}},
    {"08-two-tools-sequential", {"started ", tool_failure}},
    {"09-two-tools-interleaved", {"started ", tool_failure}},
    {"10-tool-no-input", {"started ", tool_failure}},
    {"11-tool-empty-strings", {"started ", tool_failure}},
    {"12-tool-input-object", {"started ", tool_failure}},
    {"13-tool-single-event", {"started ", tool_failure}},
    {"14-tool-duplicate", {"started ", tool_failure}},
    {"17-token-usage", {"started ", "text x", "usage 5120 (4000 cached) + 7", "finished stop"}},
    {"18-usage-minimal", {"started ", "text x", "usage 1 (0 cached) + 2", "finished stop"}},
    {"19-metering-numbers",
     {"started ",
      "failed context_overflow: CodeWhisperer gave an empty answer: the conversation fills the "
      "context window"}},
    {"20-reasoning",
     {"started ", "reasoning First, ", "reasoning think.", "text 42", "finished length"}},
    {"21-reasoning-redacted", {"started ", "text 42", "finished length"}},
    {"22-thinking-tags",
     {"started ", "text <thin", "text king>\\nhm, `</thinking>` is a tag", "text \\n</think",
      "text ing>\\n\\n", "text The answer.", "finished length"}},
    {"23-code-references", {"started ", "text int main(){}", "finished length"}},
    {"24-links-citations", {"started ", "text See [1].", "finished length"}},
    {"25-rare-events", {"started ", "text print(1)", "finished length"}},
    {"26-invalid-state",
     {"started ", "text par",
      "failed upstream_failed: CodeWhisperer: bad plan (INVALID_TASK_ASSIST_PLAN, request REQ)"}},
    {"27-exception-modeled",
     {"started ", "text par",
      "failed overloaded: CodeWhisperer: Encountered an unexpected error. "
      "(MODEL_TEMPORARILY_UNAVAILABLE, request REQ)"}},
    {"28-exception-throttling",
     {"started ", "text par",
      "failed overloaded: CodeWhisperer: Too many requests. (INSUFFICIENT_MODEL_CAPACITY, request "
      "REQ)"}},
    {"29-exception-validation",
     {"started ",
      "failed context_overflow: CodeWhisperer: Input is too long. "
      "(CONTENT_LENGTH_EXCEEDS_THRESHOLD, request REQ)"}},
    {"30-exception-content-length", {"started ", "text partial answer", "finished length"}},
    {"31-exception-internal",
     {"started ", "text par", "failed upstream_failed: CodeWhisperer: boom (request REQ)"}},
    {"32-error-frame",
     {"started ", "text par",
      "failed upstream_failed: CodeWhisperer: An internal server error occurred (request REQ)"}},
    {"33-unknown-event", {"started ", "text a", "text b", "finished stop"}},
    {"34-zero-length-payload", {"started ", "text after", "finished length"}},
    {"35-empty-stream", {"started ", empty_failure}},
    {"36-all-header-types", {"started ", "text h", "finished length"}},
    {"37-no-content-type", {"started ", "text x", "finished length"}},
    {"38-header-order", {"started ", "text x", "finished length"}},
    {"39-unknown-members", {"started ", "text a", tool_failure}},
    {"40-escapes",
     {"started ", R"(text \u0000\u0001\t\n\r\b\f \"q\" \\ \/ \u00e9)", "text \u2028\u2029\uFEFF",
      "finished length"}},
    {"44-payload-not-json",
     {"started ", "text a",
      "failed upstream_failed: CodeWhisperer sent an event that is not valid JSON"}},
    {"45-missing-event-type", {"started ", "text a", broken + "an event has no type"}},
    {"46-missing-message-type", {"started ", "text a", broken + "a frame has no message type"}},
    {"47-unknown-message-type", {"started ", "text a", broken + "the message type is unknown"}},
    {"48-wrong-types", {"started ", tool_failure}},
    {"49-repeated-content", {"started ", "text ha", "text ha", "text !", "finished length"}},
    {"50-initial-response-sdk", {"started ", "text Hi.", "finished length"}},
    {"51-exception-first-throttling",
     {"started ",
      "failed overloaded: CodeWhisperer: Too many requests. (INSUFFICIENT_MODEL_CAPACITY, request "
      "REQ)"}},
    {"52-exception-first-modeled",
     {"started ", "failed upstream_failed: CodeWhisperer: boom (request REQ)"}},
    {"53-exception-empty-payload",
     {"started ", "text a",
      "failed upstream_failed: CodeWhisperer reported InternalServerException (request REQ)"}},
    {"54-exception-empty-unmodeled",
     {"started ", "text a",
      "failed rate_limited: CodeWhisperer reported ThrottlingException (request REQ)"}},
    {"55-empty-content", {"started ", "text a", "finished stop"}},
    {"60-send-message", {conversation, "text x", "finished length"}},
    {"61-export-archive", {"started ", empty_failure}},  // another operation's events
    {"62-mcp-stream", {"started ", empty_failure}},
};

Lines expected(const std::string& name) {
  Lines lines = {"started "};
  if (name == "43-many-events") {
    for (int i = 0; i < 400; ++i) lines.push_back("text w" + std::to_string(i) + " ");
    lines.push_back("finished stop");
    return lines;
  }
  return expected_by_name.at(name);
}

TEST(CodewhispererDecode, EveryRecordedStreamBecomesItsEventsHoweverItIsCut) {
  std::size_t seen = 0;
  for (const std::string& name : vectors::names("responses")) {
    SCOPED_TRACE(name);
    const std::string bytes = vectors::bytes_of("responses", name);
    const Lines whole = decode(bytes);
    if (expected_by_name.contains(name) || name == "43-many-events") {
      EXPECT_EQ(whole, expected(name));
      ++seen;
    }
    for (const auto& cuts : vectors::splits(bytes.size())) EXPECT_EQ(decode(bytes, cuts), whole);
  }
  EXPECT_EQ(seen, expected_by_name.size() + 1);
}

TEST(CodewhispererDecode, ToolCallsEndEveryRecordedStreamThatHasThem) {
  for (const auto* name : {"15-tool-truncated", "16-text-tool-text", "42-large-tool-input"}) {
    EXPECT_EQ(decode(vectors::bytes_of("responses", name)).back(), tool_failure);
  }
}

TEST(CodewhispererDecode, LongTextArrivesWhole) {
  const Lines lines = decode(vectors::bytes_of("responses", "41-large-text"));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_GT(lines[1].size(), 100'000u);
  EXPECT_EQ(lines[2], "text end");
}

TEST(CodewhispererDecode, MalformedStreamsFailAndKeepTheTextBefore) {
  for (const std::string& name : vectors::names("malformed")) {
    SCOPED_TRACE(name);
    const std::string bytes = vectors::bytes_of("malformed", name);
    const Lines whole = decode(bytes);
    const auto document = vectors::description("malformed", name);
    if (*document.root().require("expected")->require("verdict")->string() == "reject") {
      EXPECT_TRUE(whole.back().starts_with("failed upstream_failed: ")) << whole.back();
    }
    for (const auto& cuts : vectors::splits(bytes.size())) EXPECT_EQ(decode(bytes, cuts), whole);
  }
}

TEST(CodewhispererDecode, CutAnswerNeverEndsLikeAWholeOne) {
  const std::string bytes = vectors::bytes_of("responses", "01-plain-text");
  const Lines whole = decode(bytes);
  const std::size_t before_tail = bytes.find("contextUsageEvent") - 30;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Lines cut = decode(std::string_view(bytes).substr(0, size));
    if (size < before_tail) {
      EXPECT_NE(cut.back(), "finished stop") << size;
    }
    for (std::size_t i = 1; i + 1 < cut.size(); ++i) EXPECT_EQ(cut[i], whole[i]);
  }
}

TEST(CodewhispererDecode, StopReasonsAreUnderstoodInAnySpelling) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"END_TURN", "finished stop"},
      {"endTurn", "finished stop"},
      {"STOP_SEQUENCE", "finished stop"},
      {"MAX_TOKENS", "finished length"},
      {"max-tokens", "finished length"},
      {"MODEL_CONTEXT_WINDOW_EXCEEDED", "finished length"},
      {"REFUSAL", "finished content_filter"},
      {"GUARDRAIL_INTERVENED", "finished content_filter"},
      {"content_filtered", "finished content_filter"},
      {"SOMETHING_NEW", "finished stop"},
  };
  for (const auto& [word, end] : cases) {
    const std::string payload = "{\"stopReason\":\"" + std::string(word) + "\"}";
    EXPECT_EQ(decode(text_frame("x") + event_frame("metadataEvent", payload)).back(), end) << word;
    EXPECT_EQ(decode(text_frame("x") + event_frame("messageStopEvent", payload)).back(), end);
  }
  // An answer that was withheld altogether is no empty answer.
  EXPECT_EQ(decode(event_frame("metadataEvent", R"({"stopReason":"REFUSAL"})")).back(),
            "finished content_filter");
  EXPECT_EQ(decode(event_frame("metadataEvent", R"({"stopReason":"MAX_TOKENS"})")).back(),
            "finished length");
  EXPECT_EQ(decode(event_frame("metadataEvent", R"({"stopReason":"END_TURN"})")).back(),
            empty_failure);
}

TEST(CodewhispererDecode, FullWindowEndsAsLength) {
  const auto usage = [](std::string_view percent) {
    return text_frame("x") +
           event_frame("contextUsageEvent",
                       "{\"contextUsagePercentage\":" + std::string(percent) + "}");
  };
  EXPECT_EQ(decode(usage("99.9")).back(), "finished stop");
  EXPECT_EQ(decode(usage("100")).back(), "finished length");
  EXPECT_EQ(decode(usage("147.3")).back(), "finished length");
}

TEST(CodewhispererDecode, TextAfterTheTailNeedsATailOfItsOwn) {
  EXPECT_EQ(decode(text_frame("a") + tail_frame).back(), "finished stop");
  EXPECT_EQ(decode(text_frame("a") + tail_frame + text_frame("b")).back(), "finished length");
}

TEST(CodewhispererDecode, CountsAreTakenOnlyWhereTheyMakeSense) {
  const auto counts = [](std::string_view token_usage) {
    const Lines lines =
        decode(text_frame("x") +
               event_frame("metadataEvent", "{\"tokenUsage\":" + std::string(token_usage) + "}") +
               event_frame("metadataEvent", "{}"));
    return lines.size() == 4 ? lines[2] : std::string();
  };
  EXPECT_EQ(counts(R"({"uncachedInputTokens":1,"outputTokens":2})"), "usage 1 (0 cached) + 2");
  EXPECT_EQ(counts(R"({"uncachedInputTokens":1.0,"outputTokens":2e0,"cacheWriteInputTokens":7})"),
            "usage 8 (0 cached) + 2");
  for (const auto* bad : {"{}", "[]", "\"x\"", "null", R"({"uncachedInputTokens":1})",
                          R"({"uncachedInputTokens":"1","outputTokens":2})",
                          R"({"uncachedInputTokens":-1,"outputTokens":2})",
                          R"({"uncachedInputTokens":1.5,"outputTokens":2})",
                          R"({"uncachedInputTokens":1e300,"outputTokens":2})"}) {
    EXPECT_EQ(counts(bad), "") << bad;
  }
}

TEST(CodewhispererDecode, CreditsGoWithTheUsage) {
  const std::string usage =
      event_frame("metadataEvent", R"({"tokenUsage":{"uncachedInputTokens":1,"outputTokens":2}})");
  const std::string credits = event_frame("meteringEvent", R"({"unit":"credit","usage":0.0897})");
  EXPECT_EQ(decode(text_frame("x") + usage + credits)[2], "usage 1 (0 cached) + 2 credits 0.0897");
  EXPECT_EQ(decode(text_frame("x") + credits + usage)[2], "usage 1 (0 cached) + 2 credits 0.0897");
}

TEST(CodewhispererDecode, OverLongOutputIsAFailureOnlyWithoutText) {
  const std::string exception =
      exception_frame("com.x#ContentLengthExceededException", R"({"message":"Output limit"})");
  EXPECT_EQ(decode(text_frame("x") + exception).back(), "finished length");
  EXPECT_EQ(decode(exception).back(),
            "failed context_overflow: CodeWhisperer: Output limit (request REQ)");
}

TEST(CodewhispererDecode, HalfAPairThatIsNeverCompletedBecomesAReplacement) {
  const std::string half = event_frame("assistantResponseEvent", R"({"content":"a\ud83d"})");
  EXPECT_EQ(decode(half + tail_frame),
            (Lines{"started ", "text a", "text \uFFFD", "finished stop"}));
  EXPECT_EQ(decode(half + exception_frame("ThrottlingException", "")),
            (Lines{"started ", "text a", "text \uFFFD",
                   "failed rate_limited: CodeWhisperer reported ThrottlingException (request "
                   "REQ)"}));
}

TEST(CodewhispererDecode, TextThatCannotBeReadIsAFailure) {
  for (const auto* payload : {"[]", "null", "\"x\"", "{", "{\"content\"",
                              "{\"content\":", "{\"content\":\"x", "{]}", "{\"content\":\"x\"y}",
                              "{\"content\":\"x\" \"y\"}", "\x01", "{\"content\":\"\x01\"}", " "}) {
    EXPECT_EQ(decode(event_frame("assistantResponseEvent", payload) + text_frame("y")),
              (Lines{"started ",
                     "failed upstream_failed: CodeWhisperer sent an event that is not valid JSON"}))
        << payload;
  }
}

TEST(CodewhispererDecode, AnEndThatOnlyTheConnectionTellsIsACutWithoutTailEvents) {
  PayloadParser parser;
  Decoder decoder(parser, "", "");
  std::string bytes = text_frame("half");
  const std::size_t size = bytes.size();
  bytes.append(byte_padding, '\0');
  decoder.feed(PaddedBytes::promise(std::string_view(bytes).substr(0, size)));
  const auto events = decoder.finish(false);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(describe(events[0]), "failed upstream_failed: CodeWhisperer cut the answer off");
}

TEST(CodewhispererDecode, MembersOfTheWrongTypeCountAsAbsent) {
  for (const auto* payload :
       {"{\"content\":{\"content\":\"x\"}}", "{\"content\":[\"x\"]}", "{\"content\":true}", "{}"}) {
    EXPECT_EQ(decode(event_frame("assistantResponseEvent", payload) + text_frame("y")),
              (Lines{"started ", "text y", "finished length"}))
        << payload;
  }
}

TEST(CodewhispererDecode, IdThatCouldHarmAHeaderIsNotTaken) {
  const std::string start =
      event_frame("initial-response", R"({"conversationId":"a\r\nset-cookie: x"})");
  EXPECT_EQ(decode(start + text_frame("x"))[0], "started ");
}

TEST(CodewhispererDecode, IdOfTheAnswersHeaderWins) {
  PayloadParser parser;
  Decoder decoder(parser, "", "from-header");
  std::string bytes =
      event_frame("initial-response", R"({"conversationId":"from-frame"})") + text_frame("x");
  const std::size_t size = bytes.size();
  bytes.append(byte_padding, '\0');
  const auto events = decoder.feed(PaddedBytes::promise(std::string_view(bytes).substr(0, size)));
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(describe(events[0]), "started from-header");
}

TEST(CodewhispererDecode, AnyTextComesOutAsItWentInAtAnyCut) {
  EXPECT_TRUE(rc::check([](const std::vector<std::string>& texts) {
    std::string bytes;
    std::string sent;
    for (const std::string& text : texts) {
      bytes += text_frame(text);
      sent += json::escape(text);
    }
    bytes += tail_frame;
    auto cuts = *rc::gen::container<std::vector<std::size_t>>(
        rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
    std::ranges::sort(cuts);
    std::string received;
    for (const std::string& line : decode(bytes, cuts)) {
      if (line.starts_with("text ")) received += line.substr(5);
    }
    RC_ASSERT(received == sent);
  }));
}

TEST(CodewhispererDecode, SteadyStreamAllocatesNothing) {
  std::string bytes;
  for (int i = 0; i < 40; ++i) {
    bytes += text_frame("word ") + event_frame("reasoningContentEvent", R"({"text":"hm"})") +
             event_frame("somethingNewEvent", R"({"x":1})");
  }
  // Cut inside a frame, so that the carry works too; both pieces are padded by what follows.
  bytes.append(byte_padding, '\0');
  const PaddedBytes all =
      PaddedBytes::promise(std::string_view(bytes).substr(0, bytes.size() - byte_padding));
  const std::size_t cut = all.size() / 2 + 7;
  PayloadParser parser;
  Decoder decoder(parser, "", "");
  std::size_t before = 0;
  for (int round = 0; round < 10; ++round) {
    if (round == 2) before = allocations();
    EXPECT_FALSE(decoder.feed(all.substr(0, cut)).empty());
    EXPECT_FALSE(decoder.feed(all.substr(cut)).empty());
  }
  EXPECT_EQ(allocations() - before, 0u);
  EXPECT_FALSE(decoder.done());
}

}  // namespace
}  // namespace dragoman::codewhisperer
