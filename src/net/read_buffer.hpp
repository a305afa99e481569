#pragma once
// A buffer that bytes are read into at the back and used up from at the front.
//
//   auto room = buffer.prepare();           // where to read to
//   buffer.commit(n);
//   use(buffer.bytes()); buffer.consume(k); // bytes() moves to the front at the next prepare()
//
// Starts at 4 KiB, doubles up to its limit while reads fill it, and shrinks back on shrink(): an
// idle connection stays small. byte_padding bytes behind bytes() are always readable.

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/padded.hpp"

namespace dragoman::net {

class ReadBuffer {
 public:
  static constexpr std::size_t initial_size = 4 * 1024;

  explicit ReadBuffer(std::size_t max_size) : max_size_(max_size) {}

  // At least one byte of room, unless the buffer is full at its limit: then empty.
  std::span<char> prepare();
  void commit(std::size_t count);

  std::string_view bytes() const { return {data_.get() + begin_, end_ - begin_}; }
  char* data() { return data_.get() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  void consume(std::size_t count) { begin_ += count; }

  // Gives memory back when nothing is in it.
  void shrink();

 private:
  void resize(std::size_t capacity);

  std::size_t max_size_;
  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool filled_ = false;  // the last read took all the room there was
};

}  // namespace dragoman::net
