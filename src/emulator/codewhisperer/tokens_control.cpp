// The control routes and the state of the sign-in service.

#include "emulator/codewhisperer/tokens.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

using json::Reader;
using std::chrono::seconds;

Result<std::int64_t> count_of(const Reader& value, std::int64_t low) {
  constexpr std::int64_t most = 1'000'000'000;
  auto number = value.integer();
  if (!number) return number.error();
  if (*number < low || *number > most)
    return value.error("must be between " + std::to_string(low) + " and " + std::to_string(most));
  return *number;
}

std::string ok() { return R"({"ok":true})"; }

}  // namespace

Result<std::string> TokenService::control_tokens(const Reader& in) {
  auto object = in.object();
  if (!object) return object.error();
  bool issue_login = false;
  for (auto [key, value] : *object) {
    if (key == "access_ttl_s" || key == "refresh_ttl_s" || key == "client_ttl_s" ||
        key == "tolerate_reuse") {
      auto count = count_of(value, 0);
      if (!count) return count.error();
      if (key == "access_ttl_s") options_.access_ttl = seconds(*count);
      if (key == "refresh_ttl_s") options_.refresh_ttl = seconds(*count);
      if (key == "client_ttl_s") options_.client_ttl = seconds(*count);
      if (key == "tolerate_reuse") options_.tolerate_reuse = static_cast<int>(*count);
    } else if (key == "expire_access" || key == "revoke_refresh" || key == "expire_clients" ||
               key == "revoke_on_reuse" || key == "issue") {
      auto on = value.boolean();
      if (!on) return on.error();
      if (key == "revoke_on_reuse") options_.revoke_on_reuse = *on;
      if (key == "issue") issue_login = *on;
      if (!*on) continue;
      if (key == "expire_access")
        for (auto& [token, entry] : access_) entry.expires = time_point();
      if (key == "revoke_refresh")
        for (auto& [token, entry] : refresh_) entry.revoked = true;
      if (key == "expire_clients")
        for (auto& [id, client] : clients_) client.expires = time_point();
    } else {
      return value.error("is not a member of tokens");
    }
  }
  if (!issue_login) return ok();

  // A login without the device flow, for tests of what comes after it.
  const std::string client_id = make_client();
  const Client& client = clients_.find(client_id)->second;
  const OidcAnswer issued = issue(client_id, next_login_++);
  std::string text =
      R"({"clientId":")" + client_id + R"(","clientSecret":")" + client.secret +
      R"(","clientSecretExpiresAt":)" +
      std::to_string(
          std::chrono::duration_cast<seconds>(client.expires.time_since_epoch()).count()) +
      ",";
  return text + issued.body.substr(1);
}

Result<std::string> TokenService::control_device(const Reader& in) {
  auto object = in.object();
  if (!object) return object.error();
  TokenOptions next = options_;
  for (auto [key, value] : *object) {
    if (key == "pending" || key == "slow_down" || key == "interval_s" || key == "expires_in_s") {
      auto count = count_of(value, key == "expires_in_s" ? 1 : 0);
      if (!count) return count.error();
      if (key == "pending") next.pending = static_cast<int>(*count);
      if (key == "slow_down") next.slow_down = static_cast<int>(*count);
      if (key == "interval_s") next.interval_s = static_cast<int>(*count);
      if (key == "expires_in_s") next.device_ttl = seconds(*count);
    } else if (key == "check_interval") {
      auto on = value.boolean();
      if (!on) return on.error();
      next.check_interval = *on;
    } else if (key == "outcome") {
      auto word = value.string();
      if (!word) return word.error();
      if (*word == "approve") {
        next.outcome = Outcome::approve;
      } else if (*word == "deny") {
        next.outcome = Outcome::deny;
      } else if (*word == "expire") {
        next.outcome = Outcome::expire;
      } else {
        return value.error("must be approve, deny or expire");
      }
    } else {
      return value.error("is not a member of device");
    }
  }
  options_ = next;
  // Sign-ins under way follow too: a test may decide after it saw the code.
  for (auto& [code, device] : devices_) {
    if (device.used) continue;
    if (in.find("pending")) device.pending = next.pending;
    if (in.find("slow_down")) device.slow_down = next.slow_down;
    if (in.find("outcome")) device.outcome = next.outcome;
  }
  return ok();
}

void TokenService::write_state(json::Writer& out) const {
  std::uint64_t valid = 0;
  for (const auto& [token, entry] : access_)
    if (entry.expires > clock_.now()) ++valid;
  out.key("tokens").begin_object();
  out.key("clients").number(clients_.size()).key("devices").number(devices_.size());
  out.key("polls").number(polls_).key("logins").number(logins_);
  out.key("refreshes").number(refreshes_);
  out.key("reuse_attempts").number(reuse_attempts_);
  out.key("reuses_tolerated").number(reuses_tolerated_);
  out.key("valid_access_tokens").number(valid).end_object();
}

}  // namespace dragoman::emulator::codewhisperer
