#pragma once
// The keys clients must show, when there are any.
//
// A key comes as "Authorization: Bearer <key>" or "x-api-key: <key>". It is compared with every
// configured key in constant time, so that neither the answer's time nor the order of the keys says
// how close a guess was. Decided from the head alone: no body is read for a wrong key.

#include <vector>

#include "base/secret.hpp"
#include "net/headers.hpp"

namespace dragoman::serve {

class ClientKeys {
 public:
  // No keys: everyone may call.
  explicit ClientKeys(std::vector<Secret> keys) : keys_(std::move(keys)) {}

  bool accept(const net::Headers& headers) const;

 private:
  bool matches(std::string_view candidate) const;
  std::vector<Secret> keys_;
};

}  // namespace dragoman::serve
