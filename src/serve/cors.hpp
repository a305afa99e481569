#pragma once
// Cross-origin requests from browsers (WHATWG Fetch, CORS protocol).
//
// Off: no header is sent, and OPTIONS is an unknown endpoint. On with "*": any origin may call, but
// without credentials, since "*" with credentials would let every page use a visitor's login. On
// with a list: an origin of the list is named, any other gets no permission.

#include <string>
#include <string_view>
#include <vector>

#include "net/headers.hpp"

namespace dragoman::serve {

class Cors {
 public:
  Cors(bool enabled, std::vector<std::string> origins);

  bool enabled() const { return enabled_; }
  // Headers of an ordinary answer to a request with that Origin (may be empty).
  void add_headers(std::string_view origin, net::HeaderBlock& head) const;
  // Headers of the answer to a preflight.
  void add_preflight_headers(const net::Headers& request, net::HeaderBlock& head) const;

 private:
  bool add_origin(std::string_view origin, net::HeaderBlock& head) const;
  bool enabled_;
  bool any_;
  std::vector<std::string> origins_;
};

}  // namespace dragoman::serve
