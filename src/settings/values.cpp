#include "settings/values.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace dragoman::settings {
namespace {

using std::chrono::milliseconds;

Error expected(std::string_view what) {
  return Error(ErrorKind::bad_request, "expected " + std::string(what));
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// A number and the letters behind it: "32MiB".
struct Quantity {
  double number = 0;
  std::string unit;  // lower case
};

std::optional<Quantity> parse_quantity(std::string_view text) {
  Quantity quantity;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, quantity.number, std::chars_format::fixed);
  if (parsed.ec != std::errc() || quantity.number < 0 || text.front() == '-') return std::nullopt;
  const auto used = static_cast<std::size_t>(parsed.ptr - text.data());
  quantity.unit = lower(trim(text.substr(used)));
  return quantity;
}

}  // namespace

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

Result<bool> parse_boolean(std::string_view text) {
  const std::string word = lower(trim(text));
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  return expected("true or false");
}

Result<std::int64_t> parse_integer(std::string_view text) {
  const std::string_view digits = trim(text);
  std::int64_t value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || value < 0) {
    return expected("a number");
  }
  return value;
}

Result<std::int64_t> parse_bytes(std::string_view text) {
  constexpr double most = 1e15;  // exact in a double, and far beyond any limit of ours
  const auto quantity = parse_quantity(trim(text));
  if (!quantity) return expected("a number of bytes such as 65536 or 32MiB");
  double factor = 0;
  const std::string& unit = quantity->unit;
  if (unit.empty() || unit == "b") factor = 1;
  if (unit == "k" || unit == "kb" || unit == "kib") factor = 1024.0;
  if (unit == "m" || unit == "mb" || unit == "mib") factor = 1024.0 * 1024;
  if (unit == "g" || unit == "gb" || unit == "gib") factor = 1024.0 * 1024 * 1024;
  const double bytes = quantity->number * factor;
  if (factor == 0 || !(bytes <= most)) return expected("a number of bytes such as 65536 or 32MiB");
  return static_cast<std::int64_t>(bytes);
}

Result<milliseconds> parse_duration(std::string_view text) {
  constexpr double most = 1e12;  // 31 years in milliseconds
  const auto quantity = parse_quantity(trim(text));
  if (!quantity) return expected("a duration such as 15s, 500ms or 2m");
  double factor = 0;
  const std::string& unit = quantity->unit;
  if (unit == "ms") factor = 1;
  if (unit.empty() || unit == "s") factor = 1000;
  if (unit == "m" || unit == "min") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  const double count = quantity->number * factor;
  if (factor == 0 || !(count <= most)) return expected("a duration such as 15s, 500ms or 2m");
  return milliseconds(std::llround(count));
}

std::string format_duration(milliseconds value) {
  const auto count = value.count();
  if (count % 1000 != 0) return fmt::format("{}ms", count);
  return fmt::format("{}s", count / 1000);
}

std::vector<std::string> parse_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto comma = text.find_first_of(",\n");
    const std::string_view item = trim(text.substr(0, comma));
    if (!item.empty()) items.emplace_back(item);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return items;
}

Result<std::string> parse_url_text(std::string_view text) {
  std::string_view url = trim(text);
  const auto scheme_end = url.find("://");
  const std::string scheme = lower(url.substr(0, std::min(scheme_end, url.size())));
  if (scheme_end == std::string_view::npos || (scheme != "http" && scheme != "https")) {
    return expected("a URL that begins with http:// or https://");
  }
  const bool clean = std::ranges::all_of(url, [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("\"<>\\^`{|}?#").find(c) == std::string::npos;
  });
  if (!clean) return expected("a URL of scheme, host, port and path only");
  std::string_view rest = url.substr(scheme_end + 3);
  std::string_view authority = rest.substr(0, rest.find('/'));
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    authority.remove_prefix(at + 1);
  }
  std::string_view host = authority;
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    host = authority.substr(0, colon);
    auto port = parse_integer(authority.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) return expected("a URL with a port from 1 to 65535");
  }
  if (host.empty()) return expected("a URL with a host");
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

std::string mask_user_info(std::string_view url) {
  const auto scheme_end = url.find("://");
  const auto begin = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  const auto end = std::min(url.find('/', begin), url.size());
  const auto at = url.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < begin) return std::string(url);
  return std::string(url.substr(0, begin)) + "***" + std::string(url.substr(at));
}

Result<std::string> parse_address(std::string_view text) {
  std::string_view address = trim(text);
  if (lower(address) == "localhost") return std::string("127.0.0.1");
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  std::string name(address);
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  if (inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
      inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1) {
    return name;
  }
  return expected("an IP address such as 127.0.0.1, 0.0.0.0 or ::1");
}

bool is_loopback(std::string_view address) {
  const std::string name(address);
  in_addr v4{};
  if (inet_pton(AF_INET, name.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, name.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool is_placeholder(std::string_view text) {
  const std::string word = lower(trim(text));
  if (word.empty()) return false;
  for (std::string_view sign : {"your_", "your-", "changeme", "change_me", "placeholder"}) {
    if (word.find(sign) != std::string::npos) return true;
  }
  if (word.starts_with('<') && word.ends_with('>')) return true;
  // "xxx", "***", "...", also behind the prefix of a kind of key: "pat_xxxx", "sk-xxxx".
  const auto prefix = word.find_first_of("_-");
  const std::string_view rest = prefix == std::string::npos
                                    ? std::string_view(word)
                                    : std::string_view(word).substr(prefix + 1);
  return rest.size() >= 3 && rest.find_first_not_of("x*.") == std::string_view::npos;
}

}  // namespace dragoman::settings
