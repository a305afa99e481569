#include "daemon/credential_set.hpp"

#include <filesystem>

#include "backends/codewhisperer/signin_http.hpp"
#include "telemetry/log.hpp"

namespace dragoman::daemon {
namespace {

backends::Credential fixed(backends::Credential::Kind kind, const Secret& token,
                           const std::string& profile_arn) {
  backends::Credential credential;
  credential.kind = kind;
  credential.token = token;
  credential.profile_arn = profile_arn;
  return credential;
}

void log_renewal(accounts::RenewalOutcome outcome, const Error* error) {
  const std::string_view message = error != nullptr ? std::string_view(error->message) : "";
  const std::string_view detail = error != nullptr ? std::string_view(error->detail) : "";
  switch (outcome) {
    case accounts::RenewalOutcome::renewed: log::info("the sign-in was renewed"); return;
    case accounts::RenewalOutcome::failed:
      log::warn("the sign-in could not be renewed", {{"error", message}, {"detail", detail}});
      return;
    case accounts::RenewalOutcome::ended:
      log::error("the sign-in has ended", {{"error", message}, {"detail", detail}});
      return;
  }
}

}  // namespace

bool has_upstream(const settings::Settings& settings, bool codewhisperer_configured) {
  if (!settings.coze.api_key.empty()) return true;
  if (!settings.codewhisperer.enabled) return false;
  if (codewhisperer_configured || !settings.codewhisperer.api_key.empty()) return true;
  std::error_code ec;
  return std::filesystem::exists(
      std::filesystem::path(settings.server.state_dir) / codewhisperer::tokens_file, ec);
}

Result<std::unique_ptr<CredentialSet>> CredentialSet::make(net::Worker& home,
                                                           const settings::Settings& settings,
                                                           const net::ClientOptions& client_options,
                                                           bool want_codewhisperer) {
  std::unique_ptr<CredentialSet> set(new CredentialSet(home, client_options));
  using Kind = backends::Credential::Kind;
  if (!settings.coze.api_key.empty()) {
    set->coze_ =
        std::make_unique<backends::FixedCredential>(fixed(Kind::bearer, settings.coze.api_key, {}));
  }
  const settings::Codewhisperer& codewhisperer = settings.codewhisperer;
  const bool alone = set->coze_ == nullptr;
  if (!codewhisperer.enabled) {
    if (!alone) return set;
    return Error(ErrorKind::bad_request,
                 "no upstream is left: CodeWhisperer is switched off and COZE_API_KEY is not set");
  }
  if (!codewhisperer.api_key.empty()) {
    set->codewhisperer_key_ = std::make_unique<backends::FixedCredential>(
        fixed(Kind::api_key, codewhisperer.api_key, codewhisperer.profile_arn));
    return set;
  }
  codewhisperer::StateDir dir(settings.server.state_dir);
  const bool has_login = dir.revision(codewhisperer::tokens_file) != 0;
  if (!want_codewhisperer && !has_login && !alone) return set;

  auto send = codewhisperer::make_oidc_send(set->client_, codewhisperer);
  set->login_ = std::make_unique<codewhisperer::StoredLogin>(std::move(dir), std::move(send),
                                                             codewhisperer.profile_arn);
  accounts::AccountOptions options;
  options.on_renewal = log_renewal;
  set->account_ =
      std::make_unique<accounts::Account>(home.executor(), *set->login_, std::move(options));
  set->account_->start();
  return set;
}

Credentials CredentialSet::sources() const {
  Credentials sources;
  sources.coze = coze_.get();
  sources.codewhisperer = codewhisperer_key_.get();
  if (account_) sources.codewhisperer = account_.get();
  return sources;
}

std::function<SignInStatus()> CredentialSet::sign_in_status() const {
  if (codewhisperer_key_) return [] { return SignInStatus{"api_key", std::nullopt, {}}; };
  if (!account_) return {};
  return [account = account_.get()] {
    const accounts::AccountStatus status = account->status();
    SignInStatus shown{std::string(to_string(status.state)), std::nullopt, status.last_error};
    if (status.signed_in) shown.expires_at = status.expires_at;
    return shown;
  };
}

Awaitable<void> CredentialSet::close() {
  if (account_) co_await account_->close();
}

}  // namespace dragoman::daemon
