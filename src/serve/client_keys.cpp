#include "serve/client_keys.hpp"

namespace dragoman::serve {

bool ClientKeys::matches(std::string_view candidate) const {
  bool found = false;
  for (const Secret& key : keys_) found |= key.equals(candidate);
  return found;
}

bool ClientKeys::accept(const net::Headers& headers) const {
  if (keys_.empty()) return true;
  std::string_view bearer = headers.get("authorization");
  constexpr std::string_view scheme = "bearer ";
  const bool has_bearer = bearer.size() > scheme.size() &&
                          net::equals_ignoring_case(bearer.substr(0, scheme.size()), scheme);
  if (has_bearer) {
    bearer.remove_prefix(scheme.size());
    while (bearer.starts_with(' ')) bearer.remove_prefix(1);
    if (matches(bearer)) return true;
  }
  return matches(headers.get("x-api-key"));
}

}  // namespace dragoman::serve
