#include "backends/credential.hpp"

namespace dragoman::backends {

FixedCredential::FixedCredential(Credential credential)
    : credential_(std::make_shared<const Credential>(std::move(credential))) {}

Awaitable<Result<CredentialPtr>> FixedCredential::get() { co_return credential_; }

Awaitable<Result<CredentialPtr>> FixedCredential::renew(CredentialPtr) {
  co_return Error(ErrorKind::upstream_unauthorized,
                  "the upstream refused the configured key; it may have expired or been revoked");
}

}  // namespace dragoman::backends
