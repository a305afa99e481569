#include "frontends/openai/errors.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "json/writer.hpp"

namespace dragoman::openai {
namespace {

struct Row {
  int status;
  std::string_view type;
  std::string_view code;  // empty: null
  bool hopeless;          // the same request will fail again
};

constexpr std::string_view invalid = "invalid_request_error";
constexpr std::string_view server = "server_error";

Row row(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_request: return {400, invalid, "", true};
    case ErrorKind::too_large: return {413, invalid, "request_too_large", true};
    case ErrorKind::context_overflow: return {400, invalid, "context_length_exceeded", true};
    case ErrorKind::content_policy: return {400, invalid, "content_policy_violation", true};
    case ErrorKind::unsupported_media: return {415, invalid, "unsupported_content_encoding", true};
    case ErrorKind::request_timed_out: return {408, invalid, "request_timeout", false};
    case ErrorKind::unauthorized: return {401, invalid, "invalid_api_key", true};
    case ErrorKind::forbidden: return {403, "permission_error", "permission_denied", true};
    case ErrorKind::not_found: return {404, invalid, "not_found", true};
    case ErrorKind::model_not_found: return {404, invalid, "model_not_found", true};
    // The turn in progress will end: official clients try a 409 again by themselves.
    case ErrorKind::conflict: return {409, "conflict_error", "conversation_busy", false};
    case ErrorKind::rate_limited: return {429, "rate_limit_error", "rate_limit_exceeded", false};
    case ErrorKind::quota_exhausted: return {429, "insufficient_quota", "insufficient_quota", true};
    case ErrorKind::overloaded: return {503, server, "server_is_overloaded", false};
    // Only the operator can end these two. They are not 401 or 403: the client's key is fine, and
    // the words of those make clients ask their user for a new one.
    case ErrorKind::signed_out: return {503, server, "signed_out", true};
    case ErrorKind::upstream_unauthorized: return {503, server, "upstream_unauthorized", true};
    case ErrorKind::upstream_failed: return {502, server, "upstream_failed", false};
    case ErrorKind::upstream_unreachable: return {502, server, "upstream_unreachable", false};
    case ErrorKind::timed_out: return {504, server, "upstream_timeout", false};
    case ErrorKind::not_implemented: return {501, invalid, "not_implemented", true};
    // Nobody reads it; the number is nginx's word for the same, and shows in logs.
    case ErrorKind::cancelled: return {499, invalid, "cancelled", true};
    case ErrorKind::internal: return {500, server, "internal_error", false};
  }
  return {500, server, "internal_error", false};
}

void nullable(json::Writer& w, std::string_view text) {
  if (text.empty()) {
    w.null();
  } else {
    w.string(text);
  }
}

// What may be quoted of a request line: a short prefix, printable ASCII, no angle brackets or
// quotes (messages end up in pages and shells).
std::string quotable(std::string_view text) {
  std::string quoted(text.substr(0, max_echo_bytes));
  std::replace_if(
      quoted.begin(), quoted.end(),
      [](char c) {
        return c <= ' ' || c >= 0x7F || c == '<' || c == '>' || c == '"' || c == '\\' || c == '`';
      },
      '?');
  if (text.size() > max_echo_bytes) quoted += "...";
  return quoted;
}

}  // namespace

int status_of(ErrorKind kind) { return row(kind).status; }

void append_error(std::string& out, const Error& error) {
  const Row is = row(error.kind);
  json::Writer w(out);
  w.begin_object().key("error").begin_object();
  w.key("message").string(utf8_prefix(error.message, max_message_bytes));
  w.key("type").string(is.type);
  w.key("param");
  nullable(w, error.param);
  w.key("code");
  nullable(w, error.code.empty() ? is.code : std::string_view(error.code));
  w.end_object().end_object();
}

ErrorAnswer encode_error(const Error& error) {
  using std::chrono::milliseconds;
  const Row is = row(error.kind);
  ErrorAnswer answer;
  answer.status = is.status;
  if (error.retry_after) {
    constexpr milliseconds longest = std::chrono::hours(24 * 366);
    const auto wait = std::clamp(*error.retry_after, milliseconds(0), longest).count();
    answer.headers.push_back({"retry-after", std::to_string((wait + 999) / 1000)});
    answer.headers.push_back({"retry-after-ms", std::to_string(wait)});
  }
  if (is.hopeless) answer.headers.push_back({"x-should-retry", "false"});
  append_error(answer.body, error);
  return answer;
}

Error unknown_endpoint(std::string_view method, std::string_view target) {
  const std::string verb = quotable(method.substr(0, 16));
  return Error(ErrorKind::not_found, "Unknown endpoint: " + verb + " " + quotable(target))
      .with_code("endpoint_not_found");
}

Error model_not_found(std::string_view id) {
  return Error(ErrorKind::model_not_found, "The model '" + quotable(id) + "' does not exist")
      .with_param("model");
}

}  // namespace dragoman::openai
