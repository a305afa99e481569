#include "serve/cors.hpp"

#include <algorithm>

namespace dragoman::serve {

Cors::Cors(bool enabled, std::vector<std::string> origins)
    : enabled_(enabled),
      any_(std::find(origins.begin(), origins.end(), "*") != origins.end()),
      origins_(std::move(origins)) {}

bool Cors::add_origin(std::string_view origin, net::HeaderBlock& head) const {
  if (any_) return head.add("access-control-allow-origin", "*");
  head.add("vary", "origin");
  const bool listed = std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
  if (!listed) return false;
  head.add("access-control-allow-origin", origin);
  return head.add("access-control-allow-credentials", "true");
}

void Cors::add_headers(std::string_view origin, net::HeaderBlock& head) const {
  if (!enabled_ || !add_origin(origin, head)) return;
  head.add("access-control-expose-headers",
           "x-request-id, retry-after, retry-after-ms, x-should-retry, x-dragoman-upstream, "
           "x-dragoman-attempts, x-dragoman-transforms, x-dragoman-upstream-request-id, "
           "x-dragoman-upstream-conversation-id, x-dragoman-upstream-turn-id");
}

void Cors::add_preflight_headers(const net::Headers& request, net::HeaderBlock& head) const {
  if (!add_origin(request.get("origin"), head)) return;
  head.add("access-control-allow-methods", "GET,HEAD,PUT,PATCH,POST,DELETE");
  // Clients send headers of their own (x-stainless-*, for instance): what is asked for is allowed.
  const auto asked = request.get("access-control-request-headers");
  if (!asked.empty()) head.add("access-control-allow-headers", asked);
  head.add("access-control-max-age", "600");
  if (any_) head.add("vary", "access-control-request-headers");
}

}  // namespace dragoman::serve
