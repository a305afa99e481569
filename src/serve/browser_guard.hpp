#pragma once
// Keeps web pages from spending the operator's quota while no client keys are set.
//
// A page on any site can make a browser send a POST to 127.0.0.1 without asking (a "simple request"
// of the CORS protocol), and with a host name of its own that resolves to 127.0.0.1 it can even
// read the answers (DNS rebinding). Without keys nothing else would stop it. So, as long as neither
// keys are set nor anyone may call:
// - the Host must be an IP address or localhost: rebinding needs a name;
// - the Origin, when there is one, must be a program's (app://, file://), of this machine, or one
//   that CORS allows.
// Programs that are no browsers send no Origin and are not concerned.

#include <string>
#include <string_view>
#include <vector>

#include "net/headers.hpp"

namespace dragoman::serve {

class BrowserGuard {
 public:
  // cors_origins: those allowed; empty when CORS is off.
  BrowserGuard(bool active, std::vector<std::string> cors_origins);

  bool accepts(const net::Headers& headers) const;

 private:
  bool is_allowed_origin(std::string_view origin) const;
  bool active_;
  std::vector<std::string> cors_origins_;
};

}  // namespace dragoman::serve
