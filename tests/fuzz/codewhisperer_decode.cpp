// The CodeWhisperer decoder on streams of well-framed events with arbitrary payloads (bytes with
// right checksums are too rare to be met by chance): no crash, an end that is the only one, every
// text a valid piece of JSON, and the same events however the bytes are cut.
//
// Input: for each event a byte that chooses its type, two for the length of its payload, the
// payload.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "backends/codewhisperer/decode.hpp"
#include "base/overloaded.hpp"
#include "base/utf8.hpp"

namespace {

using namespace dragoman;

constexpr std::string_view event_types[] = {
    "assistantResponseEvent", "codeEvent",         "reasoningContentEvent", "metadataEvent",
    "meteringEvent",          "contextUsageEvent", "messageStopEvent",      "initial-response",
    "messageMetadataEvent",   "invalidStateEvent", "toolUseEvent",          "somethingNewEvent"};

std::string build_stream(std::string_view input) {
  std::string stream;
  while (input.size() >= 3) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(input[i]); };
    const std::size_t type = at(0);
    const std::size_t length = at(1) << 8 | at(2);
    input.remove_prefix(3);
    const std::string_view payload = input.substr(0, length);
    input.remove_prefix(payload.size());
    if (type >= 250) {
      const wire::Header headers[] = {{":message-type", std::string_view("exception")},
                                      {":exception-type", std::string_view("ThrottlingException")}};
      wire::encode_frame(stream, headers, payload);
    } else {
      const wire::Header headers[] = {{":message-type", std::string_view("event")},
                                      {":event-type", event_types[type % std::size(event_types)]}};
      wire::encode_frame(stream, headers, payload);
    }
  }
  return stream;
}

void check_text(json::JsonText text) {
  if (text.empty() || !is_valid_utf8(text.escaped()) || !json::unescape(text.escaped())) {
    std::abort();
  }
  for (const char c : text.escaped()) {
    if (static_cast<unsigned char>(c) < 0x20) std::abort();
  }
}

std::vector<std::string> decode(codewhisperer::PayloadParser& parser, std::string_view bytes,
                                std::size_t piece_size) {
  std::vector<std::string> lines;
  int ends = 0;
  const auto add = [&](std::span<const chat::Event> events) {
    for (const chat::Event& event : events) {
      if (ends > 0) std::abort();
      std::visit(
          overloaded{
              [&](const chat::Started& e) { lines.push_back("started " + e.conversation_id); },
              [&](const chat::TextDelta& e) {
                check_text(e.text);
                lines.push_back("text " + std::string(e.text.escaped()));
              },
              [&](const chat::ReasoningDelta& e) {
                check_text(e.text);
                lines.push_back("reasoning " + std::string(e.text.escaped()));
              },
              [&](const chat::Usage& e) {
                if (e.input_tokens < 0 || e.output_tokens < 0) std::abort();
                lines.push_back("usage " + std::to_string(e.input_tokens));
              },
              [&](const chat::Finished& e) {
                ++ends;
                lines.push_back("finished " + std::to_string(static_cast<int>(e.reason)));
              },
              [&](const chat::Failed& e) {
                ++ends;
                if (!is_valid_utf8(e.error.message)) std::abort();
                lines.push_back("failed " + e.error.message);
              },
          },
          event);
    }
  };
  codewhisperer::Decoder decoder(parser, "", "");
  std::string piece;
  while (!bytes.empty()) {
    piece.assign(bytes.substr(0, piece_size));
    const std::size_t size = piece.size();
    bytes.remove_prefix(size);
    piece.append(byte_padding, '\xEE');
    add(decoder.feed(PaddedBytes::promise(std::string_view(piece).substr(0, size))));
  }
  add(decoder.finish());
  if (ends != 1 || !decoder.done()) std::abort();
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string stream =
      build_stream(std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
  codewhisperer::PayloadParser parser;
  const auto whole = decode(parser, stream, stream.size() + 1);
  if (decode(parser, stream, 1) != whole) std::abort();
  if (decode(parser, stream, std::size_t{1} + data[0]) != whole) std::abort();
  return 0;
}
