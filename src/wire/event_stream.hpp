#pragma once
// The AWS event-stream framing (application/vnd.amazon.eventstream): splits a byte stream into
// frames, and builds frames.
//
//   EventStreamDecoder decoder;
//   decoder.feed(bytes);                       // as read from the network, cut anywhere
//   for (;;) {
//     auto frame = decoder.next();             // Result<optional<Frame>>
//     if (!frame) return frame.error();        // broken: there is no way to find the next frame
//     if (!*frame) break;                      // needs more bytes
//     use(**frame);
//   }
//   ...
//   auto end = decoder.finish();               // at the end of the input: nothing may be left
//
// Frames are decoded where they lie in the fed bytes; only a frame that is cut is gathered in a
// buffer of the decoder. A frame and its views live until the next feed(). Take frames until next()
// wants more bytes before feeding again. Once the buffers have grown to the longest cut frame
// nothing is allocated.
//
// Checked: both checksums, every length against its limit and its surroundings, and what a frame
// needs to be understood: a :message-type that is event, exception or error, and the :event-type of
// an event, each given once. Lengths are judged as soon as eight bytes of a frame are there, before
// any memory is set aside. Names and values that nobody asks for are only checked for their
// framing. Errors are upstream_failed.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.hpp"
#include "base/padded.hpp"

namespace dragoman::wire {

struct FrameLimits {
  std::size_t frame_bytes = 16 * 1024 * 1024;  // a whole frame
  std::size_t header_bytes = 128 * 1024;       // its header block
};

struct ByteArray {
  std::string_view bytes;
  friend bool operator==(const ByteArray&, const ByteArray&) = default;
};

struct Timestamp {
  std::int64_t milliseconds = 0;  // since 1970
  friend bool operator==(const Timestamp&, const Timestamp&) = default;
};

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  friend bool operator==(const Uuid&, const Uuid&) = default;
};

// The ten wire types; true and false share an alternative.
using HeaderValue = std::variant<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                                 ByteArray, std::string_view, Timestamp, Uuid>;

struct Header {
  std::string_view name;
  HeaderValue value;
  friend bool operator==(const Header&, const Header&) = default;
};

// Walks a header block. After nullopt, broken() tells a mistake from the end.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view block) : rest_(block) {}
  std::optional<Header> next();
  bool broken() const { return broken_; }

 private:
  std::string_view rest_;
  bool broken_ = false;
};

struct Frame {
  enum class Kind { event, exception, error };
  Kind kind = Kind::event;
  // Values of the standard headers; empty when absent or not strings.
  std::string_view event_type;
  std::string_view exception_type;
  std::string_view error_code;
  std::string_view error_message;
  std::string_view content_type;
  std::string_view header_block;  // for HeaderReader: all headers, in wire order
  PaddedBytes payload;
};

class EventStreamDecoder {
 public:
  explicit EventStreamDecoder(FrameLimits limits = {}) : limits_(limits) {}
  EventStreamDecoder(const EventStreamDecoder&) = delete;
  EventStreamDecoder& operator=(const EventStreamDecoder&) = delete;

  // The bytes must live as long as the frames taken from them.
  void feed(PaddedBytes bytes);
  // After an error: the same error again.
  Result<std::optional<Frame>> next();
  // upstream_failed when the input ended inside a frame, be it by one byte.
  Result<void> finish() const;

 private:
  // The beginning of a frame whose end has not come yet. Capacity is bytes_.size() less padding.
  class Carry {
   public:
    std::size_t size() const { return size_; }
    PaddedBytes bytes() const;
    void append(std::string_view part);
    void clear();

   private:
    std::string bytes_;
    std::size_t size_ = 0;
  };

  Result<std::optional<Frame>> fail(std::string_view problem);
  void move_to_carry(std::size_t count);

  FrameLimits limits_;
  PaddedBytes input_;  // fed, not yet taken
  // Frames of one feed() may lie in one carry while the next cut frame is gathered in the other.
  std::array<Carry, 2> carries_;
  std::size_t filling_ = 0;
  std::optional<Error> failure_;
};

// Appends one frame. Names are 1 to 255 bytes, strings and byte arrays at most 65535, the whole
// within FrameLimits: the caller's duty (asserted).
void encode_frame(std::string& out, std::span<const Header> headers, std::string_view payload);

}  // namespace dragoman::wire
