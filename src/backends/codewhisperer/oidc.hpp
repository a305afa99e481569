#pragma once
// The JSON of the SSO OIDC service: registration, device authorization, tokens, and its errors.
// Pure: the HTTP around it is signin_http.hpp.
//
//   std::string body = encode_refresh(client, refresh_token);
//   auto answer = decode_token(status, reply);            // Result<TokenAnswer>
//   if (!answer && !is_passing(answer.error())) ...      // the login is gone
//
// Errors carry the service's word ("authorization_pending", "invalid_grant") in Error::code; it
// decides, whatever the status says: a 200 with an `error` member is an error too. Foreign text is
// never quoted.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace dragoman::codewhisperer {

inline constexpr std::string_view register_path = "/client/register";
inline constexpr std::string_view device_path = "/device_authorization";
inline constexpr std::string_view token_path = "/token";

struct OidcClient {
  std::string id;
  Secret secret;
};

struct RegisterAnswer {
  OidcClient client;
  std::optional<std::chrono::system_clock::time_point> expires_at;
};

struct DeviceAnswer {
  Secret device_code;
  std::string user_code;
  std::string verification_uri;
  std::string verification_uri_complete;  // with the code in it; may be empty
  std::chrono::seconds expires_in{600};
  std::chrono::seconds interval{5};
};

struct TokenAnswer {
  Secret access_token;
  std::chrono::seconds expires_in{3600};
  Secret refresh_token;  // empty: keep the old one
};

std::string encode_register(std::string_view client_name, const std::vector<std::string>& scopes);
std::string encode_device(const OidcClient& client, std::string_view start_url);
std::string encode_device_token(const OidcClient& client, const Secret& device_code);
std::string encode_refresh(const OidcClient& client, const Secret& refresh_token);

Result<RegisterAnswer> decode_register(int status, std::string_view body);
Result<DeviceAnswer> decode_device(int status, std::string_view body);
Result<TokenAnswer> decode_token(int status, std::string_view body);

// What the words mean for the caller.
bool is_pending(const Error& error);         // go on polling
bool is_slow_down(const Error& error);       // go on polling, 5 s slower
bool is_passing(const Error& error);         // try the same again later
bool is_client_refused(const Error& error);  // register again

}  // namespace dragoman::codewhisperer
