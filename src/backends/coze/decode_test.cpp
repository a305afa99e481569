#include "backends/coze/decode.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <rapidcheck.h>
#include <sstream>

#include "base/overloaded.hpp"

namespace dragoman::coze {
namespace {

using Lines = std::vector<std::string>;

// One line an event, neighbouring deltas of a kind joined: how reads were cut must not show.
class Transcript {
 public:
  void add(const std::vector<chat::Event>& events) {
    for (const chat::Event& event : events) {
      std::visit(overloaded{
                     [&](const chat::Started& e) {
                       line("started " + e.conversation_id + " " + e.turn_id + " " + e.request_id);
                     },
                     [&](const chat::TextDelta& e) { delta("text ", e.text.escaped()); },
                     [&](const chat::ReasoningDelta& e) { delta("reasoning ", e.text.escaped()); },
                     [&](const chat::Usage& e) {
                       line("usage " + std::to_string(e.input_tokens) + " " +
                            std::to_string(e.output_tokens) +
                            (e.source == chat::Usage::Source::measured ? "" : " estimated"));
                     },
                     [&](const chat::Finished& e) {
                       line(e.reason == chat::FinishReason::stop ? "finished" : "finished early");
                     },
                     [&](const chat::Failed& e) {
                       line("failed " + std::string(to_string(e.error.kind)) + " " + e.error.code +
                            ": " + e.error.message);
                     },
                 },
                 event);
    }
  }
  const Lines& lines() const { return lines_; }

 private:
  void line(std::string text) {
    lines_.push_back(std::move(text));
    open_ = "";
  }
  void delta(std::string_view kind, std::string_view text) {
    EXPECT_FALSE(text.empty());
    if (open_ != kind) line(std::string(kind));
    lines_.back() += text;
    open_ = kind;
  }
  Lines lines_;
  std::string_view open_;
};

Lines decode_pieces(const Lines& pieces) {
  simdjson::ondemand::parser parser;
  Decoder decoder(parser, "LOG1");
  Transcript transcript;
  std::vector<chat::Event> events;
  for (const std::string& piece : pieces) {
    // A block of its own for each read: a sanitizer sees what outlives it or reads beyond it.
    const auto block = std::make_unique<char[]>(piece.size() + byte_padding);
    std::copy(piece.begin(), piece.end(), block.get());
    events.clear();
    decoder.feed(PaddedBytes::promise({block.get(), piece.size()}), events);
    transcript.add(events);
  }
  events.clear();
  decoder.finish(events);
  transcript.add(events);
  EXPECT_TRUE(decoder.ended());
  return transcript.lines();
}

Lines cut(std::string_view text, std::size_t size) {
  Lines pieces;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
    pieces.emplace_back(text.substr(0, size));
  }
  return pieces;
}

// The whole at once, byte by byte, in the pieces of the recordings, and cut in two everywhere.
Lines decode(const std::string& body) {
  const Lines whole = decode_pieces({body});
  EXPECT_EQ(decode_pieces(cut(body, 1)), whole);
  EXPECT_EQ(decode_pieces(cut(body, 97)), whole);
  for (std::size_t i = 1; i < body.size(); i += body.size() > 4096 ? 41 : 5) {
    const Lines split = decode_pieces({body.substr(0, i), body.substr(i)});
    if (split != whole) {
      EXPECT_EQ(split, whole) << "cut at " << i;
      break;
    }
  }
  return whole;
}

Lines decode_vector(std::string_view number) {
  for (const auto& entry : std::filesystem::directory_iterator(DRAGOMAN_TESTDATA "/coze")) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(std::string(number) + "-")) continue;
    for (const char* file : {"response-1.sse", "response-1.json"}) {
      std::ifstream in(entry.path() / file, std::ios::binary);
      if (!in) continue;
      std::stringstream body;
      body << in.rdbuf();
      return decode(body.str());
    }
  }
  ADD_FAILURE() << "no vector " << number;
  return {};
}

std::string event(std::string_view name, std::string_view data) {
  return "event:" + std::string(name) + "\ndata:" + std::string(data) + "\n\n";
}

std::string delta(std::string_view id, std::string_view content,
                  std::string_view member = "content") {
  return event("conversation.message.delta",
               R"({"id":")" + std::string(id) +
                   R"(","conversation_id":"1","role":"assistant","type":"answer",")" +
                   std::string(member) + R"(":")" + std::string(content) +
                   R"(","content_type":"text","chat_id":"2"})");
}

std::string completed(std::string_view id, std::string_view type, std::string_view content,
                      std::string_view more = "") {
  return event("conversation.message.completed",
               R"({"id":")" + std::string(id) +
                   R"(","conversation_id":"1","role":"assistant","type":")" + std::string(type) +
                   R"(","content":")" + std::string(content) +
                   R"(","content_type":"text","chat_id":"2")" + std::string(more) + "}");
}

const std::string chat_completed =
    event("conversation.chat.completed",
          R"({"id":"2","conversation_id":"1","status":"completed",)"
          R"("usage":{"token_count":3,"output_count":1,"input_count":2}})");
const std::string done = event("done", "\"[DONE]\"");

const std::string started = "started 1 2 LOG1";
const std::string started_vector = "started 7402000000000000001 7403000000000000001 LOG1";

// Recorded streams.

TEST(CozeDecode, ReasoningTextAndUsageArriveAndFollowUpsAreLeftOut) {
  EXPECT_EQ(decode_vector("01"),
            (Lines{started_vector, "reasoning The user greets in Chinese: 你好.",
                   "text 你好，\\nhow can I help? 😀", "usage 614 19", "finished"}));
}

TEST(CozeDecode, SeveralAnswersAreSeparatedAndToolTrafficIsNotShown) {
  EXPECT_EQ(decode_vector("02"),
            (Lines{started_vector, R"(text {\"elements\":{}}\n\nFirst answer.\n\nSecond answer.)",
                   "usage 2197 111", "finished"}));
}

TEST(CozeDecode, WaitingForALocalPluginIsAClearError) {
  EXPECT_EQ(
      decode_vector("03"),
      (Lines{started_vector,
             "failed not_implemented local_plugin_not_supported: Coze: the bot called a local "
             "plugin and waits for its result, which cannot be passed to the client yet. "
             "Remove the local plugins from the bot or use another bot"}));
}

TEST(CozeDecode, AFailedChatKeepsItsCode) {
  EXPECT_EQ(decode_vector("06"),
            (Lines{started_vector,
                   "failed upstream_failed : Coze: event interval error (code 5000, logid LOG1)"}));
}

TEST(CozeDecode, AFailedChatInShortForm) {
  EXPECT_EQ(
      decode_vector("07"),
      (Lines{started_vector, "failed upstream_failed : Coze: error (code 701231, logid LOG1)"}));
}

TEST(CozeDecode, AnErrorEventNeedsNoStart) {
  EXPECT_EQ(
      decode_vector("08"),
      (Lines{"failed conflict conversation_busy: Coze: Conversation occupied: Another chat is "
             "currently active. Please wait for the ongoing chat to complete or create a new "
             "conversation to start a separate chat. Ensure only one chat runs at a time within "
             "the same conversation (code 4016, logid LOG1). One turn at a time can run in a "
             "conversation: wait for its end."}));
}

TEST(CozeDecode, AJsonBodyInPlaceOfAStreamIsARefusal) {
  for (const char* vector : {"09", "10"}) {
    const Lines lines = decode_vector(vector);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].starts_with("failed bad_request bot_not_published: Coze: ")) << lines[0];
    EXPECT_NE(lines[0].find("(code 4015, logid "), std::string::npos) << lines[0];
  }
}

TEST(CozeDecode, ARefusedTokenAndAChatObjectInPlaceOfAStreamAreErrors) {
  EXPECT_TRUE(decode_vector("11")[0].starts_with("failed upstream_unauthorized : "));
  EXPECT_EQ(decode_vector("18"),
            (Lines{"failed upstream_failed : Coze: the answer is not the stream that was asked for "
                   "(logid LOG1)"}));
}

TEST(CozeDecode, AudioIsLeftOut) {
  EXPECT_EQ(decode_vector("16"),
            (Lines{started_vector, "text A red square.", "usage 91 24", "finished"}));
}

TEST(CozeDecode, TheOpenSourceServersEndIsUnderstood) {
  EXPECT_EQ(decode_vector("19"), (Lines{started_vector, "text Hi", "usage 10 2", "finished"}));
}

TEST(CozeDecode, AnEndWithoutCompletionIsAnError) {
  EXPECT_EQ(decode_vector("20"),
            (Lines{started_vector, "text partial answer",
                   "failed upstream_failed : Coze: the answer was cut off before its end"}));
}

TEST(CozeDecode, OtherLineEndsCommentsAndUnknownEventsDoNotDisturb) {
  EXPECT_EQ(decode_vector("21"), (Lines{started_vector, "text ok", "usage 1 1", "finished"}));
}

TEST(CozeDecode, AChatflowStreamsAlike) {
  EXPECT_EQ(decode_vector("70"),
            (Lines{started_vector, "text I'm fine.", "usage 21 11", "finished"}));
}

TEST(CozeDecode, AQuestionOfAChatflowIsAnOrdinaryEnd) {
  EXPECT_EQ(decode_vector("72"), (Lines{started_vector, "text What did you eat?", "finished"}));
}

TEST(CozeDecode, ATextualCodeIsUnderstood) {
  EXPECT_EQ(decode_vector("73"),
            (Lines{"failed bad_request : Coze: conversation name does not exist (code 720702204, "
                   "logid LOG1)"}));
}

// What no recording shows.

TEST(CozeDecode, ACompletedAnswerCountsOnlyWithoutDeltas) {
  EXPECT_EQ(decode(completed("7", "answer", "all") + chat_completed + done),
            (Lines{started, "text all", "usage 2 1", "finished"}));
  EXPECT_EQ(decode(delta("7", "al") + delta("7", "l") + completed("7", "answer", "all") +
                   chat_completed + done),
            (Lines{started, "text all", "usage 2 1", "finished"}));
}

TEST(CozeDecode, ACompletedAnswerBringsTheTextWhenItsDeltasHadOnlyReasoning) {
  EXPECT_EQ(
      decode(delta("7", "hm", "reasoning_content") +
             completed("7", "answer", "yes", R"(,"reasoning_content":"hm")") + chat_completed),
      (Lines{started, "reasoning hm", "text yes", "usage 2 1", "finished"}));
  EXPECT_EQ(
      decode(completed("7", "answer", "yes", R"(,"reasoning_content":"hm")") + chat_completed),
      (Lines{started, "reasoning hm", "text yes", "usage 2 1", "finished"}));
}

TEST(CozeDecode, InterleavedAnswersAreSeparatedAtEachChange) {
  EXPECT_EQ(decode(delta("7", "a") + delta("8", "b") + delta("7", "c") +
                   completed("7", "answer", "ac") + completed("8", "answer", "b") + chat_completed),
            (Lines{started, "text a\\n\\nb\\n\\nc", "usage 2 1", "finished"}));
}

TEST(CozeDecode, NothingButAnswersIsShown) {
  std::string body;
  for (const char* type : {"verbose", "function_call", "tool_response", "tool_output", "knowledge",
                           "follow_up", "question", "something_new"}) {
    body += completed("7", type, "hidden");
  }
  EXPECT_EQ(decode(body + delta("8", "shown") + chat_completed),
            (Lines{started, "text shown", "usage 2 1", "finished"}));
}

TEST(CozeDecode, ASurrogatePairCutBetweenDeltasIsOneCharacter) {
  EXPECT_EQ(decode(delta("7", "a\\ud83d") + delta("7", "\\ude00b") + chat_completed),
            (Lines{started, "text a😀b", "usage 2 1", "finished"}));
}

TEST(CozeDecode, HalfASurrogatePairAtTheEndIsReplaced) {
  EXPECT_EQ(decode(delta("7", "a\\ud83d") + completed("7", "answer", "x") + chat_completed),
            (Lines{started, "text a\xEF\xBF\xBD", "usage 2 1", "finished"}));
  EXPECT_EQ(decode(delta("7", "a\\ud83d") + delta("8", "\\ude00") + chat_completed),
            (Lines{started, "text a\xEF\xBF\xBD\\n\\n\xEF\xBF\xBD", "usage 2 1", "finished"}));
}

TEST(CozeDecode, InvalidUtf8IsRepaired) {
  EXPECT_EQ(decode(delta("7",
                         "a\xFF"
                         "b") +
                   delta("7", "c") + chat_completed),
            (Lines{started,
                   "text a\xEF\xBF\xBD"
                   "bc",
                   "usage 2 1", "finished"}));
}

TEST(CozeDecode, BrokenEscapesAreReplacedNotPassedOn) {
  EXPECT_EQ(decode(delta("7", "a\\qb") + chat_completed),
            (Lines{started, "text a\xEF\xBF\xBDqb", "usage 2 1", "finished"}));
}

TEST(CozeDecode, DataThatIsNotJsonIsAnErrorInEventsThatMatterOnly) {
  EXPECT_EQ(
      decode(event("ping", "{nonsense") + delta("7", "a") +
             event("conversation.message.delta", R"({"id":"7","content":"b)") + delta("7", "c") +
             chat_completed),
      (Lines{started, "text a", "failed upstream_failed : Coze: an event is not valid JSON"}));
}

TEST(CozeDecode, AnEmptyAnswerIsAnError) {
  const std::string expected =
      "failed upstream_failed empty_answer: Coze: the bot gave an empty answer";
  EXPECT_EQ(decode(chat_completed + done), (Lines{started, expected}));
  EXPECT_EQ(decode(delta("7", "") + completed("7", "answer", "") + chat_completed),
            (Lines{started, expected}));
}

TEST(CozeDecode, ACompletedChatWithAnErrorAndNoTextFails) {
  EXPECT_EQ(decode(event(
                "conversation.chat.completed",
                R"({"id":2,"conversation_id":1,"last_error":{"code":"4011","msg":"no money"}})")),
            (Lines{started,
                   "failed quota_exhausted insufficient_quota: Coze: no money (code 4011, "
                   "logid LOG1)"}));
}

TEST(CozeDecode, UsageMayBeTextAbsentOrZero) {
  const auto usage = [](std::string_view text) {
    return decode(delta("7", "a") +
                  event("conversation.chat.completed",
                        R"({"id":"2","conversation_id":"1","usage":)" + std::string(text) + "}"));
  };
  EXPECT_EQ(usage(R"({"token_count":"7","output_count":"3","input_count":"4"})"),
            (Lines{started, "text a", "usage 4 3", "finished"}));
  for (const char* text : {"{}", "null", R"({"token_count":0,"output_count":0,"input_count":0})"}) {
    EXPECT_EQ(usage(text), (Lines{started, "text a", "finished"}));
  }
}

TEST(CozeDecode, DoneWithoutAResultIsAnError) {
  for (const char* end : {"event:done\ndata:[DONE]\n\n", "event:Done\ndata:{}\n\n",
                          "event:conversation.stream.done\ndata:\n\n", "data: [DONE]\n\n"}) {
    EXPECT_EQ(decode(delta("7", "a") + end),
              (Lines{started, "text a",
                     "failed upstream_failed : Coze: the stream ended without a result"}));
  }
}

TEST(CozeDecode, ATurnCancelledOrExpiredIsAnError) {
  for (const char* name : {"conversation.chat.canceled", "conversation.chat.cancelled"}) {
    EXPECT_EQ(decode(delta("7", "a") + event(name, "{}") + done),
              (Lines{started, "text a",
                     "failed upstream_failed chat_cancelled: Coze: the turn was cancelled by "
                     "somebody else"}));
  }
  EXPECT_EQ(decode(event("conversation.chat.expired", "{}")),
            (Lines{"failed upstream_failed chat_expired: Coze: the turn expired"}));
}

TEST(CozeDecode, NothingFollowsTheEnd) {
  EXPECT_EQ(decode(delta("7", "a") + chat_completed + delta("7", "b") +
                   event("error", R"({"code":4000,"msg":"late"})") + done),
            (Lines{started, "text a", "usage 2 1", "finished"}));
}

TEST(CozeDecode, IdsThatAreNoIdsDoNotGetOut) {
  EXPECT_EQ(
      decode(event("conversation.chat.created", R"({"id":"2\r\nx: y","conversation_id":"<1>"})") +
             delta("7", "a") + chat_completed),
      (Lines{"started   LOG1", "text a", "usage 2 1", "finished"}));
}

TEST(CozeDecode, AnswersWithoutEndAreRefusedAtALimit) {
  std::string body;
  for (std::size_t i = 0; i <= max_answers; ++i) body += delta(std::to_string(i), "a");
  const Lines lines = decode_pieces({body});
  EXPECT_EQ(lines.back(),
            "failed upstream_failed : Coze: the turn has more answers than can be told apart");
}

TEST(CozeDecode, TheIdsAreKnownForACancelCall) {
  simdjson::ondemand::parser parser;
  Decoder decoder(parser, "");
  EXPECT_EQ(decoder.ids(), TurnIds());
  std::string body = delta("7", "a");
  const std::size_t size = body.size();
  body.append(byte_padding, '\0');
  std::vector<chat::Event> events;
  decoder.feed(PaddedBytes::promise(std::string_view(body).substr(0, size)), events);
  EXPECT_EQ(decoder.ids(), (TurnIds{"1", "2"}));
  EXPECT_FALSE(decoder.ended());
}

TEST(CozeDecode, AnyBodyGivesTheSameEventsAtRandomCuts) {
  EXPECT_TRUE(rc::check([] {
    const auto words = *rc::gen::container<Lines>(rc::gen::element<std::string>(
        delta("7", "a"), delta("8", "\\ud83d"), delta("8", "\\ude00"), delta("8", "\xFF"),
        delta("7", "r", "reasoning_content"), completed("7", "answer", "abc"),
        completed("9", "answer", "card"), completed("9", "verbose", "x"), chat_completed, done,
        "data:{\n", "event:error\n", "\n", "\r", "{", "\"", "\xEF\xBB\xBF", ": ping\n\n"));
    std::string body;
    for (const auto& word : words) body += word;
    Lines pieces;
    for (std::string_view rest = body; !rest.empty();) {
      const auto size = *rc::gen::inRange<std::size_t>(1, 300);
      pieces.emplace_back(rest.substr(0, size));
      rest.remove_prefix(std::min(size, rest.size()));
    }
    RC_ASSERT(decode_pieces(pieces) == decode_pieces({body}));
  }));
}

TEST(CozeDecode, ACutBodyNeverEndsInSuccess) {
  const std::string body = delta("7", "a") + delta("7", "b") + chat_completed;
  // The last bytes are line ends: a completion that lacks only those is whole.
  for (std::size_t size = 0; size + 2 < body.size(); ++size) {
    const Lines lines = decode_pieces({body.substr(0, size)});
    ASSERT_TRUE(lines.back().starts_with("failed ")) << size << " " << lines.back();
  }
}

}  // namespace
}  // namespace dragoman::coze
