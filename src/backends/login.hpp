#pragma once
// A login of an upstream that is kept somewhere and renewed there: what accounts::Account drives.
//
// Implemented by codewhisperer::StoredLogin (files and the OIDC service) and by fakes in tests.
// Used on one thread only.

#include <chrono>
#include <cstdint>
#include <string>

#include "base/awaitable.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace dragoman::backends {

struct Token {
  Secret access;
  // time_point::max() when it is not known to end.
  std::chrono::system_clock::time_point expires_at = std::chrono::system_clock::time_point::max();
  bool renewable = false;
  std::string profile_arn;
};

class Login {
 public:
  virtual ~Login() = default;

  // Changes when what is stored changes, whoever stored it; 0 when nothing is. Costs one stat().
  virtual std::uint64_t revision() = 0;

  // What is stored now. Errors: signed_out (nothing, or damaged).
  virtual Result<Token> load() = 0;

  // Exchanges a token that is refused or about to end for another, which is stored before it is
  // returned; or returns what somebody else has stored meanwhile. Ends by its own deadlines.
  // Errors: signed_out is final; any other is passing, and what is stored is as good as before.
  virtual Awaitable<Result<Token>> renew(Token old) = 0;
};

}  // namespace dragoman::backends
