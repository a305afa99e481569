#pragma once
// The upstream logins of the gateway, shared by all its workers.
//
//   auto set = CredentialSet::make(home, settings, client_options, want_codewhisperer);
//   gateway.start(..., (*set)->sources(), ...);
//   ...
//   co_await (*set)->close();       // on home, after the gateway has drained
//
// CodeWhisperer: an API key when one is set, else the sign-in kept in the state directory, which
// may come into being while the program runs. Coze: a token.

#include <functional>
#include <memory>

#include "accounts/account.hpp"
#include "backends/credential.hpp"
#include "daemon/health.hpp"
#include "daemon/lane.hpp"
#include "net/client.hpp"
#include "settings/settings.hpp"

namespace dragoman::daemon {

// Whether these settings and the files in the state directory name an upstream at all.
bool has_upstream(const settings::Settings& settings, bool codewhisperer_configured);

class CredentialSet {
 public:
  static Result<std::unique_ptr<CredentialSet>> make(net::Worker& home,
                                                     const settings::Settings& settings,
                                                     const net::ClientOptions& client_options,
                                                     bool want_codewhisperer);

  Credentials sources() const;
  std::function<SignInStatus()> sign_in_status() const;
  Awaitable<void> close();
};

}  // namespace dragoman::daemon
