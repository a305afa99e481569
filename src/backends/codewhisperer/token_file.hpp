#pragma once
// The two files of a sign-in, as JSON: tokens.json and registration.json in the formats of
// CodeWhisperer OpenAI Proxy, so that either program can use the other's login.
//
//   auto tokens = decode_tokens(text);              // Result<Tokens>
//   tokens->access_token = ...;
//   save(encode_tokens(*tokens));                   // members we do not know are kept
//
// Files we write carry one member more, `checksum`, over the members we know. A file whose checksum
// does not match is damaged: it is refused, for a token with a flipped byte is worse than none. A
// file without a checksum was written by the older proxy and is taken as it is.
//
// Errors are signed_out; their message is fit for users and quotes nothing of the file.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace dragoman::codewhisperer {

using WallTime = std::chrono::system_clock::time_point;

inline constexpr std::size_t max_token_bytes = 16 * 1024;

// Members kept as they are: name and JSON text.
using OtherMembers = std::vector<std::pair<std::string, std::string>>;

struct Tokens {
  Secret access_token;
  std::optional<WallTime> expires_at;
  Secret refresh_token;  // empty: cannot be renewed
  std::string region;
  std::string start_url;
  std::string oauth_flow = "DeviceCode";
  std::vector<std::string> scopes;
  std::string profile_arn;  // not written by the older proxy
  OtherMembers other;
};

struct Registration {
  std::string client_id;
  Secret client_secret;
  std::optional<WallTime> client_secret_expires_at;  // absent: valid until it is refused
  std::string region;
  std::string oauth_flow = "DeviceCode";
  std::vector<std::string> scopes;
  OtherMembers other;
};

// Tolerant: members may be missing (but access_token; client_id and client_secret), null, or out of
// order; times may be ISO texts or numbers of seconds or milliseconds.
Result<Tokens> decode_tokens(std::string_view text);
Result<Registration> decode_registration(std::string_view text);

std::string encode_tokens(const Tokens& tokens);
std::string encode_registration(const Registration& registration);

// RFC 3339 with up to nine digits of fraction and an offset; without an offset it is UTC.
std::optional<WallTime> parse_time(std::string_view text);
// "2026-06-10T16:59:30.119Z"
std::string format_time(WallTime time);

}  // namespace dragoman::codewhisperer
