#include "emulator/codewhisperer/tokens.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "base/ids.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

using json::Reader;
using std::chrono::seconds;

struct ErrorWord {
  std::string_view word;
  std::string_view type;
  int status;
};

constexpr std::array<ErrorWord, 11> error_words{{
    {"authorization_pending", "AuthorizationPendingException", 400},
    {"slow_down", "SlowDownException", 400},
    {"expired_token", "ExpiredTokenException", 400},
    {"access_denied", "AccessDeniedException", 400},
    {"invalid_grant", "InvalidGrantException", 400},
    {"invalid_client", "InvalidClientException", 401},
    {"invalid_request", "InvalidRequestException", 400},
    {"unauthorized_client", "UnauthorizedClientException", 400},
    {"unsupported_grant_type", "UnsupportedGrantTypeException", 400},
    {"invalid_scope", "InvalidScopeException", 400},
    {"invalid_client_metadata", "InvalidClientMetadataException", 400},
}};

OidcAnswer refuse(std::string_view word, std::string_view description = {}) {
  return refuse_oidc(word, description);
}

// Empty when absent or not a string.
std::string text_at(const Reader& in, std::string_view key) {
  auto text = in.optional_string(key);
  return text && *text ? std::string(**text) : std::string();
}

std::int64_t epoch_s(Clock::time_point when) {
  return std::chrono::duration_cast<seconds>(when.time_since_epoch()).count();
}

template <class Map>
void make_room(Map& map) {
  if (map.size() >= TokenService::max_entries) map.erase(map.begin());
}

// "ABCD-EFGH", of letters only.
std::string make_user_code() {
  std::string letters = make_id("", 8);
  std::string code;
  for (const char c : letters) {
    if (code.size() == 4) code.push_back('-');
    code.push_back(static_cast<char>('A' + static_cast<unsigned char>(c) % 26));
  }
  return code;
}

constexpr std::string_view device_grant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr std::array<std::string_view, 5> known_scopes{
    "codewhisperer:completions", "codewhisperer:analysis", "codewhisperer:conversations",
    "codewhisperer:taskassist", "codewhisperer:transformations"};

}  // namespace

OidcAnswer refuse_oidc(std::string_view word, std::string_view description) {
  const auto* found = std::ranges::find(error_words, word, &ErrorWord::word);
  assert(found != error_words.end());
  OidcAnswer answer;
  answer.status = found->status;
  answer.error_type = found->type;
  json::Writer out(answer.body);
  out.begin_object().key("error").string(word);
  if (!description.empty()) out.key("error_description").string(description);
  out.end_object();
  return answer;
}

TokenService::TokenService(TokenOptions options, const Clock& clock)
    : initial_(options), options_(options), clock_(clock) {}

std::string TokenService::make_client() {
  make_room(clients_);
  std::string id = make_id("", 22);
  // The service's secrets are long tokens of three parts.
  Client client{make_id("eyJ", 80) + "." + make_id("", 200) + "." + make_id("", 86),
                clock_.now() + options_.client_ttl};
  clients_.insert_or_assign(id, std::move(client));
  return id;
}

OidcAnswer TokenService::register_client(std::string_view body) {
  auto document = json::Document::parse(body);
  if (!document || document->root().kind() != Reader::Kind::object)
    return refuse("invalid_request", "the body is not a JSON object");
  const Reader root = document->root();
  if (text_at(root, "clientName").empty() || text_at(root, "clientType").empty())
    return refuse("invalid_request", "clientName and clientType are required");
  if (text_at(root, "clientType") != "public")
    return refuse("invalid_client_metadata", "clientType must be public");
  if (auto scopes = root.find("scopes")) {
    auto list = scopes->array();
    if (!list) return refuse("invalid_request", "scopes must be a list");
    for (Reader scope : *list) {
      auto word = scope.string();
      if (!word || std::ranges::find(known_scopes, *word) == known_scopes.end())
        return refuse("invalid_scope", "unknown scope");
    }
  }
  const std::string id = make_client();
  const Client& client = clients_.find(id)->second;
  OidcAnswer answer;
  json::Writer out(answer.body);
  out.begin_object().key("clientId").string(id).key("clientSecret").string(client.secret);
  out.key("clientIdIssuedAt").number(clock_.now_s());
  out.key("clientSecretExpiresAt").number(epoch_s(client.expires));
  out.key("authorizationEndpoint").null().key("tokenEndpoint").null().end_object();
  return answer;
}

// nullopt: the client is known, and its secret is right and not too old.
std::optional<OidcAnswer> TokenService::check_client(const Reader& in) const {
  const std::string id = text_at(in, "clientId");
  const std::string secret = text_at(in, "clientSecret");
  if (id.empty() || secret.empty())
    return refuse("invalid_request", "clientId and clientSecret are required");
  const auto found = clients_.find(id);
  if (found == clients_.end() || found->second.secret != secret)
    return refuse("invalid_client", "Invalid client provided");
  if (found->second.expires <= clock_.now())
    return refuse("invalid_client", "The client registration has expired");
  return std::nullopt;
}

OidcAnswer TokenService::start_device(std::string_view body, std::string_view base_url) {
  auto document = json::Document::parse(body);
  if (!document || document->root().kind() != Reader::Kind::object)
    return refuse("invalid_request", "the body is not a JSON object");
  const Reader root = document->root();
  if (auto wrong = check_client(root)) return *wrong;
  const std::string start_url = text_at(root, "startUrl");
  if (!start_url.starts_with("https://") && !start_url.starts_with("http://"))
    return refuse("invalid_request", "Invalid startUrl provided");

  make_room(devices_);
  Device device;
  device.client_id = text_at(root, "clientId");
  device.user_code = make_user_code();
  device.expires = clock_.now() + options_.device_ttl;
  device.pending = options_.pending;
  device.slow_down = options_.slow_down;
  device.outcome = options_.outcome;
  const std::string code = make_id("", 43);
  const std::string page = std::string(base_url) + "/device";

  OidcAnswer answer;
  json::Writer out(answer.body);
  out.begin_object().key("deviceCode").string(code).key("userCode").string(device.user_code);
  out.key("verificationUri").string(page);
  out.key("verificationUriComplete").string(page + "?user_code=" + device.user_code);
  out.key("expiresIn").number(options_.device_ttl.count());
  out.key("interval").number(options_.interval_s).end_object();
  devices_.insert_or_assign(code, std::move(device));
  return answer;
}

OidcAnswer TokenService::create_token(std::string_view body) {
  auto document = json::Document::parse(body);
  if (!document || document->root().kind() != Reader::Kind::object)
    return refuse("invalid_request", "the body is not a JSON object");
  const Reader root = document->root();
  const std::string grant = text_at(root, "grantType");
  if (grant.empty()) return refuse("invalid_request", "grantType is required");
  if (auto wrong = check_client(root)) return *wrong;
  if (grant == device_grant) return poll_device(root);
  if (grant == "refresh_token") return refresh(root);
  return refuse("unsupported_grant_type", "Unsupported grant type");
}

OidcAnswer TokenService::poll_device(const Reader& in) {
  ++polls_;
  const std::string code = text_at(in, "deviceCode");
  if (code.empty()) return refuse("invalid_request", "deviceCode is required");
  auto found = devices_.find(code);
  if (found == devices_.end() || found->second.used ||
      found->second.client_id != text_at(in, "clientId"))
    return refuse("invalid_grant", "Invalid device code provided");
  Device& device = found->second;
  const auto now = clock_.now();
  if (device.expires <= now) return refuse("expired_token", "Device code is expired");
  const bool too_soon = options_.check_interval && device.last_poll &&
                        now - *device.last_poll < seconds(options_.interval_s);
  device.last_poll = now;
  if (too_soon) return refuse("slow_down");
  if (device.pending > 0) {
    --device.pending;
    return refuse("authorization_pending");
  }
  if (device.slow_down > 0) {
    --device.slow_down;
    return refuse("slow_down");
  }
  switch (device.outcome) {
    case Outcome::deny: return refuse("access_denied");
    case Outcome::expire: return refuse("expired_token", "Device code is expired");
    case Outcome::approve: break;
  }
  device.used = true;
  ++logins_;
  return issue(device.client_id, next_login_++);
}

OidcAnswer TokenService::refresh(const Reader& in) {
  const std::string token = text_at(in, "refreshToken");
  if (token.empty()) return refuse("invalid_request", "refreshToken is required");
  constexpr std::string_view dead = "Invalid refresh token provided";
  auto found = refresh_.find(token);
  if (found == refresh_.end() || found->second.client_id != text_at(in, "clientId"))
    return refuse("invalid_grant", dead);
  Refresh& entry = found->second;
  if (entry.revoked || entry.expires <= clock_.now()) return refuse("invalid_grant", dead);
  if (entry.used) {
    ++reuse_attempts_;
    if (entry.reuses >= options_.tolerate_reuse) {
      if (options_.revoke_on_reuse) end_login(entry.login);
      return refuse("invalid_grant", dead);
    }
    ++entry.reuses;
    ++reuses_tolerated_;
  }
  entry.used = true;
  ++refreshes_;
  return issue(entry.client_id, entry.login);
}

OidcAnswer TokenService::issue(std::string client_id, std::uint64_t login) {
  make_room(access_);
  make_room(refresh_);
  const auto now = clock_.now();
  // As long as real ones: whoever stores or shows them should not be surprised later.
  std::string access = make_id("aoaEmulator", 180);
  std::string refresh = make_id("aorEmulator", 180);
  access_.insert_or_assign(access, Access{now + options_.access_ttl, login});
  refresh_.insert_or_assign(refresh,
                            Refresh{std::move(client_id), now + options_.refresh_ttl, login});
  OidcAnswer answer;
  json::Writer out(answer.body);
  out.begin_object().key("accessToken").string(access).key("tokenType").string("Bearer");
  out.key("expiresIn").number(options_.access_ttl.count());
  out.key("refreshToken").string(refresh).key("idToken").null().end_object();
  return answer;
}

void TokenService::end_login(std::uint64_t login) {
  for (auto& [token, entry] : refresh_)
    if (entry.login == login) entry.revoked = true;
  for (auto& [token, entry] : access_)
    if (entry.login == login) entry.expires = time_point();
}

bool TokenService::approve(std::string_view user_code) {
  for (auto& [code, device] : devices_) {
    if (device.user_code != user_code || device.used || device.expires <= clock_.now()) continue;
    device.pending = 0;
    device.slow_down = 0;
    device.outcome = Outcome::approve;
    return true;
  }
  return false;
}

Bearer TokenService::judge(std::string_view access_token) const {
  const auto found = access_.find(access_token);
  if (found == access_.end()) return Bearer::unknown;
  return found->second.expires <= clock_.now() ? Bearer::expired : Bearer::valid;
}

void TokenService::reset() {
  options_ = initial_;
  logins_ = polls_ = refreshes_ = reuse_attempts_ = reuses_tolerated_ = 0;
}

}  // namespace dragoman::emulator::codewhisperer
