#pragma once
// The body of GET /health: what both older gateways put there, and the state of the sign-in.
//
// "status" is always "ok": it says that the program runs, not that its upstreams do. No secret, no
// path and no upstream address is in it, since the route is open.

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "settings/settings.hpp"

namespace dragoman::daemon {

struct SignInStatus {
  std::string state;  // "ready", "failing", "signed_out" (accounts::to_string), "api_key"
  std::optional<std::chrono::system_clock::time_point> expires_at;
  std::string problem;  // why there is no usable login, or why the last renewal failed
};

// sign_in may be empty when CodeWhisperer is off. Safe on any thread when sign_in is.
std::function<std::string()> make_health(const settings::Settings& settings,
                                         std::function<SignInStatus()> sign_in, bool demo);

}  // namespace dragoman::daemon
