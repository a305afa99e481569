#include "wire/sse.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <rapidcheck.h>
#include <sstream>

namespace dragoman::wire {
namespace {

struct Seen {
  std::string name, data, id;
  bool operator==(const Seen&) const = default;
};
using Events = std::vector<Seen>;

void PrintTo(const Seen& seen, std::ostream* out) {
  *out << "{" << seen.name << "|" << seen.data << "|" << seen.id << "}";
}

// Takes the events of one feed; their bytes must hold until the next one, so they are read last.
void drain(SseParser& parser, Events& out) {
  std::vector<SseEvent> batch;
  for (;;) {
    auto event = parser.next();
    ASSERT_TRUE(event) << event.error().message;
    if (!*event) break;
    batch.push_back(**event);
  }
  for (const SseEvent& event : batch) {
    out.push_back({std::string(event.name), std::string(event.data.view()), std::string(event.id)});
  }
}

// The bytes in a block of their own that ends with the padding: a sanitizer sees what reads beyond.
class Block {
 public:
  explicit Block(std::string_view bytes)
      : memory_(new char[bytes.size() + byte_padding]), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), memory_.get());
    std::fill_n(memory_.get() + size_, byte_padding, '\n');
  }
  PaddedBytes bytes() const { return PaddedBytes::promise({memory_.get(), size_}); }

 private:
  std::unique_ptr<char[]> memory_;
  std::size_t size_;
};

Events parse_pieces(const std::vector<std::string>& pieces) {
  SseParser parser;
  Events events;
  for (const std::string& piece : pieces) {
    const Block block(piece);
    parser.feed(block.bytes());
    drain(parser, events);
  }
  parser.finish();
  drain(parser, events);
  return events;
}

std::vector<std::string> cut(std::string_view text, std::size_t size) {
  std::vector<std::string> pieces;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
    pieces.emplace_back(text.substr(0, size));
  }
  return pieces;
}

Events parse(std::string_view text) { return parse_pieces({std::string(text)}); }

// What a stream that never ends hands out, whole and byte by byte.
Events parse_unfinished(std::string_view text) {
  SseParser whole, bytewise;
  Events events, again;
  const Block block(text);
  whole.feed(block.bytes());
  drain(whole, events);
  for (const char c : text) {
    const Block byte({&c, 1});
    bytewise.feed(byte.bytes());
    drain(bytewise, again);
  }
  EXPECT_EQ(events, again) << text;
  return events;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The cases of web-platform-tests, eventsource/format-*.

TEST(SseFormat, ByteOrderMarkAtTheStartIsSkippedOnce) {
  EXPECT_EQ(parse_unfinished("\xEF\xBB\xBF"
                             "data:1\n\n\xEF\xBB\xBF"
                             "data:2\n\ndata:3\n\n"),
            (Events{{"", "1", ""}, {"", "3", ""}}));
  EXPECT_EQ(parse_unfinished("\xEF\xBB\xBF\xEF\xBB\xBF"
                             "data:1\n\ndata:2\n\n"),
            (Events{{"", "2", ""}}));
  EXPECT_EQ(parse_unfinished("\xEF\xBB"
                             "data:1\n\ndata:2\n\n"),
            (Events{{"", "2", ""}}));
}

TEST(SseFormat, CommentsAreIgnored) {
  EXPECT_EQ(parse_unfinished("data:1\r:\n:\r\ndata:2\n:" + std::string(2000, 'x') +
                             "\rdata:3\n:data:fail\r:" + std::string(2000, 'x') + "\ndata:4\n\n"),
            (Events{{"", "1\n2\n3\n4", ""}}));
}

TEST(SseFormat, DataBeforeTheBlankLineIsNotYetAnEvent) {
  EXPECT_EQ(parse_unfinished("data:1\n\ndata:2"), (Events{{"", "1", ""}}));
  EXPECT_EQ(parse_unfinished("data:1\n\ndata:2\n"), (Events{{"", "1", ""}}));
}

TEST(SseFormat, EmptyDataLinesCount) {
  EXPECT_EQ(parse_unfinished("data:\n\ndata\ndata\n\ndata:test\n\n"),
            (Events{{"", "", ""}, {"", "\n", ""}, {"", "test", ""}}));
}

TEST(SseFormat, AnEventWithoutDataIsNotHandedOutAndItsNameIsForgotten) {
  EXPECT_EQ(parse_unfinished("event:a\n\ndata:x\n\nevent:b\nid:1\n\n"), (Events{{"", "x", ""}}));
}

TEST(SseFormat, TheLastOfSeveralNamesCounts) {
  EXPECT_EQ(
      parse_unfinished("event:test\ndata:x\n\nevent:one\nevent:two\ndata:y\n\nevent\ndata:z\n\n"),
      (Events{{"test", "x", ""}, {"two", "y", ""}, {"", "z", ""}}));
}

TEST(SseFormat, FieldNamesAreExact) {
  EXPECT_EQ(
      parse_unfinished("data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\n\n"),
      (Events{{"", "test\n", ""}}));
  using namespace std::string_view_literals;
  EXPECT_EQ(parse_unfinished("data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\r"
                             "data_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n"sv),
            (Events{{"", std::string("\0\n 2\n1\n3\n\n4", 11), ""}}));
}

TEST(SseFormat, OneSpaceAfterTheColonIsDropped) {
  EXPECT_EQ(parse_unfinished("data:\ttest\rdata: \ndata:test\n\n"),
            (Events{{"", "\ttest\n\ntest", ""}}));
  EXPECT_EQ(parse_unfinished("data:  two\n\n"), (Events{{"", " two", ""}}));
}

TEST(SseFormat, LinesEndWithLfCrlfOrCr) {
  EXPECT_EQ(parse_unfinished("data:test\r\ndata\ndata:test\r\n\r\n"),
            (Events{{"", "test\n\ntest", ""}}));
  EXPECT_EQ(parse_unfinished("data:1\r\rdata:2\n\ndata:3\r\n\r\ndata:4\r\n\rdata:5\r\r\n"),
            (Events{{"", "1", ""}, {"", "2", ""}, {"", "3", ""}, {"", "4", ""}, {"", "5", ""}}));
}

TEST(SseFormat, NulInDataStaysAndInAnIdVoidsIt) {
  using namespace std::string_view_literals;
  EXPECT_EQ(parse_unfinished("id:1\nid:2\0\ndata:a\0b\n\n"sv),
            (Events{{"", std::string("a\0b", 3), "1"}}));
}

TEST(SseFormat, TheIdIsTheEventsOwn) {
  EXPECT_EQ(parse_unfinished("id: 7\ndata:a\n\ndata:b\n\nretry: 100\nid\ndata:c\n\n"),
            (Events{{"", "a", "7"}, {"", "b", ""}, {"", "c", ""}}));
}

TEST(SseFormat, Utf8MayBeCutAnywhere) {
  EXPECT_EQ(parse_unfinished("data:\xE4\xBD\xA0\xF0\x9F\x98\x80\n\n"),
            (Events{{"", "\xE4\xBD\xA0\xF0\x9F\x98\x80", ""}}));
}

TEST(Sse, FinishHandsOutAPendingEvent) {
  EXPECT_EQ(parse("event:done\ndata:\"[DONE]\"\n"), (Events{{"done", "\"[DONE]\"", ""}}));
  EXPECT_EQ(parse("event:done\ndata:\"[DONE]\""), (Events{{"done", "\"[DONE]\"", ""}}));
  EXPECT_EQ(parse("data:1\ndata:2"), (Events{{"", "1\n2", ""}}));
  EXPECT_EQ(parse("data:1\n\nevent:x"), (Events{{"", "1", ""}}));
  EXPECT_EQ(parse(""), Events{});
}

TEST(Sse, AnEventWithinTheFedBytesIsAViewOfThem) {
  const Block block("event:a\ndata: {}\n\n");
  SseParser parser;
  parser.feed(block.bytes());
  const auto event = parser.next();
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->name.data(), block.bytes().data() + 6);
  EXPECT_EQ((*event)->data.data(), block.bytes().data() + 14);
}

TEST(Sse, AnEventOverTheLimitIsAnErrorForEver) {
  SseParser parser(32);
  const Block fits("data:" + std::string(26, 'x') + "\n\n");
  parser.feed(fits.bytes());
  EXPECT_TRUE(*parser.next());
  EXPECT_FALSE(*parser.next());
  const Block half("data:" + std::string(20, 'x'));
  parser.feed(half.bytes());
  EXPECT_FALSE(*parser.next());
  parser.feed(half.bytes());
  ASSERT_FALSE(parser.next());
  EXPECT_EQ(parser.next().error().kind, ErrorKind::upstream_failed);
}

TEST(Sse, ManyShortLinesCountTowardsTheLimit) {
  SseParser parser(64);
  std::string lines;
  for (int i = 0; i < 20; ++i) lines += "data:\n";
  const Block block(lines);
  parser.feed(block.bytes());
  EXPECT_FALSE(parser.next());
}

TEST(Sse, HeartbeatCommentsDoNotAddUp) {
  SseParser parser(64);
  Events events;
  for (int i = 0; i < 100; ++i) {
    const Block block(": keep-alive\n");
    parser.feed(block.bytes());
    drain(parser, events);
  }
  EXPECT_TRUE(events.empty());
}

TEST(Sse, ALargeEventArrivesWholeInSmallPieces) {
  const std::string data(3 * 1024 * 1024, 'x');
  const Events events = parse_pieces(cut("event:e\ndata:" + data + "\n\ndata:y\n\n", 64 * 1024));
  EXPECT_EQ(events, (Events{{"e", data, ""}, {"", "y", ""}}));
}

TEST(Sse, RecordedStreamsAreTheSameAtEveryCut) {
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(DRAGOMAN_TESTDATA "/coze")) {
    if (entry.path().extension() != ".sse") continue;
    ++files;
    const std::string text = read_file(entry.path());
    const Events whole = parse(text);
    EXPECT_FALSE(whole.empty()) << entry.path();
    EXPECT_EQ(parse_pieces(cut(text, 1)), whole) << entry.path();
    EXPECT_EQ(parse_pieces(cut(text, 97)), whole) << entry.path();
    for (std::size_t i = 0; i <= text.size(); i += 7) {
      ASSERT_EQ(parse_pieces({text.substr(0, i), text.substr(i)}), whole)
          << entry.path() << " cut at " << i;
    }
  }
  EXPECT_GT(files, 15U);
}

TEST(Sse, AnyBytesGiveTheSameEventsAtRandomCuts) {
  EXPECT_TRUE(rc::check([] {
    const auto words = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("data:", "data", "event:a", "id: 1", ":", " ", "x", "\n",
                                      "\r", "\r\n", "\n\n", "\xEF\xBB\xBF", "\xEF", "\xEF\xBB"));
    std::string text;
    for (const auto& word : words) text += word;
    std::vector<std::string> pieces;
    for (std::string_view rest = text; !rest.empty();) {
      const auto size = *rc::gen::inRange<std::size_t>(1, 6);
      pieces.emplace_back(rest.substr(0, size));
      rest.remove_prefix(std::min(size, rest.size()));
    }
    RC_ASSERT(parse_pieces(pieces) == parse(text));
  }));
}

}  // namespace
}  // namespace dragoman::wire
