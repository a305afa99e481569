#include "wire/event_stream.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <concepts>
#include <libdeflate.h>

#include "base/overloaded.hpp"

namespace dragoman::wire {
namespace {

constexpr std::size_t lengths_size = 8;   // total length, headers length
constexpr std::size_t prelude_size = 12;  // lengths and their checksum
constexpr std::size_t checksum_size = 4;
constexpr std::size_t min_frame_size = prelude_size + checksum_size;

enum class WireType : std::uint8_t {
  boolean_true = 0,
  boolean_false = 1,
  int8 = 2,
  int16 = 3,
  int32 = 4,
  int64 = 5,
  byte_array = 6,
  string = 7,
  timestamp = 8,
  uuid = 9,
};

// Big-endian; text holds at least sizeof(T) bytes.
template <std::unsigned_integral T>
T read_big(std::string_view text) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value << 8 | static_cast<unsigned char>(text[i]));
  }
  return value;
}

template <std::unsigned_integral T>
void append_big(std::string& out, T value) {
  for (std::size_t i = sizeof(T); i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::uint32_t crc(std::uint32_t before, std::string_view bytes) {
  return libdeflate_crc32(before, bytes.data(), bytes.size());
}

// Takes bytes from the front of a block, and remembers when there were too few.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::size_t count) {
    if (count > rest_.size()) {
      overrun_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view part = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return part;
  }
  template <std::unsigned_integral T>
  T number() {
    const std::string_view part = take(sizeof(T));
    return part.empty() ? T{0} : read_big<T>(part);
  }
  bool overrun() const { return overrun_; }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool overrun_ = false;
};

// nullopt: an unknown type.
std::optional<HeaderValue> take_value(Cursor& cursor, std::uint8_t type) {
  if (type > static_cast<std::uint8_t>(WireType::uuid)) return std::nullopt;
  switch (static_cast<WireType>(type)) {
    case WireType::boolean_true: return true;
    case WireType::boolean_false: return false;
    case WireType::int8: return static_cast<std::int8_t>(cursor.number<std::uint8_t>());
    case WireType::int16: return static_cast<std::int16_t>(cursor.number<std::uint16_t>());
    case WireType::int32: return static_cast<std::int32_t>(cursor.number<std::uint32_t>());
    case WireType::int64: return static_cast<std::int64_t>(cursor.number<std::uint64_t>());
    case WireType::byte_array: return ByteArray{cursor.take(cursor.number<std::uint16_t>())};
    case WireType::string: return cursor.take(cursor.number<std::uint16_t>());
    case WireType::timestamp:
      return Timestamp{static_cast<std::int64_t>(cursor.number<std::uint64_t>())};
    case WireType::uuid: {
      Uuid uuid;
      std::ranges::copy(cursor.take(uuid.bytes.size()), uuid.bytes.begin());
      return uuid;
    }
  }
  return std::nullopt;
}

// What is wrong with a header block, or nullptr. Fills the standard members of the frame.
const char* read_headers(Frame& frame) {
  std::string_view message_type;
  const std::pair<std::string_view, std::string_view*> wanted[] = {
      {":message-type", &message_type},       {":event-type", &frame.event_type},
      {":content-type", &frame.content_type}, {":exception-type", &frame.exception_type},
      {":error-code", &frame.error_code},     {":error-message", &frame.error_message},
  };
  unsigned seen = 0;

  HeaderReader headers(frame.header_block);
  while (const auto header = headers.next()) {
    if (header->name.front() != ':') continue;
    for (std::size_t i = 0; i < std::size(wanted); ++i) {
      if (header->name != wanted[i].first) continue;
      // Two readers could take two different ones of them.
      if (seen & 1u << i) return "a standard header is given twice";
      seen |= 1u << i;
      if (const auto* text = std::get_if<std::string_view>(&header->value)) {
        *wanted[i].second = *text;
      }
      break;
    }
  }
  if (headers.broken()) return "a header is malformed";

  if (message_type == "event") {
    frame.kind = Frame::Kind::event;
    if (frame.event_type.empty()) return "an event has no type";
  } else if (message_type == "exception") {
    frame.kind = Frame::Kind::exception;
  } else if (message_type == "error") {
    frame.kind = Frame::Kind::error;
  } else {
    return message_type.empty() ? "a frame has no message type" : "the message type is unknown";
  }
  return nullptr;
}

}  // namespace

std::optional<Header> HeaderReader::next() {
  if (rest_.empty()) return std::nullopt;
  Cursor cursor(rest_);
  const std::string_view name = cursor.take(cursor.number<std::uint8_t>());
  const auto type = cursor.number<std::uint8_t>();
  const auto value = take_value(cursor, type);
  if (cursor.overrun() || !value || name.empty()) {
    broken_ = true;
    rest_ = {};
    return std::nullopt;
  }
  rest_ = cursor.rest();
  return Header{name, *value};
}

PaddedBytes EventStreamDecoder::Carry::bytes() const {
  return PaddedBytes::promise(std::string_view(bytes_).substr(0, size_));
}

void EventStreamDecoder::Carry::append(std::string_view part) {
  constexpr std::size_t first_capacity = 512;
  const std::size_t needed = size_ + part.size();
  if (needed + byte_padding > bytes_.size()) {
    bytes_.resize(std::max({needed, 2 * size_, first_capacity}) + byte_padding);
  }
  std::ranges::copy(part, bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ = needed;
}

void EventStreamDecoder::Carry::clear() {
  constexpr std::size_t max_kept_capacity = 64 * 1024;  // a rare long frame does not stay for good
  if (bytes_.size() > max_kept_capacity) std::string().swap(bytes_);
  size_ = 0;
}

Result<std::optional<Frame>> EventStreamDecoder::fail(std::string_view problem) {
  failure_ = Error(ErrorKind::upstream_failed,
                   "the upstream's event stream is broken: " + std::string(problem));
  return *failure_;
}

void EventStreamDecoder::feed(PaddedBytes bytes) {
  assert(input_.empty() || failure_);
  carries_[1 - filling_].clear();
  input_ = bytes;
}

void EventStreamDecoder::move_to_carry(std::size_t count) {
  count = std::min(count, input_.size());
  if (count == 0) return;
  carries_[filling_].append(input_.view().substr(0, count));
  input_ = input_.substr(count);
}

Result<std::optional<Frame>> EventStreamDecoder::next() {
  if (failure_) return *failure_;
  Carry& carry = carries_[filling_];

  // A frame that began in an earlier feed() is completed in the carry; others stay where they are.
  const bool carried = carry.size() > 0;
  if (carried && carry.size() < prelude_size) move_to_carry(prelude_size - carry.size());
  const std::string_view head = carried ? carry.bytes().view() : input_.view();
  if (head.empty()) return std::optional<Frame>();

  if (head.size() < lengths_size) {
    move_to_carry(input_.size());
    return std::optional<Frame>();
  }
  const std::size_t total = read_big<std::uint32_t>(head);
  const std::size_t header_size = read_big<std::uint32_t>(head.substr(4));
  if (total < min_frame_size) return fail("a frame is shorter than possible");
  if (total > limits_.frame_bytes) return fail("a frame is longer than allowed");
  if (header_size > total - min_frame_size) return fail("the headers do not fit into their frame");
  if (header_size > limits_.header_bytes) return fail("the headers are longer than allowed");

  if (head.size() < prelude_size) {
    move_to_carry(input_.size());
    return std::optional<Frame>();
  }
  const std::uint32_t lengths_crc = crc(0, head.substr(0, lengths_size));
  if (lengths_crc != read_big<std::uint32_t>(head.substr(lengths_size))) {
    return fail("the checksum of a frame's lengths is wrong");
  }

  PaddedBytes bytes;
  if (carried) {
    move_to_carry(total - carry.size());
    if (carry.size() < total) return std::optional<Frame>();
    bytes = carry.bytes();
    filling_ = 1 - filling_;  // feed() clears the other one
  } else {
    if (input_.size() < total) {
      move_to_carry(input_.size());
      return std::optional<Frame>();
    }
    bytes = input_.substr(0, total);
    input_ = input_.substr(total);
  }

  const std::string_view frame_bytes = bytes.view();
  const std::size_t body_end = total - checksum_size;
  const std::uint32_t frame_crc =
      crc(lengths_crc, frame_bytes.substr(lengths_size, body_end - lengths_size));
  if (frame_crc != read_big<std::uint32_t>(frame_bytes.substr(body_end))) {
    return fail("the checksum of a frame is wrong");
  }
  Frame frame;
  frame.header_block = frame_bytes.substr(prelude_size, header_size);
  frame.payload = bytes.substr(prelude_size + header_size, body_end - prelude_size - header_size);
  if (const char* problem = read_headers(frame)) return fail(problem);
  return std::optional<Frame>(frame);
}

Result<void> EventStreamDecoder::finish() const {
  if (failure_) return *failure_;
  if (carries_[filling_].size() > 0 || !input_.empty()) {
    return Error(ErrorKind::upstream_failed,
                 "the upstream's answer ended in the middle of a frame");
  }
  return {};
}

void encode_frame(std::string& out, std::span<const Header> headers, std::string_view payload) {
  const std::size_t start = out.size();
  out.append(prelude_size, '\0');
  const auto type = [&](WireType t) { out += static_cast<char>(t); };
  const auto sized = [&](std::string_view bytes) {
    assert(bytes.size() <= 0xFFFF);
    append_big(out, static_cast<std::uint16_t>(bytes.size()));
    out += bytes;
  };
  for (const Header& header : headers) {
    assert(!header.name.empty() && header.name.size() <= 0xFF);
    out += static_cast<char>(header.name.size());
    out += header.name;
    std::visit(overloaded{
                   [&](bool v) { type(v ? WireType::boolean_true : WireType::boolean_false); },
                   [&](std::int8_t v) {
                     type(WireType::int8);
                     append_big(out, static_cast<std::uint8_t>(v));
                   },
                   [&](std::int16_t v) {
                     type(WireType::int16);
                     append_big(out, static_cast<std::uint16_t>(v));
                   },
                   [&](std::int32_t v) {
                     type(WireType::int32);
                     append_big(out, static_cast<std::uint32_t>(v));
                   },
                   [&](std::int64_t v) {
                     type(WireType::int64);
                     append_big(out, static_cast<std::uint64_t>(v));
                   },
                   [&](const ByteArray& v) {
                     type(WireType::byte_array);
                     sized(v.bytes);
                   },
                   [&](std::string_view v) {
                     type(WireType::string);
                     sized(v);
                   },
                   [&](const Timestamp& v) {
                     type(WireType::timestamp);
                     append_big(out, static_cast<std::uint64_t>(v.milliseconds));
                   },
                   [&](const Uuid& v) {
                     type(WireType::uuid);
                     out.append(v.bytes.begin(), v.bytes.end());
                   },
               },
               header.value);
  }
  const std::size_t header_size = out.size() - start - prelude_size;
  const std::size_t total = min_frame_size + header_size + payload.size();
  assert(total <= FrameLimits{}.frame_bytes && header_size <= FrameLimits{}.header_bytes);
  out += payload;

  std::string prelude;
  append_big(prelude, static_cast<std::uint32_t>(total));
  append_big(prelude, static_cast<std::uint32_t>(header_size));
  append_big(prelude, crc(0, prelude));
  std::ranges::copy(prelude, out.begin() + static_cast<std::ptrdiff_t>(start));
  append_big(out, crc(0, std::string_view(out).substr(start)));
}

}  // namespace dragoman::wire
