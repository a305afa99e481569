#pragma once
// Bytes with room behind them.
//
// simdjson reads up to 64 bytes past the end of its input. Whoever hands out PaddedBytes promises
// that at least byte_padding bytes behind the end may be read (their value does not matter), so
// that a document in the middle of a read buffer can be parsed where it lies.

#include <cstddef>
#include <string_view>

namespace dragoman {

inline constexpr std::size_t byte_padding = 64;

class PaddedBytes {
 public:
  PaddedBytes() = default;
  // The caller promises the padding.
  static PaddedBytes promise(std::string_view bytes) { return PaddedBytes(bytes); }

  std::string_view view() const { return bytes_; }
  const char* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

  // Any part of padded bytes is padded too.
  PaddedBytes substr(std::size_t offset, std::size_t count = std::string_view::npos) const {
    return PaddedBytes(bytes_.substr(offset, count));
  }

 private:
  explicit PaddedBytes(std::string_view bytes) : bytes_(bytes) {}
  // Never a null pointer: its padding could not be read.
  std::string_view bytes_ = std::string_view(empty_, 0);
  static constexpr char empty_[byte_padding] = {};
};

}  // namespace dragoman
