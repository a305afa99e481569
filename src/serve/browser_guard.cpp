#include "serve/browser_guard.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace dragoman::serve {
namespace {

// "[::1]:3000" -> "::1"
std::string_view without_port(std::string_view authority) {
  if (authority.starts_with('[')) {
    return authority.substr(1, std::min(authority.find(']'), authority.size()) - 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool is_localhost(std::string_view host) {
  constexpr std::string_view name = "localhost";
  if (host.size() < name.size()) return false;
  const std::string_view tail = host.substr(host.size() - name.size());
  if (!net::equals_ignoring_case(tail, name)) return false;
  return tail.size() == host.size() || host[host.size() - name.size() - 1] == '.';
}

bool is_address(std::string_view host) {
  boost::system::error_code ec;
  boost::asio::ip::make_address(std::string(host), ec);
  return !ec;
}

bool is_this_machine(std::string_view host) {
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(std::string(host), ec);
  return is_localhost(host) || (!ec && address.is_loopback());
}

}  // namespace

BrowserGuard::BrowserGuard(bool active, std::vector<std::string> cors_origins)
    : active_(active), cors_origins_(std::move(cors_origins)) {}

bool BrowserGuard::is_allowed_origin(std::string_view origin) const {
  const auto listed = [&](std::string_view text) {
    return std::find(cors_origins_.begin(), cors_origins_.end(), text) != cors_origins_.end();
  };
  if (listed("*") || listed(origin)) return true;
  if (origin == "null") return false;  // a sandboxed frame of any page
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) {
      return is_this_machine(without_port(origin.substr(scheme.size())));
    }
  }
  return true;
}

bool BrowserGuard::accepts(const net::Headers& headers) const {
  if (!active_) return true;
  const std::string_view host = without_port(headers.get("host"));
  if (!host.empty() && !is_localhost(host) && !is_address(host)) return false;
  const std::string_view origin = headers.get("origin");
  return origin.empty() || is_allowed_origin(origin);
}

}  // namespace dragoman::serve
