// The event-stream decoder on arbitrary bytes: no crash, and the same outcome however the bytes are
// cut. The first byte of the input chooses the length of the pieces.

#include "wire/event_stream.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace dragoman;

struct Outcome {
  std::vector<std::string> frames;
  std::string error;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome decode(std::string_view bytes, std::size_t piece_size) {
  Outcome outcome;
  wire::EventStreamDecoder decoder;
  std::string piece;
  while (!bytes.empty()) {
    piece.assign(bytes.substr(0, piece_size));
    const std::size_t size = piece.size();
    bytes.remove_prefix(size);
    piece.append(byte_padding, '\xEE');
    decoder.feed(PaddedBytes::promise(std::string_view(piece).substr(0, size)));
    for (;;) {
      const auto frame = decoder.next();
      if (!frame) {
        outcome.error = frame.error().message;
        return outcome;
      }
      if (!*frame) break;
      // All headers must be readable when the frame was accepted, and come out again as they were.
      std::vector<wire::Header> headers;
      wire::HeaderReader reader((*frame)->header_block);
      while (const auto header = reader.next()) headers.push_back(*header);
      if (reader.broken()) std::abort();
      std::string again;
      wire::encode_frame(again, headers, (*frame)->payload.view());
      if (std::string_view(again).substr(12, (*frame)->header_block.size()) !=
          (*frame)->header_block) {
        std::abort();
      }
      outcome.frames.push_back(std::move(again));
    }
  }
  if (const auto end = decoder.finish(); !end) outcome.error = end.error().message;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = decode(bytes, bytes.size() + 1);
  if (decode(bytes, 1) != whole) std::abort();
  if (decode(bytes, std::size_t{1} + data[0]) != whole) std::abort();
  return 0;
}
