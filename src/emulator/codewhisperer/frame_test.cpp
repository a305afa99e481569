#include "emulator/codewhisperer/frame.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <vector>

#include "base/base64.hpp"
#include "json/reader.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

// The bytes of the vector's frames; nullopt when a payload is not given in full or a header is not
// a string.
std::optional<std::string> encode_vector(const json::Reader& root) {
  std::string bytes;
  for (json::Reader frame : *root.require("frames")->array()) {
    std::vector<FrameHeader> headers;
    for (json::Reader header : *frame.require("headers")->array()) {
      std::vector<std::string_view> parts;
      for (json::Reader part : *header.array()) {
        if (part.kind() != json::Reader::Kind::string) return std::nullopt;
        parts.push_back(*part.string());
      }
      if (parts.size() != 3 || parts[1] != "string") return std::nullopt;
      headers.push_back({parts[0], parts[2]});
    }
    if (auto text = frame.find("payload")) {
      bytes += encode_frame(headers, *text->string());
    } else if (auto base64 = frame.find("payloadBase64")) {
      bytes += encode_frame(headers, *decode_base64(*base64->string()));
    } else if (*frame.require("payloadLength")->integer() == 0) {
      bytes += encode_frame(headers, {});
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

TEST(Crc32, IsTheZipOne) {
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);
  EXPECT_EQ(crc32(""), 0U);
}

TEST(EncodeFrame, GivesTheBytesOfTheRecordedStreams) {
  const std::filesystem::path folder = DRAGOMAN_TESTDATA "/codewhisperer/responses";
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    auto document = json::Document::parse(slurp(entry.path()));
    // Vectors with lone surrogates in their description of the payload cannot be parsed strictly.
    if (!document) continue;
    auto bytes = encode_vector(document->root());
    if (!bytes) continue;
    auto binary = entry.path();
    binary.replace_extension(".bin");
    EXPECT_EQ(*bytes, slurp(binary)) << entry.path().filename();
    ++compared;
  }
  EXPECT_GE(compared, 45);
}

TEST(EncodeFrame, WritesTheUsualHeadersOfEachMessageType) {
  const std::string event = encode_event("assistantResponseEvent", R"({"content":"Hi."})");
  EXPECT_LT(event.find(":event-type"), event.find(":content-type"));
  EXPECT_LT(event.find(":content-type"), event.find(":message-type"));
  EXPECT_NE(encode_exception("ThrottlingException", "{}").find(":exception-type"),
            std::string::npos);
  EXPECT_NE(encode_error("InternalError", "broken").find(":error-code"), std::string::npos);
}

}  // namespace
}  // namespace dragoman::emulator::codewhisperer
