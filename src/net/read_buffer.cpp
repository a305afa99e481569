#include "net/read_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace dragoman::net {

std::span<char> ReadBuffer::prepare() {
  if (capacity_ == 0) resize(std::min(initial_size, max_size_));
  if (begin_ > 0) {
    std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if ((filled_ || end_ == capacity_) && capacity_ < max_size_) {
    resize(std::min(capacity_ * 2, max_size_));
  }
  return {data_.get() + end_, capacity_ - end_};
}

void ReadBuffer::commit(std::size_t count) {
  end_ += count;
  filled_ = end_ == capacity_;
}

void ReadBuffer::shrink() {
  if (!empty()) return;
  begin_ = end_ = 0;
  filled_ = false;
  if (capacity_ <= initial_size) return;
  data_.reset();
  capacity_ = 0;
}

void ReadBuffer::resize(std::size_t capacity) {
  // Value-initialised: the padding behind the bytes may be read.
  auto bigger = std::make_unique<char[]>(capacity + byte_padding);
  if (end_ > begin_) std::memcpy(bigger.get() + begin_, data_.get() + begin_, end_ - begin_);
  data_ = std::move(bigger);
  capacity_ = capacity;
}

}  // namespace dragoman::net
