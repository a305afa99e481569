#pragma once
// Writes AWS event-stream frames (protocol: two CRC-32s, typed headers, payload).
//
//   std::string bytes = encode_frame({{":message-type", "event"}, ...}, payload);
//
// Header values are strings (type 7): the service sends no others. Names up to 255 bytes, values up
// to 32767; longer ones are a programming mistake (asserted).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dragoman::emulator::codewhisperer {

struct FrameHeader {
  std::string_view name;
  std::string_view value;
};

std::string encode_frame(std::span<const FrameHeader> headers, std::string_view payload);

// {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
std::string encode_event(std::string_view name, std::string_view json);
std::string encode_exception(std::string_view type, std::string_view json);
std::string encode_error(std::string_view code, std::string_view message);

// CRC-32 of ISO 3309 (zip): crc32("123456789") == 0xCBF43926.
std::uint32_t crc32(std::string_view bytes);

}  // namespace dragoman::emulator::codewhisperer
