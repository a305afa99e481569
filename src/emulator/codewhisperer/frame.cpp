#include "emulator/codewhisperer/frame.hpp"

#include <array>
#include <cassert>

namespace dragoman::emulator::codewhisperer {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1U) != 0 ? (value >> 1U) ^ 0xEDB88320U : value >> 1U;
    table[i] = value;
  }
  return table;
}

constexpr auto table = make_table();

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xFFU));
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t value = 0xFFFFFFFFU;
  for (const char c : bytes)
    value = table[(value ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (value >> 8U);
  return value ^ 0xFFFFFFFFU;
}

std::string encode_frame(std::span<const FrameHeader> headers, std::string_view payload) {
  constexpr char string_type = 7;
  std::string block;
  for (const FrameHeader& header : headers) {
    assert(!header.name.empty() && header.name.size() <= 255 && header.value.size() <= 32767);
    block.push_back(static_cast<char>(header.name.size()));
    block += header.name;
    block.push_back(string_type);
    block.push_back(static_cast<char>(header.value.size() >> 8U));
    block.push_back(static_cast<char>(header.value.size() & 0xFFU));
    block += header.value;
  }
  std::string frame;
  frame.reserve(block.size() + payload.size() + 16);
  append_u32(frame, static_cast<std::uint32_t>(block.size() + payload.size() + 16));
  append_u32(frame, static_cast<std::uint32_t>(block.size()));
  append_u32(frame, crc32(frame));
  frame += block;
  frame += payload;
  append_u32(frame, crc32(frame));
  return frame;
}

std::string encode_event(std::string_view name, std::string_view json) {
  const std::array<FrameHeader, 3> headers{
      {{":event-type", name}, {":content-type", "application/json"}, {":message-type", "event"}}};
  return encode_frame(headers, json);
}

std::string encode_exception(std::string_view type, std::string_view json) {
  const std::array<FrameHeader, 3> headers{{{":exception-type", type},
                                            {":content-type", "application/json"},
                                            {":message-type", "exception"}}};
  return encode_frame(headers, json);
}

std::string encode_error(std::string_view code, std::string_view message) {
  const std::array<FrameHeader, 3> headers{
      {{":message-type", "error"}, {":error-code", code}, {":error-message", message}}};
  return encode_frame(headers, {});
}

}  // namespace dragoman::emulator::codewhisperer
