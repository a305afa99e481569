#include "base/ids.hpp"

#include <openssl/rand.h>
#include <stdexcept>

namespace dragoman {
namespace {

// The kernel is asked once for many ids, not once for each.
class Entropy {
 public:
  unsigned char byte() {
    if (used_ == sizeof(pool_)) {
      if (RAND_bytes(pool_, sizeof(pool_)) != 1) throw std::runtime_error("no entropy");
      used_ = 0;
    }
    return pool_[used_++];
  }

 private:
  unsigned char pool_[512];
  std::size_t used_ = sizeof(pool_);
};

thread_local Entropy entropy;

}  // namespace

std::string make_id(std::string_view prefix, std::size_t letters) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string id(prefix);
  id.reserve(prefix.size() + letters);
  while (letters > 0) {
    const unsigned char value = entropy.byte() & 63;
    if (value >= alphabet.size()) continue;  // keeps all letters equally likely
    id += alphabet[value];
    --letters;
  }
  return id;
}

std::string make_uuid() {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string id;
  id.reserve(36);
  for (int i = 0; i < 16; ++i) {
    unsigned char byte = entropy.byte();
    if (i == 6) byte = static_cast<unsigned char>((byte & 0x0f) | 0x40);
    if (i == 8) byte = static_cast<unsigned char>((byte & 0x3f) | 0x80);
    if (i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    id += hex[byte >> 4];
    id += hex[byte & 15];
  }
  return id;
}

}  // namespace dragoman
