// The event-stream framing of wire/ against the golden vectors, which need a JSON reader.

#include <deque>
#include <gtest/gtest.h>

#include "backends/codewhisperer/test_vectors.hpp"
#include "base/base64.hpp"
#include "wire/event_stream.hpp"

namespace dragoman::codewhisperer {
namespace {

using wire::Header;

// A header in the words of the vectors: name, type, value.
std::string describe(const Header& header) {
  const auto line = [&](std::string_view type, std::string_view value) {
    std::string out(header.name);
    return out.append(" ").append(type).append(" ").append(value);
  };
  struct {
    decltype(line)& out;
    std::string operator()(bool v) const { return out("boolean", v ? "true" : "false"); }
    std::string operator()(std::int8_t v) const { return out("byte", std::to_string(v)); }
    std::string operator()(std::int16_t v) const { return out("short", std::to_string(v)); }
    std::string operator()(std::int32_t v) const { return out("integer", std::to_string(v)); }
    std::string operator()(std::int64_t v) const { return out("long", std::to_string(v)); }
    std::string operator()(const wire::ByteArray& v) const {
      return out("binary", encode_base64(v.bytes));
    }
    std::string operator()(std::string_view v) const { return out("string", v); }
    std::string operator()(const wire::Timestamp& v) const {
      return out("timestamp", std::to_string(v.milliseconds));
    }
    std::string operator()(const wire::Uuid& v) const {
      std::string text;
      for (std::size_t i = 0; i < 16; ++i) {
        constexpr std::string_view hex = "0123456789abcdef";
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += hex[v.bytes[i] >> 4];
        text += hex[v.bytes[i] & 15];
      }
      return out("uuid", text);
    }
  } words{line};
  return std::visit(words, header.value);
}

struct Seen {
  std::vector<std::string> frames;
  std::string error;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen decode(std::string_view bytes, const std::vector<std::size_t>& cuts) {
  Seen seen;
  wire::EventStreamDecoder decoder;
  vectors::for_each_piece(bytes, cuts, [&](PaddedBytes piece) {
    if (!seen.error.empty()) return;
    decoder.feed(piece);
    for (;;) {
      const auto frame = decoder.next();
      if (!frame) seen.error = frame.error().message;
      if (!frame || !*frame) return;
      std::string text;
      wire::HeaderReader headers((*frame)->header_block);
      while (const auto header = headers.next()) text += describe(*header) + "\n";
      seen.frames.push_back(text.append((*frame)->payload.view()));
    }
  });
  if (seen.error.empty()) {
    if (const auto end = decoder.finish(); !end) seen.error = end.error().message;
  }
  return seen;
}

// A frame of a vector's description, in the same words; nullopt when its payload is not given.
std::optional<std::string> describe(const json::Reader& frame) {
  std::string text;
  const auto headers = frame.require("headers")->array();
  for (const json::Reader header : *headers) {
    std::vector<json::Reader> parts;
    const auto elements = header.array();
    for (const json::Reader part : *elements) parts.push_back(part);
    text += std::string(*parts[0].string()) + " " + std::string(*parts[1].string()) + " ";
    if (auto bytes = parts[2].find("$base64")) {
      text += *bytes->string();
    } else if (auto value = parts[2].string()) {
      text += *value;
    } else {
      text += parts[2].minified();
    }
    text += "\n";
  }
  if (auto payload = frame.find("payload")) return text + std::string(*payload->string());
  if (auto payload = frame.find("payloadBase64")) {
    return text + *decode_base64(*payload->string());
  }
  return std::nullopt;
}

// Frames that the official client takes and we refuse: they cannot be understood.
bool refused_by_us(const std::string& name) {
  return name == "45-missing-event-type" || name == "46-missing-message-type" ||
         name == "47-unknown-message-type";
}

TEST(EventStreamVectors, EveryResponseIsSplitIntoItsFramesHoweverItIsCut) {
  for (const std::string& name : vectors::names("responses")) {
    SCOPED_TRACE(name);
    const std::string bytes = vectors::bytes_of("responses", name);
    const auto document = vectors::description("responses", name);
    const auto frames = document.root().require("frames")->array();
    const Seen whole = decode(bytes, {});
    EXPECT_EQ(whole.error.empty(), !refused_by_us(name)) << whole.error;
    if (!refused_by_us(name)) {
      ASSERT_EQ(whole.frames.size(), frames->size());
    }
    std::size_t i = 0;
    for (const json::Reader frame : *frames) {
      if (i == whole.frames.size()) break;
      if (const auto expected = describe(frame)) {
        EXPECT_EQ(whole.frames[i], *expected);
      }
      ++i;
    }
    for (const auto& cuts : vectors::splits(bytes.size())) EXPECT_EQ(decode(bytes, cuts), whole);
  }
}

TEST(EventStreamVectors, EncodingTheFramesGivesTheRecordedBytes) {
  int compared = 0;
  for (const std::string& name : vectors::names("responses")) {
    SCOPED_TRACE(name);
    const std::string bytes = vectors::bytes_of("responses", name);
    if (refused_by_us(name)) continue;
    std::string padded = bytes + std::string(byte_padding, '\0');
    wire::EventStreamDecoder decoder;
    decoder.feed(PaddedBytes::promise(std::string_view(padded).substr(0, bytes.size())));
    // The frames were compared with the descriptions above; the bytes are the reference here.
    std::string encoded;
    for (;;) {
      const auto frame = decoder.next();
      ASSERT_TRUE(frame);
      if (!*frame) break;
      std::vector<Header> headers;
      wire::HeaderReader reader((*frame)->header_block);
      while (const auto header = reader.next()) headers.push_back(*header);
      wire::encode_frame(encoded, headers, (*frame)->payload.view());
    }
    EXPECT_EQ(encoded, bytes);
    ++compared;
  }
  EXPECT_GE(compared, 50);
}

TEST(EventStreamVectors, MalformedStreamsAreRefusedAfterTheirGoodFrames) {
  for (const std::string& name : vectors::names("malformed")) {
    SCOPED_TRACE(name);
    const std::string bytes = vectors::bytes_of("malformed", name);
    const auto document = vectors::description("malformed", name);
    const json::Reader expected = *document.root().require("expected");
    const Seen whole = decode(bytes, {});
    if (*expected.require("verdict")->string() == "reject") {
      EXPECT_FALSE(whole.error.empty());
      EXPECT_EQ(static_cast<std::int64_t>(whole.frames.size()),
                *expected.require("framesDeliveredBefore")->integer());
    } else if (name == "22-header-name-bad-utf8") {
      EXPECT_TRUE(whole.error.empty());  // nobody asks for that header
    } else {
      EXPECT_FALSE(whole.error.empty());
    }
    for (const auto& cuts : vectors::splits(bytes.size())) EXPECT_EQ(decode(bytes, cuts), whole);
  }
}

}  // namespace
}  // namespace dragoman::codewhisperer
