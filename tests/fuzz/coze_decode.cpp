// Bytes as a Coze event stream: no crash, and however they are cut, the same events.
//
// The first byte chooses the cuts; the rest is the body.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "backends/coze/decode.hpp"
#include "base/overloaded.hpp"
#include "base/utf8.hpp"

namespace {

using namespace dragoman;

// What a client would see: texts joined, everything else by kind.
void append(std::string& seen, const std::vector<chat::Event>& events) {
  for (const chat::Event& event : events) {
    std::visit(overloaded{
                   [&](const chat::Started& e) {
                     seen += "\n[started " + e.conversation_id + " " + e.turn_id + "]";
                   },
                   [&](const chat::TextDelta& e) { seen += e.text.escaped(); },
                   [&](const chat::ReasoningDelta& e) { seen += e.text.escaped(); },
                   [&](const chat::Usage& e) {
                     seen += "\n[usage " + std::to_string(e.input_tokens) + " " +
                             std::to_string(e.output_tokens) + "]";
                   },
                   [&](const chat::Finished&) { seen += "\n[finished]"; },
                   [&](const chat::Failed& e) { seen += "\n[failed] " + e.error.message; },
               },
               event);
  }
}

std::string decode(std::string_view body, std::size_t piece) {
  simdjson::ondemand::parser parser;
  coze::Decoder decoder(parser, "LOG");
  std::vector<chat::Event> events;
  std::string seen;
  while (!body.empty()) {
    const std::size_t size = std::min(piece, body.size());
    // A block of exactly the promised size, so that reading beyond it shows.
    const auto block = std::make_unique<char[]>(size + byte_padding);
    std::copy_n(body.data(), size, block.get());
    body.remove_prefix(size);
    events.clear();
    decoder.feed(PaddedBytes::promise({block.get(), size}), events);
    append(seen, events);
  }
  events.clear();
  decoder.finish(events);
  append(seen, events);
  if (!decoder.ended()) std::abort();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = decode(body, std::max<std::size_t>(body.size(), 1));
  if (!is_valid_utf8(whole)) std::abort();
  if (decode(body, data[0] % 64 + 1U) != whole) std::abort();
  return 0;
}
