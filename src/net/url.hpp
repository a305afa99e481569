#pragma once
// The few URLs an operator may configure: http or https, host, optional port and path prefix.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace dragoman::net {

struct Url {
  bool tls = false;
  std::string host;  // lower case; IPv6 addresses without brackets
  std::uint16_t port = 0;
  std::string path;  // prefix for targets: "" or "/x", never with a slash at the end

  std::string authority()
      const;                   // host:port as it goes into the host header (default port left out)
  std::string origin() const;  // "https://host:port"
};

// Errors: bad_request. Refuses user info, query, fragment, other schemes, controls and blanks.
Result<Url> parse_url(std::string_view text);

// A proxy as the variables http_proxy and https_proxy name it: "http://user:password@host:port", or
// just "host:port". The way to the proxy itself is always clear text.
struct Proxy {
  Url url;
  Secret credentials;  // "user:password", decoded; may be empty
};
Result<Proxy> parse_proxy(std::string_view text);

// Whether NO_PROXY exempts this host: a comma list of hosts, domains (with or without a leading
// dot; subdomains count) and "*".
bool is_exempt_from_proxy(std::string_view no_proxy, std::string_view host);

// Escapes everything but unreserved characters of RFC 3986.
std::string percent_encode(std::string_view text);
// nullopt when an escape is broken.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace dragoman::net
