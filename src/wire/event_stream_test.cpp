#include "wire/event_stream.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <libdeflate.h>
#include <rapidcheck.h>

namespace dragoman::wire {
namespace {

using Bytes = std::string;

// What a frame says, with its own memory: frames die at the next feed().
struct Copy {
  Frame::Kind kind;
  std::string event_type;
  std::string headers;
  std::string payload;
  friend bool operator==(const Copy&, const Copy&) = default;
};

struct Outcome {
  std::vector<Copy> frames;
  std::string error;  // empty: ended cleanly
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Feeds the pieces between the cuts, each from memory of its own that is gone afterwards.
Outcome decode_cut(std::string_view bytes, const std::vector<std::size_t>& cuts,
                   FrameLimits limits = {}) {
  Outcome outcome;
  EventStreamDecoder decoder(limits);
  std::size_t start = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i] : bytes.size();
    std::string piece(bytes.substr(start, end - start));
    const std::size_t size = piece.size();
    piece.append(byte_padding, '\xEE');
    decoder.feed(PaddedBytes::promise(std::string_view(piece).substr(0, size)));
    start = end;
    for (;;) {
      auto frame = decoder.next();
      if (!frame) {
        outcome.error = frame.error().message;
        return outcome;
      }
      if (!*frame) break;
      const Frame& f = **frame;
      outcome.frames.push_back({f.kind, std::string(f.event_type), std::string(f.header_block),
                                std::string(f.payload.view())});
    }
  }
  if (auto end = decoder.finish(); !end) outcome.error = end.error().message;
  return outcome;
}

Outcome decode_whole(std::string_view bytes, FrameLimits limits = {}) {
  return decode_cut(bytes, {}, limits);
}

std::vector<std::size_t> every_byte(std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < size; ++i) cuts.push_back(i);
  return cuts;
}

Bytes event(std::string_view type, std::string_view payload) {
  Bytes out;
  const Header headers[] = {{":event-type", type},
                            {":content-type", std::string_view("application/json")},
                            {":message-type", std::string_view("event")}};
  encode_frame(out, headers, payload);
  return out;
}

// A frame with right checksums around a header block that may be wrong.
Bytes frame_around(std::string_view header_block, std::string_view payload = {}) {
  const auto append_u32 = [](Bytes& out, std::uint32_t v) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(v >> shift & 0xFF);
  };
  Bytes out;
  append_u32(out, static_cast<std::uint32_t>(16 + header_block.size() + payload.size()));
  append_u32(out, static_cast<std::uint32_t>(header_block.size()));
  append_u32(out, libdeflate_crc32(0, out.data(), out.size()));
  out += header_block;
  out += payload;
  append_u32(out, libdeflate_crc32(0, out.data(), out.size()));
  return out;
}

Bytes block_of(std::span<const Header> headers) {
  Bytes out;
  encode_frame(out, headers, {});
  return out.substr(12, out.size() - 16);
}

TEST(EventStream, FrameIsLaidOutAsDocumented) {
  Bytes out;
  const Header headers[] = {{":message-type", std::string_view("event")}};
  encode_frame(out, headers, "{}");
  // prelude, one header (name length, name, type 7, value length, value), payload, checksums
  EXPECT_EQ(out.size(), 12u + 1 + 13 + 1 + 2 + 5 + 2 + 4);
  EXPECT_EQ(out.substr(0, 8), Bytes("\0\0\0\x28\0\0\0\x16", 8));
  EXPECT_EQ(out.substr(12, 22), Bytes("\x0D:message-type\x07\0\x05"
                                      "event",
                                      22));
  EXPECT_EQ(libdeflate_crc32(0, "123456789", 9), 0xCBF43926u);
}

TEST(EventStream, PayloadLiesInTheFedBytesWhenTheFrameIsWhole) {
  Bytes bytes = event("a", "{}");
  const std::size_t size = bytes.size();
  bytes.append(byte_padding, '\0');
  EventStreamDecoder decoder;
  decoder.feed(PaddedBytes::promise(std::string_view(bytes).substr(0, size)));
  auto frame = decoder.next();
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->payload.data(), bytes.data() + size - 6);
}

TEST(EventStream, PayloadOfACutFrameHasReadablePaddingBehindIt) {
  const Bytes bytes = event("a", std::string(3000, 'x'));
  EventStreamDecoder decoder;
  unsigned sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes piece = bytes.substr(i, 1) + std::string(byte_padding, '\0');
    decoder.feed(PaddedBytes::promise(std::string_view(piece).substr(0, 1)));
    auto frame = decoder.next();
    ASSERT_TRUE(frame);
    if (!*frame) continue;
    const PaddedBytes payload = (*frame)->payload;
    // The address sanitizer watches these reads.
    for (std::size_t k = 0; k < byte_padding; ++k) {
      sum += static_cast<unsigned char>(payload.data()[payload.size() + k]);
    }
    EXPECT_EQ(payload.view(), std::string(3000, 'x'));
  }
  EXPECT_GT(sum, 0u);  // the frame's checksum, at least
}

TEST(EventStream, FramesOfOneFeedLiveTogetherEvenWhenTheFirstAndLastAreCut) {
  const Bytes a = event("a", "first");
  const Bytes b = event("b", "second");
  const Bytes c = event("c", "third");
  Bytes one = a.substr(0, 20) + std::string(byte_padding, '\0');
  Bytes two = a.substr(20) + b + c.substr(0, 30) + std::string(byte_padding, '\0');
  EventStreamDecoder decoder;
  decoder.feed(PaddedBytes::promise(std::string_view(one).substr(0, 20)));
  ASSERT_FALSE(*decoder.next());
  std::ranges::fill(one, '#');
  decoder.feed(PaddedBytes::promise(std::string_view(two).substr(0, two.size() - byte_padding)));
  auto first = decoder.next();
  auto second = decoder.next();
  ASSERT_TRUE(*first && *second);
  ASSERT_FALSE(*decoder.next());
  EXPECT_EQ((*first)->payload.view(), "first");
  EXPECT_EQ((*first)->event_type, "a");
  EXPECT_EQ((*second)->payload.view(), "second");
}

TEST(EventStream, TenHeaderTypesComeBackAsTheyWent) {
  Uuid uuid;
  for (std::uint8_t i = 0; i < 16; ++i) uuid.bytes[i] = static_cast<std::uint8_t>(i * 17);
  const std::vector<Header> headers = {
      {":message-type", std::string_view("event")},
      {":event-type", std::string_view("x")},
      {"yes", true},
      {"no", false},
      {"byte", std::int8_t{-7}},
      {"short", std::int16_t{-300}},
      {"int", std::int32_t{-70000}},
      {"long", std::int64_t{-5000000000}},
      {"bytes", ByteArray{std::string_view("\0\xFF", 2)}},
      {"string", std::string_view("h\xC3\xA9")},
      {"empty", std::string_view("")},
      {"time", Timestamp{1700000000123}},
      {"uuid", uuid},
  };
  Bytes bytes;
  encode_frame(bytes, headers, "p");
  const Outcome outcome = decode_whole(bytes);
  ASSERT_EQ(outcome.frames.size(), 1u) << outcome.error;
  HeaderReader reader(outcome.frames[0].headers);
  std::vector<Header> read;
  while (auto header = reader.next()) read.push_back(*header);
  EXPECT_FALSE(reader.broken());
  EXPECT_EQ(read, headers);
}

TEST(EventStream, LengthsAreJudgedAtTheEighthByte) {
  const struct {
    Bytes head;
    std::string_view problem;
  } cases[] = {
      {Bytes("\0\0\0\x0F\0\0\0\0", 8), "a frame is shorter than possible"},
      {Bytes("\x01\0\0\x01\0\0\0\0", 8), "a frame is longer than allowed"},
      {Bytes("\0\0\0\x20\0\0\0\x11", 8), "the headers do not fit into their frame"},
      {Bytes("\0\xFF\0\0\0\x02\0\x01", 8), "the headers are longer than allowed"},
      {Bytes("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), "a frame is longer than allowed"},
  };
  for (const auto& c : cases) {
    const std::string error = "the upstream's event stream is broken: " + std::string(c.problem);
    EXPECT_EQ(decode_whole(c.head).error, error);
    EXPECT_EQ(decode_cut(c.head, every_byte(8)).error, error);
    EXPECT_EQ(decode_whole(c.head.substr(0, 7)).error,
              "the upstream's answer ended in the middle of a frame");
  }
}

TEST(EventStream, FrameAtTheLimitPassesAndOneByteMoreDoesNot) {
  const Bytes bytes = event("a", "0123456789");
  EXPECT_EQ(decode_whole(bytes, {.frame_bytes = bytes.size()}).error, "");
  EXPECT_NE(decode_whole(bytes, {.frame_bytes = bytes.size() - 1}).error, "");
  const std::size_t header_bytes = bytes.size() - 16 - 10;
  EXPECT_EQ(decode_whole(bytes, {.header_bytes = header_bytes}).error, "");
  EXPECT_NE(decode_whole(bytes, {.header_bytes = header_bytes - 1}).error, "");
}

TEST(EventStream, EveryFlippedBitIsNoticed) {
  const Bytes good = event("someEvent", R"({"content":"x"})");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const Outcome outcome = decode_whole(bad);
    EXPECT_TRUE(outcome.frames.empty()) << bit;
    EXPECT_NE(outcome.error, "") << bit;
  }
}

TEST(EventStream, EveryCutIsReportedAsTruncationAndKeepsTheFramesBefore) {
  const Bytes first = event("a", "1");
  const Bytes both = first + event("b", "22");
  for (std::size_t size = 1; size < both.size(); ++size) {
    const Outcome outcome = decode_whole(both.substr(0, size));
    EXPECT_EQ(outcome.frames.size(), size >= first.size() ? 1u : 0u);
    EXPECT_EQ(outcome.error.empty(), size == first.size()) << size;
  }
}

TEST(EventStream, ErrorStaysAndFramesBeforeItAreDelivered) {
  Bytes bytes = event("a", "1") + event("b", "2") + event("c", "3");
  bytes[event("a", "1").size() + 40] ^= 1;
  bytes.append(byte_padding, '\0');
  EventStreamDecoder decoder;
  decoder.feed(PaddedBytes::promise(std::string_view(bytes).substr(0, bytes.size() - 64)));
  EXPECT_TRUE(*decoder.next());
  EXPECT_EQ(decoder.next().error().kind, ErrorKind::upstream_failed);
  EXPECT_FALSE(decoder.next());
  decoder.feed(PaddedBytes::promise(std::string_view(bytes).substr(0, event("a", "1").size())));
  EXPECT_FALSE(decoder.next());
  EXPECT_FALSE(decoder.finish());
}

TEST(EventStream, HeadersThatDoNotAddUpAreRefused) {
  const Header message[] = {{":message-type", std::string_view("event")},
                            {":event-type", std::string_view("x")}};
  const Bytes good = block_of(message);
  ASSERT_EQ(decode_whole(frame_around(good)).error, "");
  const Bytes bad[] = {
      good + Bytes("\x05name", 5),            // name overruns
      good + Bytes("\x01n", 2),               // type missing
      good + Bytes("\x01n\x0A", 3),           // type unknown
      good + Bytes("\x01n\xFF", 3),           // type unknown
      good + Bytes("\x01n\x05\0\0\0", 6),     // number cut
      good + Bytes("\x01n\x07\0", 4),         // length cut
      good + Bytes("\x01n\x07\0\x02z", 6),    // string cut
      good + Bytes("\x01n\x06\xFF\xFFz", 6),  // bytes cut
      good + Bytes("\x01n\x09uuid-too-short", 17),
      good + Bytes("\0\0", 2),  // empty name
      good + good,              // standard headers twice
  };
  for (const Bytes& block : bad) {
    const Outcome outcome = decode_whole(frame_around(block, "payload"));
    EXPECT_TRUE(outcome.frames.empty());
    EXPECT_NE(outcome.error, "");
    EXPECT_EQ(decode_cut(frame_around(block, "payload"), {5, 13, 20}), outcome);
  }
}

TEST(EventStream, FramesNobodyCouldUnderstandAreRefused) {
  const std::vector<std::vector<Header>> bad = {
      {},
      {{":event-type", std::string_view("x")}},
      {{":message-type", true}, {":event-type", std::string_view("x")}},
      {{":message-type", std::string_view("heartbeat")}, {":event-type", std::string_view("x")}},
      {{":message-type", std::string_view("event")}},
      {{":message-type", std::string_view("event")}, {":event-type", std::int8_t{1}}},
  };
  for (const auto& headers : bad) {
    EXPECT_NE(decode_whole(frame_around(block_of(headers))).error, "");
  }
}

TEST(EventStream, ExceptionAndErrorFramesCarryTheirNames) {
  Bytes bytes;
  const Header exception[] = {{":exception-type", std::string_view("ThrottlingException")},
                              {":message-type", std::string_view("exception")}};
  const Header error[] = {{":error-code", std::string_view("InternalError")},
                          {":error-message", std::string_view("boom")},
                          {":message-type", std::string_view("error")}};
  encode_frame(bytes, exception, "{}");
  encode_frame(bytes, error, {});
  const std::size_t size = bytes.size();
  bytes.append(byte_padding, '\0');
  EventStreamDecoder decoder;
  decoder.feed(PaddedBytes::promise(std::string_view(bytes).substr(0, size)));
  auto first = decoder.next();
  auto second = decoder.next();
  ASSERT_TRUE(*first && *second);
  EXPECT_EQ((*first)->kind, Frame::Kind::exception);
  EXPECT_EQ((*first)->exception_type, "ThrottlingException");
  EXPECT_EQ((*second)->kind, Frame::Kind::error);
  EXPECT_EQ((*second)->error_code, "InternalError");
  EXPECT_EQ((*second)->error_message, "boom");
  EXPECT_TRUE((*second)->payload.empty());
}

// Any headers, any payloads, any cuts.

rc::Gen<HeaderValue> any_value(std::vector<std::string>& texts) {
  // Views need memory that lives as long as the property: texts.
  const auto keep = [&texts](std::string s) -> std::string_view {
    s.resize(std::min<std::size_t>(s.size(), 300));
    texts.push_back(std::move(s));
    return texts.back();
  };
  return rc::gen::exec([keep]() -> HeaderValue {
    switch (*rc::gen::inRange(0, 9)) {
      case 0: return *rc::gen::arbitrary<bool>();
      case 1: return *rc::gen::arbitrary<std::int8_t>();
      case 2: return *rc::gen::arbitrary<std::int16_t>();
      case 3: return *rc::gen::arbitrary<std::int32_t>();
      case 4: return *rc::gen::arbitrary<std::int64_t>();
      case 5: return ByteArray{keep(*rc::gen::arbitrary<std::string>())};
      case 6: return keep(*rc::gen::arbitrary<std::string>());
      case 7: return Timestamp{*rc::gen::arbitrary<std::int64_t>()};
      default: return Uuid{*rc::gen::arbitrary<std::array<std::uint8_t, 16>>()};
    }
  });
}

TEST(EventStream, DecodingUndoesEncodingHoweverTheBytesAreCut) {
  EXPECT_TRUE(rc::check([] {
    std::vector<std::string> texts;
    texts.reserve(10'000);
    Bytes bytes;
    std::vector<Copy> expected;
    const int frames = *rc::gen::inRange(0, 6);
    for (int i = 0; i < frames; ++i) {
      std::vector<Header> headers = {{":message-type", std::string_view("event")},
                                     {":event-type", std::string_view("someEvent")}};
      const int extra = *rc::gen::inRange(0, 5);
      for (int k = 0; k < extra; ++k) {
        texts.push_back("x" + std::to_string(*rc::gen::arbitrary<unsigned>()));
        const std::string_view name = texts.back();
        headers.push_back({name, *any_value(texts)});
      }
      const auto payload = *rc::gen::arbitrary<std::string>();
      encode_frame(bytes, headers, payload);
      expected.push_back({Frame::Kind::event, "someEvent", block_of(headers), payload});
      HeaderReader reader(expected.back().headers);
      for (const Header& header : headers) RC_ASSERT(reader.next() == header);
    }
    auto cuts = *rc::gen::container<std::vector<std::size_t>>(
        rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
    std::ranges::sort(cuts);
    const Outcome outcome = decode_cut(bytes, cuts);
    RC_ASSERT(outcome.error.empty());
    RC_ASSERT(outcome.frames == expected);
  }));
}

TEST(EventStream, ArbitraryBytesNeverCrashAndCutsNeverChangeTheOutcome) {
  EXPECT_TRUE(rc::check([](std::string tail) {
    const Bytes bytes = event("a", "1") + tail;
    const Outcome whole = decode_whole(bytes);
    RC_ASSERT(whole.frames.size() == 1u);
    RC_ASSERT(whole.error.empty() == tail.empty());
    RC_ASSERT(decode_cut(bytes, every_byte(bytes.size())) == whole);
  }));
}

}  // namespace
}  // namespace dragoman::wire
