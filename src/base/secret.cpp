#include "base/secret.hpp"

#include <openssl/crypto.h>

namespace dragoman {

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe();
    text_ = other.text_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = std::move(other.text_);
    other.wipe();
  }
  return *this;
}

Secret::~Secret() { wipe(); }

void Secret::wipe() {
  OPENSSL_cleanse(text_.data(), text_.size());
  text_.clear();
}

bool Secret::equals(std::string_view candidate) const {
  return candidate.size() == text_.size() &&
         CRYPTO_memcmp(candidate.data(), text_.data(), text_.size()) == 0;
}

}  // namespace dragoman
