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
#include "backends/codewhisperer/signin_login.hpp"
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
  // Must be made and closed on home's thread (or before it runs). Errors: bad_request when every
  // upstream is switched off.
  static Result<std::unique_ptr<CredentialSet>> make(net::Worker& home,
                                                     const settings::Settings& settings,
                                                     const net::ClientOptions& client_options,
                                                     bool want_codewhisperer);

  Credentials sources() const;
  // Empty when CodeWhisperer is off.
  std::function<SignInStatus()> sign_in_status() const;
  // Waits for a renewal that is under way: its result must be stored.
  Awaitable<void> close();

 private:
  CredentialSet(net::Worker& home, const net::ClientOptions& options) : client_(home, options) {}

  net::Client client_;  // for the sign-in service, on home
  std::unique_ptr<backends::FixedCredential> coze_;
  std::unique_ptr<backends::FixedCredential> codewhisperer_key_;
  std::unique_ptr<codewhisperer::StoredLogin> login_;
  std::unique_ptr<accounts::Account> account_;
};

}  // namespace dragoman::daemon
