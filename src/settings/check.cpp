#include "settings/check.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "settings/values.hpp"

namespace dragoman::settings {
namespace {

// Goes into a header: one visible ASCII word.
bool is_header_word(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_region(std::string_view text) {
  constexpr std::size_t longest = 32;
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

void check_secret(const Secret& secret, std::string_view name, Loaded& loaded) {
  if (is_header_word(secret.reveal())) return;
  loaded.errors.push_back(fmt::format("{}: expected visible ASCII characters only", name));
}

void check_server(Loaded& loaded) {
  Server& server = loaded.settings.server;
  for (const Secret& key : server.api_keys) {
    if (is_placeholder(key.reveal())) {
      // Never ignored: without keys anyone may call.
      loaded.errors.emplace_back("DRAGOMAN_API_KEYS: a key is a template's placeholder");
    }
    check_secret(key, "DRAGOMAN_API_KEYS", loaded);
  }
  if (!is_loopback(server.host) && server.api_keys.empty() && !server.allow_anyone) {
    loaded.errors.push_back(fmt::format(
        "DRAGOMAN_HOST: {} can be reached by other machines and there are no client keys: set "
        "DRAGOMAN_API_KEYS, or DRAGOMAN_ALLOW_ANYONE=true to let anyone call",
        server.host));
  }
  if (server.allowed_origins.empty()) server.allowed_origins = {"*"};
  for (std::string& origin : server.allowed_origins) {
    while (origin.ends_with('/')) origin.pop_back();
    if (origin.empty() || !is_header_word(origin)) {
      loaded.errors.emplace_back(
          "ALLOWED_ORIGINS: expected * or origins such as https://app.example.com");
      break;
    }
  }
}

void check_codewhisperer(Loaded& loaded) {
  Codewhisperer& service = loaded.settings.codewhisperer;
  check_secret(service.api_key, "CODEWHISPERER_API_KEY", loaded);
  if (!is_region(service.region)) {
    loaded.errors.emplace_back("CODEWHISPERER_REGION: expected a region such as us-east-1");
    return;
  }
  if (!loaded.origins.contains("codewhisperer.endpoint")) {
    service.endpoint = fmt::format("https://q.{}.amazonaws.com", service.region);
  }
  if (!loaded.origins.contains("codewhisperer.oidc_endpoint")) {
    service.oidc_endpoint = fmt::format("https://oidc.{}.amazonaws.com", service.region);
  }
}

void check_coze(Loaded& loaded) {
  const Coze& coze = loaded.settings.coze;
  check_secret(coze.api_key, "COZE_API_KEY", loaded);
  if (coze.jwt_app_id.empty() && coze.jwt_key_id.empty() && coze.jwt_private_key.empty()) return;
  std::string warning = "COZE_JWT_*: JWT sign-in is not offered by this version; ";
  warning += coze.api_key.empty() ? "set COZE_API_KEY to use Coze" : "COZE_API_KEY is used";
  loaded.warnings.push_back(std::move(warning));
}

void fill_state_dir(const Environment& environment, Loaded& loaded) {
  std::string& dir = loaded.settings.server.state_dir;
  const auto home = environment.find("HOME");
  const std::string home_dir = home == environment.end() ? "" : home->second;
  if (dir.empty()) dir = "~/.codewhisperer-proxy";
  if (!dir.starts_with("~/")) return;
  if (home_dir.empty()) {
    loaded.warnings.emplace_back(
        "DRAGOMAN_STATE_DIR: there is no home folder; set it to keep a sign-in");
    dir.clear();
    return;
  }
  dir = home_dir + dir.substr(1);
}

}  // namespace

void check(const Environment& environment, Loaded& loaded) {
  check_server(loaded);
  check_codewhisperer(loaded);
  check_coze(loaded);
  fill_state_dir(environment, loaded);
  if (!std::ranges::all_of(loaded.settings.network.user_agent,
                           [](char c) { return c >= ' ' && c < 0x7f; })) {
    loaded.errors.emplace_back("DRAGOMAN_USER_AGENT: expected visible ASCII characters only");
  }
}

}  // namespace dragoman::settings
