#pragma once
// The stored sign-in as a login that accounts can drive.
//
//   StoredLogin login(dir, make_oidc_send(client, settings), "profile arn or empty");
//   accounts::Account account(executor, login, ...);
//
// renew() holds the folder's lock, so that of several processes one asks the service and the others
// find its result. What the service gives is stored before it is returned; when it cannot be stored
// it is kept, and storing is tried again by the next renew(), for the old refresh token is spent.
// When the service refuses, the files are read once more: somebody may have signed in meanwhile.

#include <optional>
#include <string>

#include "backends/codewhisperer/signin.hpp"
#include "backends/login.hpp"

namespace dragoman::codewhisperer {

class StoredLogin : public backends::Login {
 public:
  // A profile given here is used in place of the one in the file.
  StoredLogin(StateDir dir, OidcSend send, std::string profile_arn,
              SignInClock clock = system_clock());

  std::uint64_t revision() override;
  Result<backends::Token> load() override;
  Awaitable<Result<backends::Token>> renew(backends::Token old) override;

 private:
  backends::Token to_token(const Tokens& tokens) const;
  bool is_alive(const Tokens& tokens) const;
  Result<backends::Token> store_renewed(Tokens tokens);
  Awaitable<Result<TokenAnswer>> refresh(const Registration& registration, const Tokens& tokens);

  StateDir dir_;
  OidcSend send_;
  std::string profile_arn_;
  SignInClock clock_;
  std::optional<Tokens> unsaved_;
};

}  // namespace dragoman::codewhisperer
