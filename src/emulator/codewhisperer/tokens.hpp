#pragma once
// The sign-in service: registrations, device codes, access and refresh tokens. Pure but for random
// names; time comes from the Clock.
//
//   TokenService tokens(options, clock);
//   OidcAnswer answer = tokens.register_client(body);
//   ...
//   if (tokens.judge(bearer) != Bearer::valid) ...
//
// Refresh tokens rotate: each is good once, and using it again is invalid_grant. Belongs to one
// thread; the clock must outlive it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "emulator/clock.hpp"
#include "json/reader.hpp"
#include "json/writer.hpp"

namespace dragoman::emulator::codewhisperer {

enum class Outcome { approve, deny, expire };

struct TokenOptions {
  std::chrono::seconds access_ttl{28'800};
  std::chrono::seconds refresh_ttl{90 * 24 * 3600};
  std::chrono::seconds client_ttl{90 * 24 * 3600};
  std::chrono::seconds device_ttl{600};
  int interval_s = 1;           // what the client is told to wait between polls
  bool check_interval = false;  // a poll that comes sooner gets slow_down
  int pending = 1;              // polls answered authorization_pending
  int slow_down = 0;            // polls answered slow_down after those
  Outcome outcome = Outcome::approve;
  // How often a refresh token that was used already is accepted once more: a client that crashed
  // between the answer and writing it down.
  int tolerate_reuse = 0;
  bool revoke_on_reuse = false;  // a refused reuse ends the whole login
};

struct OidcAnswer {
  int status = 200;
  std::string error_type;  // for x-amzn-errortype; empty: success
  std::string body;
};

// `word` is one of the error codes of this service: "invalid_request", ...
OidcAnswer refuse_oidc(std::string_view word, std::string_view description = {});

enum class Bearer { valid, expired, unknown };

class TokenService {
 public:
  static constexpr std::size_t max_entries = 10'000;  // of each kind; then old ones are forgotten

  TokenService(TokenOptions options, const Clock& clock);

  OidcAnswer register_client(std::string_view body);
  // base_url: where the user's browser finds this service.
  OidcAnswer start_device(std::string_view body, std::string_view base_url);
  OidcAnswer create_token(std::string_view body);

  // The user opened the page and agreed. False: no such code, or it is over.
  bool approve(std::string_view user_code);

  Bearer judge(std::string_view access_token) const;

  // POST /_emulator/tokens and /device. The value is the JSON of the answer.
  Result<std::string> control_tokens(const json::Reader& in);
  Result<std::string> control_device(const json::Reader& in);
  // Appends the member "tokens".
  void write_state(json::Writer& out) const;
  // Options as at the start and counters at 0; forgets nobody's login.
  void reset();

 private:
  using time_point = Clock::time_point;
  struct Client {
    std::string secret;
    time_point expires;
  };
  struct Device {
    std::string client_id;
    std::string user_code;
    time_point expires;
    std::optional<time_point> last_poll;
    int pending = 0;
    int slow_down = 0;
    Outcome outcome = Outcome::approve;
    bool used = false;
  };
  struct Access {
    time_point expires;
    std::uint64_t login = 0;
  };
  struct Refresh {
    std::string client_id;
    time_point expires;
    std::uint64_t login = 0;
    bool used = false;
    bool revoked = false;
    int reuses = 0;
  };

  std::optional<OidcAnswer> check_client(const json::Reader& in) const;
  OidcAnswer poll_device(const json::Reader& in);
  OidcAnswer refresh(const json::Reader& in);
  OidcAnswer issue(std::string client_id, std::uint64_t login);
  std::string make_client();
  void end_login(std::uint64_t login);

  const TokenOptions initial_;
  TokenOptions options_;
  const Clock& clock_;
  std::map<std::string, Client, std::less<>> clients_;
  std::map<std::string, Device, std::less<>> devices_;
  std::map<std::string, Access, std::less<>> access_;
  std::map<std::string, Refresh, std::less<>> refresh_;
  std::uint64_t next_login_ = 1;
  std::uint64_t logins_ = 0;
  std::uint64_t polls_ = 0;
  std::uint64_t refreshes_ = 0;
  std::uint64_t reuse_attempts_ = 0;
  std::uint64_t reuses_tolerated_ = 0;
};

}  // namespace dragoman::emulator::codewhisperer
