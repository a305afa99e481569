#pragma once
// Signing in with AWS Builder ID or an organisation's start URL: the device flow.
//
//   OidcSend send = make_oidc_send(client, settings.codewhisperer);       // signin_http.hpp
//   SignInOptions options{.start_url = ..., .region = ...};
//   auto signed_in = co_await sign_in(send, dir, std::move(options), show);
//
// sign_in() registers this program with the service (a registration that is stored is used until it
// expires or is refused), starts an authorization, hands address and code to `show`, and asks for
// the token until the user has approved, refused, or let the code expire. Then registration and
// tokens are stored; nothing is stored before, so a sign-in that fails leaves an older one alone.
//
// Failures of the network are waited out while the code lives. Errors: forbidden (refused),
// signed_out (expired), internal (not stored), and those of the network.

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "backends/codewhisperer/oidc.hpp"
#include "backends/codewhisperer/token_file.hpp"
#include "backends/codewhisperer/token_file_dir.hpp"
#include "base/awaitable.hpp"

namespace dragoman::codewhisperer {

inline constexpr std::string_view client_name = "dragoman";

// completions, analysis and conversations: what chats need.
std::vector<std::string> default_scopes();

struct OidcCall {
  std::string_view path;  // one of oidc.hpp
  std::string body;
  std::string region;  // of the login; empty: the configured one
};

struct OidcReply {
  int status = 0;
  std::string body;
};

// One exchange with the service, with deadlines of its own.
using OidcSend = std::function<Awaitable<Result<OidcReply>>(OidcCall)>;

// Time, as sign-ins see it.
struct SignInClock {
  std::function<WallTime()> now = std::chrono::system_clock::now;
  // Completes after the time, or at once when the coroutine is cancelled.
  std::function<Awaitable<void>(std::chrono::milliseconds)> wait;
};
SignInClock system_clock();

struct SignInOptions {
  std::string start_url = "https://view.awsapps.com/start";
  std::string region = "us-east-1";
  std::vector<std::string> scopes = default_scopes();
  SignInClock clock = system_clock();
};

// What the user must see. Holds no secret: the device code stays here.
struct DevicePrompt {
  std::string user_code;
  std::string verification_uri;
  std::string verification_uri_complete;  // may be empty
  std::chrono::seconds expires_in{};
};

Awaitable<Result<Tokens>> sign_in(OidcSend send, StateDir& dir, SignInOptions options,
                                  std::function<void(const DevicePrompt&)> show);

// Locks the folder, waiting for another holder up to 10 s. Errors: conflict, internal.
Awaitable<Result<DirLock>> lock(StateDir& dir, SignInClock clock);

// What is stored. Errors: signed_out (nothing, damaged, or not readable).
Result<Tokens> load_tokens(const StateDir& dir);
Result<Registration> load_registration(const StateDir& dir);

}  // namespace dragoman::codewhisperer
