// Whatever a backend's events are, a stream is grammatical, and its text is the text that went in.

#include <deque>
#include <gtest/gtest.h>
#include <optional>
#include <rapidcheck.h>

#include "base/utf8.hpp"
#include "frontends/openai/chat_encode.hpp"
#include "json/reader.hpp"

namespace dragoman::openai {
namespace {

using chat::Event;
using chat::JsonText;

// What a client makes of the bytes.
struct Seen {
  std::string problem;  // empty: the stream was grammatical
  std::string content;
  std::string reasoning;
  std::string finish_reason;
  bool failed = false;
  bool done = false;
  int usage_chunks = 0;
};

// The data of each event; nullopt when the bytes are anything else than "data: <one line>\n\n".
std::optional<std::vector<std::string_view>> data_lines(std::string_view bytes) {
  std::vector<std::string_view> lines;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find("\n\n");
    if (end == std::string_view::npos || bytes.substr(0, 6) != "data: ") return std::nullopt;
    const auto line = bytes.substr(6, end - 6);
    if (line.find_first_of("\r\n") != std::string_view::npos) return std::nullopt;
    lines.push_back(line);
    bytes.remove_prefix(end + 2);
  }
  return lines;
}

std::string text_of(const json::Reader& object, std::string_view name) {
  return std::string(object.optional_string(name).value().value_or(""));
}

// Reads one chunk that is neither [DONE] nor an error.
void read_chunk(const json::Reader& chunk, bool first, bool include_usage, Seen& seen) {
  const auto require = [&](bool holds, const char* rule) {
    if (!holds && seen.problem.empty()) seen.problem = rule;
  };
  require(text_of(chunk, "id") == "chatcmpl-1", "one id for all chunks");
  require(text_of(chunk, "object") == "chat.completion.chunk", "the object's name");
  require(chunk.find("created")->integer().value() == 17, "one time for all chunks");
  require(text_of(chunk, "model") == "m", "one model for all chunks");

  bool has_usage = false;
  for (const auto [key, value] : chunk.object().value()) has_usage = has_usage || key == "usage";
  require(has_usage == include_usage, "usage is a member of all chunks or of none");

  const auto choices = chunk.find("choices")->array().value();
  if (choices.empty()) {
    ++seen.usage_chunks;
    require(chunk.find("usage").has_value(), "the chunk without choices tells the usage");
    return;
  }
  require(!chunk.find("usage").has_value(), "usage is null in chunks with choices");
  require(seen.usage_chunks == 0, "usage comes after all choices");
  require(seen.finish_reason.empty(), "nothing comes after the finish reason");
  const json::Reader choice = *choices.begin();
  require(choices.size() == 1 && choice.find("index")->integer().value() == 0, "one choice");
  const json::Reader delta = *choice.find("delta");
  require(delta.find("role").has_value() == first, "the role is in the first delta only");
  seen.content += text_of(delta, "content");
  seen.reasoning += text_of(delta, "reasoning_content");
  seen.finish_reason = text_of(choice, "finish_reason");
}

Seen read_stream(std::string_view bytes, bool include_usage) {
  Seen seen;
  const auto lines = data_lines(bytes);
  if (!lines) {
    seen.problem = "server-sent events, one line of data each";
    return seen;
  }
  bool first = true;
  for (const auto line : *lines) {
    if (seen.done || seen.failed) seen.problem = "nothing comes after the end";
    if (line == "[DONE]") {
      seen.done = true;
      continue;
    }
    const auto document = json::Document::parse(line);
    if (!document) {
      seen.problem = "every line is JSON";
      return seen;
    }
    if (document->root().find("error")) {
      seen.failed = true;
      continue;
    }
    read_chunk(document->root(), first, include_usage, seen);
    first = false;
  }
  if (seen.done && seen.finish_reason.empty()) seen.problem = "done without a finish reason";
  if (!seen.done && !seen.failed) seen.problem = "no end";
  if (!seen.done && !seen.finish_reason.empty()) seen.problem = "a finish reason without done";
  return seen;
}

TEST(ChunkGrammar, TheCheckerFindsWhatIsWrong) {
  const std::string open = R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk",)"
                           R"("created":17,"model":"m","choices":[{"index":0,"delta":{)";
  const std::string role = open + R"("role":"assistant","content":"x"},"finish_reason":null}]})"
                                  "\n\n";
  const std::string more = open + R"("content":"x"},"finish_reason":null}]})"
                                  "\n\n";
  const std::string stop = open + R"(},"finish_reason":"stop"}]})"
                                  "\n\n";
  const std::string done = "data: [DONE]\n\n";
  EXPECT_EQ(read_stream(role + more + stop + done, false).problem, "");
  EXPECT_EQ(read_stream(role + more + stop, false).problem, "a finish reason without done");
  EXPECT_EQ(read_stream(role + done, false).problem, "done without a finish reason");
  EXPECT_EQ(read_stream(role + more, false).problem, "no end");
  EXPECT_NE(read_stream(more + stop + done, false).problem, "");
  EXPECT_NE(read_stream(role + role + stop + done, false).problem, "");
  EXPECT_NE(read_stream(role + stop + more + done, false).problem, "");
  EXPECT_NE(read_stream(role + stop + done + more, false).problem, "");
  EXPECT_NE(read_stream(role + stop + done, true).problem, "");
  EXPECT_NE(read_stream("data: {\"a\":\n1}\n\n", false).problem, "");
}

// Text as upstreams send it: quotes, line ends, controls, characters beyond the first plane.
rc::Gen<std::string> text() {
  const auto piece =
      rc::gen::oneOf(rc::gen::element<std::string>("\"", "\\", "\n\n", "\r", "data: [DONE]\n\n",
                                                   "\xF0\x9F\x98\x80", "\xE2\x80\xA8",
                                                   std::string("\0", 1), "</script>", "\\u0041"),
                     rc::gen::map(rc::gen::arbitrary<std::string>(),
                                  [](std::string s) { return repair_utf8(s); }));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        std::string all;
                        for (const auto& p : pieces) all += p;
                        return all;
                      });
}

// The other spelling of a JSON text: everything outside ASCII as \u escapes, pairs included.
std::string ascii_only(std::string_view utf8) {
  static constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  const auto unit = [&](unsigned value) {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += hex[value >> shift & 15];
  };
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const int more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    unsigned c = more == 0 ? lead : lead & (0x3F >> more);
    for (int k = 1; k <= more; ++k) c = c << 6 | (static_cast<unsigned char>(utf8[i + k]) & 0x3F);
    i += static_cast<std::size_t>(more) + 1;
    if (c >= 0x10000) {
      unit(0xD800 + ((c - 0x10000) >> 10));
      unit(0xDC00 + ((c - 0x10000) & 0x3FF));
    } else {
      unit(c);
    }
  }
  return out;
}

// Any events in any order: what a backend should never send is sent too.
struct Script {
  std::vector<Event> events;
  std::deque<std::string> texts;  // what the events refer to
  std::string content;            // plain, up to the end of the stream
  std::string reasoning;
  bool finished = false;
  bool failed = false;
};

void add_random_event(Script& script) {
  const bool over = script.finished || script.failed;
  switch (*rc::gen::weightedElement<int>({{1, 0}, {8, 1}, {4, 2}, {1, 3}, {1, 4}, {1, 5}})) {
    case 0: script.events.emplace_back(chat::Started{"c", "r", "t"}); return;
    case 1:
    case 2: {
      const std::string plain = *text();
      const bool spelt_out = *rc::gen::arbitrary<bool>();
      script.texts.push_back(spelt_out ? ascii_only(plain) : json::escape(plain));
      const JsonText escaped = JsonText::promise(script.texts.back());
      if (*rc::gen::arbitrary<bool>()) {
        script.events.emplace_back(chat::TextDelta{escaped});
        if (!over) script.content += plain;
      } else {
        script.events.emplace_back(chat::ReasoningDelta{escaped});
        if (!over) script.reasoning += plain;
      }
      return;
    }
    case 3: {
      chat::Usage usage;
      usage.input_tokens = *rc::gen::arbitrary<std::int64_t>();
      usage.output_tokens = *rc::gen::arbitrary<std::int64_t>();
      usage.cached_input_tokens = *rc::gen::arbitrary<std::int64_t>();
      script.events.emplace_back(usage);
      return;
    }
    case 4:
      script.events.emplace_back(
          chat::Finished{*rc::gen::element(chat::FinishReason::stop, chat::FinishReason::length,
                                           chat::FinishReason::content_filter)});
      script.finished = script.finished || !over;
      return;
    default:
      script.events.emplace_back(
          chat::Failed{Error(ErrorKind::upstream_failed, *rc::gen::arbitrary<std::string>())});
      script.failed = script.failed || !over;
  }
}

TEST(ChunkGrammar, AnySequenceOfEventsGivesAGrammaticalStreamWithTheExactText) {
  EXPECT_TRUE(rc::check([] {
    Script script;
    const int count = *rc::gen::inRange(0, 24);
    for (int i = 0; i < count; ++i) add_random_event(script);
    const bool include_usage = *rc::gen::arbitrary<bool>();

    ChunkEncoder encoder({"chatcmpl-1", 17, "m"}, include_usage);
    Completion completion({"chatcmpl-1", 17, "m"});
    std::string out;
    for (const Event& event : script.events) {
      encoder.write(event, out);
      completion.add(event);
    }
    encoder.end(out);

    const Seen seen = read_stream(out, include_usage);
    RC_LOG() << out;
    RC_ASSERT(seen.problem == "");
    RC_ASSERT(seen.content == script.content);
    RC_ASSERT(seen.reasoning == script.reasoning);
    RC_ASSERT(seen.done == script.finished);
    RC_ASSERT(seen.failed == !script.finished);
    RC_ASSERT(seen.usage_chunks <= (include_usage ? 1 : 0));

    const auto body = std::move(completion).body();
    RC_ASSERT(body.has_value() == script.finished);
    if (!body) return;
    const auto document = json::Document::parse(*body);
    RC_ASSERT(document.has_value());
    const auto choices = document->root().find("choices")->array().value();
    const json::Reader choice = *choices.begin();
    const json::Reader message = *choice.find("message");
    RC_ASSERT(text_of(message, "content") == script.content);
    RC_ASSERT(text_of(message, "reasoning_content") == script.reasoning);
    RC_ASSERT(text_of(choice, "finish_reason") == seen.finish_reason);
  }));
}

// From the raw JSON of an upstream to the client: escapes cut between deltas included.
TEST(ChunkGrammar, TextThatCameInCutPiecesArrivesWhole) {
  EXPECT_TRUE(rc::check([] {
    const std::string plain = *text();
    const std::string raw = *rc::gen::arbitrary<bool>() ? ascii_only(plain) : json::escape(plain);
    ChunkEncoder encoder({"chatcmpl-1", 17, "m"}, false);
    json::TextStream stream;
    std::string out;
    std::string piece;
    for (std::size_t i = 0; i < raw.size();) {
      // One escape, or one character, is the least a delta holds.
      std::size_t size = 1;
      if (raw[i] == '\\') size = raw[i + 1] == 'u' ? 6 : 2;
      while (raw[i] != '\\' && i + size < raw.size() && (raw[i + size] & 0xC0) == 0x80) ++size;
      piece += raw.substr(i, size);
      i += size;
      if (*rc::gen::inRange(0, 3) != 0 && i < raw.size()) continue;
      stream.begin_batch();
      encoder.write(chat::TextDelta{stream.next(piece)}, out);
      piece.clear();
    }
    encoder.write(chat::TextDelta{stream.finish()}, out);
    encoder.write(chat::Finished{}, out);
    const Seen seen = read_stream(out, false);
    RC_ASSERT(seen.problem == "");
    RC_ASSERT(seen.content == plain);
  }));
}

}  // namespace
}  // namespace dragoman::openai
