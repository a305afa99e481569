#include "backends/codewhisperer/oidc.hpp"

#include <algorithm>

#include "json/reader.hpp"
#include "json/writer.hpp"

namespace dragoman::codewhisperer {
namespace {

constexpr std::size_t max_secret_bytes = 16 * 1024;  // client secrets are long JWTs
constexpr std::size_t max_uri_bytes = 2048;
constexpr std::size_t max_user_code_bytes = 64;
constexpr std::int64_t longest_token_s = 366 * 24 * 3600;
constexpr std::int64_t longest_device_code_s = 24 * 3600;
constexpr std::int64_t longest_interval_s = 60;
constexpr std::int64_t last_epoch_s = 7'258'118'400;  // the year 2200

struct WordMeaning {
  std::string_view word;
  ErrorKind kind;
  std::string_view message;
};

// Section 13.1 of the protocol notes; words like these in other answers mean the same.
constexpr WordMeaning meanings[] = {
    {"authorization_pending", ErrorKind::conflict, "the sign-in waits for its approval"},
    {"slow_down", ErrorKind::rate_limited, "the sign-in service asks for fewer calls"},
    {"expired_token", ErrorKind::signed_out, "the code was not approved in time"},
    {"access_denied", ErrorKind::forbidden, "the sign-in was refused"},
    {"invalid_grant", ErrorKind::signed_out, "the sign-in has ended"},
    {"invalid_client", ErrorKind::signed_out, "the registration has ended"},
    {"invalid_request", ErrorKind::signed_out, "the sign-in service does not take this sign-in"},
    {"unauthorized_client", ErrorKind::signed_out, "the registration may not do this"},
    {"unsupported_grant_type", ErrorKind::internal, "the sign-in service does not know this grant"},
    {"invalid_scope", ErrorKind::internal, "the sign-in service does not know these scopes"},
    {"invalid_client_metadata", ErrorKind::internal,
     "the sign-in service does not take this registration"},
    {"invalid_redirect_uri", ErrorKind::internal,
     "the sign-in service does not take this redirection"},
    {"server_error", ErrorKind::upstream_failed, "the sign-in service failed"},
};

Error make_error(const WordMeaning& meaning, int status) {
  return Error(meaning.kind, std::string(meaning.message))
      .with_code(std::string(meaning.word))
      .with_status(status);
}

bool is_visible(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

// Shown in a terminal and opened in a browser: nothing but an address may come through.
bool is_web_address(std::string_view text) {
  return is_visible(text, max_uri_bytes) &&
         (text.starts_with("https://") || text.starts_with("http://"));
}

Error failed(int status) {
  if (status == 429) {
    return Error(ErrorKind::rate_limited, "the sign-in service asks for fewer calls")
        .with_status(status);
  }
  return Error(ErrorKind::upstream_failed, "the sign-in service gave an answer that makes no sense")
      .with_status(status);
}

Error wrong_region(std::string_view region, int status) {
  constexpr std::size_t longest = 32;
  const bool plain =
      !region.empty() && region.size() <= longest && std::ranges::all_of(region, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      });
  const std::string name = plain ? std::string(region) : "another";
  return Error(ErrorKind::signed_out, "the sign-in belongs to region " + name +
                                          ": set CODEWHISPERER_REGION and run `dragoman login`")
      .with_code("wrong_region")
      .with_status(status);
}

// The body as an object without an `error` member, from an answer that is a success.
Result<json::Document> success(int status, std::string_view body) {
  auto document = json::Document::parse(body);
  if (!document || document->root().kind() != json::Reader::Kind::object) return failed(status);
  const json::Reader root = document->root();
  if (const auto word = root.find("error")) {
    auto text = word->string();
    if (!text) return failed(status);
    if (*text == "invalid_request") {
      if (const auto region = root.find("region")) {
        auto name = region->string();
        return wrong_region(name ? *name : std::string_view(), status);
      }
    }
    const auto* meaning = std::ranges::find(meanings, *text, &WordMeaning::word);
    return meaning == std::end(meanings) ? failed(status) : make_error(*meaning, status);
  }
  if (status < 200 || status > 299) return failed(status);
  return std::move(*document);
}

std::string text_member(const json::Reader& root, std::string_view key) {
  auto text = root.optional_string(key);
  return text && *text ? std::string(**text) : std::string();
}

std::optional<std::int64_t> integer_member(const json::Reader& root, std::string_view key) {
  auto number = root.optional_integer(key);
  return number ? *number : std::nullopt;
}

std::string with_client(const OidcClient& client, auto more) {
  std::string body;
  json::Writer w(body);
  w.begin_object();
  w.key("clientId").string(client.id);
  w.key("clientSecret").string(client.secret.reveal());
  more(w);
  w.end_object();
  return body;
}

}  // namespace

std::string encode_register(std::string_view client_name, const std::vector<std::string>& scopes) {
  std::string body;
  json::Writer w(body);
  w.begin_object();
  w.key("clientName").string(client_name);
  w.key("clientType").string("public");
  w.key("scopes").begin_array();
  for (const std::string& scope : scopes) w.string(scope);
  w.end_array();
  w.end_object();
  return body;
}

std::string encode_device(const OidcClient& client, std::string_view start_url) {
  return with_client(client, [&](json::Writer& w) { w.key("startUrl").string(start_url); });
}

std::string encode_device_token(const OidcClient& client, const Secret& device_code) {
  return with_client(client, [&](json::Writer& w) {
    w.key("grantType").string("urn:ietf:params:oauth:grant-type:device_code");
    w.key("deviceCode").string(device_code.reveal());
  });
}

std::string encode_refresh(const OidcClient& client, const Secret& refresh_token) {
  return with_client(client, [&](json::Writer& w) {
    w.key("grantType").string("refresh_token");
    w.key("refreshToken").string(refresh_token.reveal());
  });
}

Result<RegisterAnswer> decode_register(int status, std::string_view body) {
  auto document = success(status, body);
  if (!document) return document.error();
  const json::Reader root = document->root();
  RegisterAnswer answer;
  answer.client.id = text_member(root, "clientId");
  answer.client.secret = Secret(text_member(root, "clientSecret"));
  if (!is_visible(answer.client.id, max_secret_bytes) ||
      !is_visible(answer.client.secret.reveal(), max_secret_bytes)) {
    return failed(status);
  }
  const auto expires = integer_member(root, "clientSecretExpiresAt");
  if (expires && *expires > 0 && *expires <= last_epoch_s) {
    answer.expires_at = std::chrono::system_clock::time_point(std::chrono::seconds(*expires));
  }
  return answer;
}

Result<DeviceAnswer> decode_device(int status, std::string_view body) {
  auto document = success(status, body);
  if (!document) return document.error();
  const json::Reader root = document->root();
  DeviceAnswer answer;
  answer.device_code = Secret(text_member(root, "deviceCode"));
  answer.user_code = text_member(root, "userCode");
  answer.verification_uri = text_member(root, "verificationUri");
  answer.verification_uri_complete = text_member(root, "verificationUriComplete");
  if (!is_visible(answer.device_code.reveal(), max_secret_bytes) ||
      !is_visible(answer.user_code, max_user_code_bytes)) {
    return failed(status);
  }
  if (!is_web_address(answer.verification_uri_complete)) answer.verification_uri_complete.clear();
  if (!is_web_address(answer.verification_uri)) {
    answer.verification_uri = answer.verification_uri_complete;
  }
  if (answer.verification_uri.empty()) return failed(status);
  if (const auto value = integer_member(root, "expiresIn")) {
    answer.expires_in =
        std::chrono::seconds(std::clamp<std::int64_t>(*value, 1, longest_device_code_s));
  }
  if (const auto value = integer_member(root, "interval")) {
    answer.interval = std::chrono::seconds(std::clamp<std::int64_t>(*value, 1, longest_interval_s));
  }
  return answer;
}

Result<TokenAnswer> decode_token(int status, std::string_view body) {
  auto document = success(status, body);
  if (!document) return document.error();
  const json::Reader root = document->root();
  TokenAnswer answer;
  answer.access_token = Secret(text_member(root, "accessToken"));
  answer.refresh_token = Secret(text_member(root, "refreshToken"));
  if (!is_visible(answer.access_token.reveal(), max_secret_bytes)) return failed(status);
  if (!answer.refresh_token.empty() &&
      !is_visible(answer.refresh_token.reveal(), max_secret_bytes)) {
    return failed(status);
  }
  if (const auto value = integer_member(root, "expiresIn")) {
    answer.expires_in = std::chrono::seconds(std::clamp<std::int64_t>(*value, 1, longest_token_s));
  }
  return answer;
}

bool is_pending(const Error& error) { return error.code == "authorization_pending"; }

bool is_slow_down(const Error& error) { return error.code == "slow_down"; }

bool is_passing(const Error& error) {
  switch (error.kind) {
    case ErrorKind::rate_limited:
    case ErrorKind::upstream_failed:
    case ErrorKind::upstream_unreachable:
    case ErrorKind::timed_out:
    case ErrorKind::overloaded:
    case ErrorKind::conflict: return true;
    case ErrorKind::bad_request:
    case ErrorKind::too_large:
    case ErrorKind::context_overflow:
    case ErrorKind::content_policy:
    case ErrorKind::unsupported_media:
    case ErrorKind::request_timed_out:
    case ErrorKind::unauthorized:
    case ErrorKind::forbidden:
    case ErrorKind::not_found:
    case ErrorKind::model_not_found:
    case ErrorKind::quota_exhausted:
    case ErrorKind::signed_out:
    case ErrorKind::upstream_unauthorized:
    case ErrorKind::not_implemented:
    case ErrorKind::cancelled:
    case ErrorKind::internal: return false;
  }
  return false;
}

bool is_client_refused(const Error& error) {
  return error.code == "invalid_client" || error.code == "unauthorized_client";
}

}  // namespace dragoman::codewhisperer
