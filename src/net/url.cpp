#include "net/url.hpp"

#include <algorithm>
#include <charconv>

#include "net/headers.hpp"

namespace dragoman::net {
namespace {

Error bad_url(std::string_view problem) {
  return Error(ErrorKind::bad_request, "not a usable URL: " + std::string(problem));
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

// host, [IPv6] and port of "host:port".
Result<void> split_authority(std::string_view authority, Url& url) {
  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return bad_url("the IPv6 address is not closed");
    host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
  } else if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  const bool clean =
      std::all_of(host.begin(), host.end(), [](char c) { return is_unreserved(c) || c == ':'; });
  if (host.empty() || !clean) return bad_url("the host is missing or malformed");
  url.host = to_lower(host);
  if (port.empty()) return {};
  unsigned value = 0;
  const auto end = port.data() + port.size();
  const auto parsed = std::from_chars(port.data() + 1, end, value);
  if (port.front() != ':' || parsed.ptr != end || port.size() == 1 || value == 0 || value > 65535) {
    return bad_url("the port is malformed");
  }
  url.port = static_cast<std::uint16_t>(value);
  return {};
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : '[' + host + ']';
  if (port != (tls ? 443 : 80)) text += ':' + std::to_string(port);
  return text;
}

std::string Url::origin() const {
  std::string text = tls ? "https://" : "http://";
  text += host.find(':') == std::string::npos ? host : '[' + host + ']';
  return text + ':' + std::to_string(port);
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  if (text.starts_with("https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return bad_url("it must begin with http:// or https://");
  }
  url.port = url.tls ? 443 : 80;
  const auto slash = std::min(text.find('/'), text.size());
  auto authority = split_authority(text.substr(0, slash), url);
  if (!authority) return authority.error();
  url.path = text.substr(slash);
  while (url.path.ends_with('/')) url.path.pop_back();
  const bool clean = std::all_of(url.path.begin(), url.path.end(), [](char c) {
    return is_unreserved(c) ||
           std::string_view("/!$&'()*+,;=:@%").find(c) != std::string_view::npos;
  });
  if (!clean) return bad_url("the path is malformed, or a query or fragment is there");
  return url;
}

Result<Proxy> parse_proxy(std::string_view text) {
  Proxy proxy;
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    if (text.substr(0, scheme) != "http") return bad_url("only http:// proxies are supported");
    text.remove_prefix(scheme + 3);
  }
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    auto credentials = percent_decode(text.substr(0, at));
    if (!credentials) return bad_url("the proxy's user or password is malformed");
    proxy.credentials = Secret(std::move(*credentials));
    text.remove_prefix(at + 1);
  }
  while (text.ends_with('/')) text.remove_suffix(1);
  proxy.url.port = 80;
  auto authority = split_authority(text, proxy.url);
  if (!authority) return authority.error();
  return proxy;
}

bool is_exempt_from_proxy(std::string_view no_proxy, std::string_view host) {
  while (!no_proxy.empty()) {
    const auto comma = std::min(no_proxy.find(','), no_proxy.size());
    std::string_view entry = no_proxy.substr(0, comma);
    no_proxy.remove_prefix(std::min(comma + 1, no_proxy.size()));
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (entry == "*") return true;
    if (entry.starts_with('.')) entry.remove_prefix(1);
    if (entry.empty() || entry.size() > host.size()) continue;
    const std::string_view tail = host.substr(host.size() - entry.size());
    if (!equals_ignoring_case(tail, entry)) continue;
    if (tail.size() == host.size() || host[host.size() - tail.size() - 1] == '.') return true;
  }
  return false;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += '%';
      out += hex[static_cast<unsigned char>(c) >> 4];
      out += hex[static_cast<unsigned char>(c) & 15];
    }
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

}  // namespace dragoman::net
