#pragma once
// What proves to an upstream who calls: a value, swapped as a whole when it is renewed.

#include <chrono>
#include <memory>
#include <string>

#include "base/awaitable.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace dragoman::backends {

struct Credential {
  enum class Kind { bearer, api_key };
  Kind kind = Kind::bearer;
  Secret token;
  std::string profile_arn;       // CodeWhisperer only
  std::uint64_t generation = 0;  // grows with each renewal: tells a stale token from a fresh one
};

using CredentialPtr = std::shared_ptr<const Credential>;

// Hands out a credential that is good now. Called on any worker's thread; waits when a renewal is
// under way. Implemented by accounts::Account, and by the fixed ones (API key, PAT) below.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;

  // Errors: signed_out ("run dragoman login"), upstream_unreachable and the like when a token that
  // is needed could not be renewed.
  virtual Awaitable<Result<CredentialPtr>> get() = 0;

  // The upstream refused this credential. Returns a newer one (renewed, or by somebody else
  // meanwhile), or an error when there is none: then the refusal stands.
  virtual Awaitable<Result<CredentialPtr>> renew(CredentialPtr refused) = 0;
};

// A credential that never changes: an API key, a personal access token.
class FixedCredential : public CredentialSource {
 public:
  explicit FixedCredential(Credential credential);
  Awaitable<Result<CredentialPtr>> get() override;
  Awaitable<Result<CredentialPtr>> renew(CredentialPtr refused) override;

 private:
  CredentialPtr credential_;
};

}  // namespace dragoman::backends
