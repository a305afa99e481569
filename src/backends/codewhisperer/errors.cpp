#include "backends/codewhisperer/errors.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/utf8.hpp"
#include "json/reader.hpp"

namespace dragoman::codewhisperer {
namespace {

using std::chrono::seconds;

struct Rule {
  std::string_view word;
  ErrorKind kind;
};

constexpr Rule by_reason[] = {
    {"MONTHLY_REQUEST_COUNT", ErrorKind::quota_exhausted},
    {"DAILY_REQUEST_COUNT", ErrorKind::quota_exhausted},
    {"OVERAGE_REQUEST_LIMIT_EXCEEDED", ErrorKind::quota_exhausted},
    {"CONVERSATION_LIMIT_EXCEEDED", ErrorKind::context_overflow},
    {"CONTENT_LENGTH_EXCEEDS_THRESHOLD", ErrorKind::context_overflow},
    {"PROMPT_TOO_LONG", ErrorKind::context_overflow},
    {"INSUFFICIENT_MODEL_CAPACITY", ErrorKind::overloaded},
    {"MODEL_TEMPORARILY_UNAVAILABLE", ErrorKind::overloaded},
    {"INVALID_MODEL_ID", ErrorKind::model_not_found},
    {"TEMPORARILY_SUSPENDED", ErrorKind::forbidden},
    {"FEATURE_NOT_SUPPORTED", ErrorKind::forbidden},
    {"UNAUTHORIZED_CUSTOMIZATION_RESOURCE_ACCESS", ErrorKind::forbidden},
    {"UNAUTHORIZED_WORKSPACE_CONTEXT_FEATURE_ACCESS", ErrorKind::forbidden},
    {"INVALID_KMS_GRANT", ErrorKind::forbidden},
};

// Parts of the text, in lower case. Only texts that are clear whatever surrounds them.
constexpr Rule by_text[] = {
    {"suspicious activity", ErrorKind::rate_limited},
    {"maximum request reached for this month", ErrorKind::quota_exhausted},
    {"input is too long", ErrorKind::context_overflow},
    {"exceeded max chat context length", ErrorKind::context_overflow},
    {"request body: length limit exceeded", ErrorKind::too_large},
    {"invalid model.", ErrorKind::model_not_found},
    {"unexpectedly high load", ErrorKind::overloaded},
    {"experiencing high traffic", ErrorKind::overloaded},
    {"serviceunavailableexception", ErrorKind::overloaded},
    {"profilearn is required", ErrorKind::forbidden},  // the operator's to set, not the client's
};

// Texts that mean a token when access was denied.
constexpr std::string_view token_texts[] = {"bearer token", "security token", "invalid token",
                                            "token is expired", "token has expired"};

constexpr Rule by_type[] = {
    {"ExpiredTokenException", ErrorKind::upstream_unauthorized},
    {"InvalidTokenException", ErrorKind::upstream_unauthorized},
    {"UnrecognizedClientException", ErrorKind::upstream_unauthorized},
    {"AccessDeniedException", ErrorKind::forbidden},
    {"AccountSuspendedException", ErrorKind::forbidden},
    {"ConflictException", ErrorKind::forbidden},  // always about the organisation's keys
    {"ThrottlingException", ErrorKind::rate_limited},
    {"TooManyRequestsException", ErrorKind::rate_limited},
    {"ServiceQuotaExceededException", ErrorKind::quota_exhausted},
    {"ServiceUnavailableException", ErrorKind::overloaded},
    {"InternalServerException", ErrorKind::upstream_failed},
    {"ContentLengthExceededException", ErrorKind::context_overflow},
    {"ResourceNotFoundException", ErrorKind::not_found},
    {"UnknownOperationException", ErrorKind::upstream_failed},
    {"ValidationException", ErrorKind::bad_request},
};

ErrorKind kind_of_status(int status) {
  switch (status) {
    case 400:
    case 422: return ErrorKind::bad_request;
    case 401: return ErrorKind::upstream_unauthorized;
    case 402: return ErrorKind::quota_exhausted;
    case 403:
    case 423: return ErrorKind::forbidden;
    case 408: return ErrorKind::timed_out;
    case 413: return ErrorKind::too_large;
    case 429: return ErrorKind::rate_limited;
    case 503:
    case 529: return ErrorKind::overloaded;
    default: return ErrorKind::upstream_failed;
  }
}

template <std::size_t N>
const Rule* find_rule(const Rule (&rules)[N], auto matches) {
  const auto* rule = std::ranges::find_if(rules, [&](const Rule& r) { return matches(r.word); });
  return rule == std::end(rules) ? nullptr : rule;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// A name fit for a message, or nothing: what comes from outside is not repeated unseen.
std::string_view as_word(std::string_view text) {
  constexpr std::size_t max_word = 64;
  if (text.size() > max_word || !std::ranges::all_of(text, is_word_char)) return {};
  return text;
}

// "com.amazon.x#Name:http://..." -> "Name".
std::string_view bare_type(std::string_view type) {
  type = type.substr(0, type.find(':'));
  if (const auto hash = type.rfind('#'); hash != type.npos) type.remove_prefix(hash + 1);
  return as_word(type);
}

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-.+/=").find(c) != std::string_view::npos;
}

// Keys and tokens by their known beginnings, and whatever else is that long without a blank.
bool looks_like_token(std::string_view word) {
  constexpr std::size_t longest_word = 40;  // a request id has 36
  if (word.size() > longest_word) return true;
  for (const std::string_view prefix : {"ksk_", "aoa", "aor", "eyJ"}) {
    if (word.size() > prefix.size() + 6 && word.starts_with(prefix)) return true;
  }
  return false;
}

std::string without_tokens(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::ranges::find_if_not(text, is_token_character);
    const std::string_view word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    out += looks_like_token(word) ? "<token>" : word;
    text.remove_prefix(word.size());
    if (text.empty()) break;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

// The service's words made fit for a message.
std::string printable(std::string_view text) {
  std::string out = without_tokens(repair_utf8(utf8_prefix(text, max_upstream_message)));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  if (out.size() > max_upstream_message) out = utf8_prefix(out, max_upstream_message);
  return out;
}

struct Failure {
  int status = 0;  // 0: a frame
  std::string type;
  std::string message;
  std::string reason;
  std::string_view request_id;
};

std::string string_member(const json::Reader& object, std::string_view key) {
  const auto member = object.find(key);
  if (!member) return {};
  const auto text = member->string();
  return text ? std::string(*text) : std::string();
}

// Fills what is not known yet from a JSON body; any other body says nothing.
void read_body(Failure& failure, std::string_view body) {
  if (body.empty() || body.size() > max_failure_body) return;
  const auto document = json::Document::parse(body);
  if (!document) return;
  const json::Reader root = document->root();
  for (const char* key : {"code", "__type"}) {
    if (failure.type.empty()) failure.type = bare_type(string_member(root, key));
  }
  for (const char* key : {"message", "Message"}) {
    if (failure.message.empty()) failure.message = string_member(root, key);
  }
  if (const auto error = root.find("error"); error && failure.message.empty()) {
    failure.message = string_member(*error, "message");
  }
  failure.reason = as_word(string_member(root, "reason"));
}

ErrorKind judge(const Failure& failure) {
  const std::string text = lower(failure.message);
  const auto text_has = [&](std::string_view part) { return text.find(part) != text.npos; };

  if (const Rule* rule = find_rule(by_reason, [&](auto word) { return word == failure.reason; })) {
    return rule->kind;
  }
  if (const Rule* rule = find_rule(by_text, text_has)) return rule->kind;
  // A name may come with any status, but these two statuses leave no doubt.
  if (failure.status == 401) return ErrorKind::upstream_unauthorized;
  if (failure.status == 413) return ErrorKind::too_large;
  const bool denied = failure.status == 403 || failure.type == "AccessDeniedException";
  if (denied && std::ranges::any_of(token_texts, text_has)) return ErrorKind::upstream_unauthorized;
  if (const Rule* rule = find_rule(by_type, [&](auto word) { return word == failure.type; })) {
    return rule->kind;
  }
  return failure.status == 0 ? ErrorKind::upstream_failed : kind_of_status(failure.status);
}

std::string compose_message(const Failure& failure) {
  std::string text = "CodeWhisperer";
  if (!failure.message.empty()) {
    text += ": " + printable(failure.message);
  } else if (!failure.type.empty()) {
    text += " reported " + failure.type;
  } else if (failure.status == 200) {
    text += " answered with something else than an event stream";
  } else if (failure.status >= 300 && failure.status < 400) {
    text += " answered with a redirect (status " + std::to_string(failure.status) + ")";
  } else if (failure.status != 0) {
    text += " answered with status " + std::to_string(failure.status);
  } else {
    text += " reported a failure";
  }
  const std::string_view request_id = as_word(failure.request_id);
  if (failure.reason.empty() && request_id.empty()) return text;
  text += " (" + failure.reason;
  if (!failure.reason.empty() && !request_id.empty()) text += ", ";
  if (!request_id.empty()) text.append("request ").append(request_id);
  return text + ")";
}

std::optional<seconds> parse_seconds(std::string_view text) {
  constexpr int longest = 24 * 60 * 60;
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return seconds(std::min(value, longest));
}

Error to_error(const Failure& failure, std::string_view retry_after) {
  Error error(judge(failure), compose_message(failure));
  error.upstream_status = failure.status;
  error.detail = failure.type;
  error.retry_after = parse_seconds(retry_after);
  if (lower(failure.message).find("suspicious activity") != std::string::npos) {
    // A brake on the account, not on the moment: trying again soon makes it worse.
    constexpr seconds suspicious_cool_down{30 * 60};
    error.detail += error.detail.empty() ? "" : ", ";
    error.detail += "suspicious activity: the account needs a long cool-down";
    if (!error.retry_after) error.retry_after = suspicious_cool_down;
  }
  return error;
}

}  // namespace

Error decode_http_failure(const HttpFailure& failure) {
  Failure found;
  found.status = failure.status;
  found.type = bare_type(failure.error_type);
  found.request_id = failure.request_id;
  read_body(found, failure.body);
  return to_error(found, failure.retry_after);
}

Error decode_exception(std::string_view type, std::string_view payload,
                       std::string_view request_id) {
  Failure found;
  found.type = bare_type(type);
  // The one exception that is a member of the stream goes by the member's name.
  if (found.type == "error" || found.type == "internalServerException") {
    found.type = "InternalServerException";
  }
  found.request_id = request_id;
  read_body(found, payload);
  return to_error(found, {});
}

Error decode_failure_words(std::string_view type, std::string_view message, std::string_view reason,
                           std::string_view request_id) {
  Failure found;
  found.type = bare_type(type);
  found.message = message;
  found.reason = as_word(reason);
  found.request_id = request_id;
  return to_error(found, {});
}

}  // namespace dragoman::codewhisperer
