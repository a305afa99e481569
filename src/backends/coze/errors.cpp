#include "backends/coze/errors.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/utf8.hpp"
#include "json/reader.hpp"

namespace dragoman::coze {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_text_bytes = 240;  // of Coze's wording in a message
constexpr std::size_t max_id_bytes = 64;

constexpr std::string_view wrong_token =
    "Check that the token is valid and belongs to the region of COZE_BASE_URL (wrong region?): "
    "tokens, bots and workflows of the international and the Chinese service are separate.";
constexpr std::string_view not_published =
    "Publish the bot to the API channel (Agent as API) in the Coze console, then try again.";
constexpr std::string_view no_permission =
    "Check the permissions and workspaces of the token, and its region (wrong region?).";
constexpr std::string_view busy = "One turn at a time can run in a conversation: wait for its end.";

struct Rule {
  std::int64_t code;
  ErrorKind kind;
  std::string_view word;  // Error::code
  std::string_view hint = {};
};

constexpr std::string_view quota = "insufficient_quota";
constexpr std::string_view policy = "content_policy_violation";
constexpr std::string_view no_model = "model_not_found";

constexpr std::array rules{
    Rule{4000, ErrorKind::bad_request, ""},
    Rule{4001, ErrorKind::bad_request, ""},
    Rule{4002, ErrorKind::not_found, "conversation_not_found"},
    Rule{4003, ErrorKind::bad_request, ""},
    Rule{4004, ErrorKind::bad_request, ""},
    Rule{4005, ErrorKind::bad_request, ""},
    Rule{4006, ErrorKind::model_not_found, no_model},
    Rule{4007, ErrorKind::bad_request, ""},
    Rule{4008, ErrorKind::quota_exhausted, quota},
    Rule{4009, ErrorKind::overloaded, ""},
    Rule{4010, ErrorKind::context_overflow, "context_length_exceeded"},
    Rule{4011, ErrorKind::quota_exhausted, quota},
    Rule{4012, ErrorKind::bad_request, ""},
    Rule{4013, ErrorKind::rate_limited, "rate_limit_exceeded"},
    Rule{4014, ErrorKind::content_policy, policy},
    Rule{4015, ErrorKind::bad_request, "bot_not_published", not_published},
    Rule{4016, ErrorKind::conflict, "conversation_busy", busy},
    Rule{4019, ErrorKind::quota_exhausted, quota},
    Rule{4020, ErrorKind::rate_limited, "rate_limit_exceeded"},
    Rule{4021, ErrorKind::bad_request, ""},
    Rule{4022, ErrorKind::quota_exhausted, quota},
    Rule{4027, ErrorKind::quota_exhausted, quota},
    Rule{4028, ErrorKind::quota_exhausted, quota},
    Rule{4100, ErrorKind::upstream_unauthorized, "", wrong_token},
    Rule{4101, ErrorKind::forbidden, "", no_permission},
    Rule{4102, ErrorKind::forbidden, ""},
    Rule{4104, ErrorKind::conflict, ""},
    Rule{4105, ErrorKind::content_policy, policy},
    Rule{4200, ErrorKind::model_not_found, no_model},
    Rule{4300, ErrorKind::bad_request, ""},
    Rule{4301, ErrorKind::bad_request, ""},
    Rule{4302, ErrorKind::too_large, ""},
    Rule{4303, ErrorKind::bad_request, ""},
    Rule{4304, ErrorKind::bad_request, ""},
    Rule{4314, ErrorKind::not_found, ""},
    Rule{4315, ErrorKind::conflict, ""},
    Rule{5000, ErrorKind::upstream_failed, ""},
    Rule{6003, ErrorKind::forbidden, ""},
    Rule{6023, ErrorKind::timed_out, ""},
    Rule{6031, ErrorKind::model_not_found, no_model},
    Rule{6039, ErrorKind::bad_request, ""},
    Rule{700012006, ErrorKind::upstream_unauthorized, "", wrong_token},
    Rule{700012054, ErrorKind::forbidden, "", no_permission},
    Rule{708232001, ErrorKind::bad_request, ""},
    Rule{708232003, ErrorKind::bad_request, ""},
    Rule{720702204, ErrorKind::bad_request, ""},
    Rule{720702222, ErrorKind::overloaded, ""},
};

bool is_success(int status) { return status >= 200 && status <= 299; }

// By HTTP status; also used for the codes of the open-source server, which repeat the status.
Rule rule_of_status(std::int64_t status) {
  switch (status) {
    case 400:
    case 405:
    case 415:
    case 422: return {status, ErrorKind::bad_request, ""};
    case 401: return {status, ErrorKind::upstream_unauthorized, "", wrong_token};
    case 402: return {status, ErrorKind::quota_exhausted, quota};
    case 403: return {status, ErrorKind::forbidden, ""};
    case 404: return {status, ErrorKind::not_found, ""};
    case 408:
    case 504: return {status, ErrorKind::timed_out, ""};
    case 409: return {status, ErrorKind::conflict, ""};
    case 413: return {status, ErrorKind::too_large, ""};
    case 429: return {status, ErrorKind::rate_limited, "rate_limit_exceeded"};
    case 503:
    case 529: return {status, ErrorKind::overloaded, ""};
    default: return {status, ErrorKind::upstream_failed, ""};
  }
}

Rule rule_of(std::int64_t code, int status) {
  for (const Rule& rule : rules) {
    if (rule.code == code) return rule;
  }
  if (!is_success(status)) return rule_of_status(status);
  return rule_of_status(code);
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

bool looks_like_token(std::string_view word) {
  for (const std::string_view prefix : {"pat_", "sat_", "czs_", "czu_", "cztei_"}) {
    if (word.size() > prefix.size() && word.starts_with(prefix)) return true;
  }
  return false;
}

// Coze's wording made fit for a message.
std::string clean_text(std::string_view text) {
  std::string clean;
  while (!text.empty() && clean.size() <= max_text_bytes) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_word);
    const std::string_view word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    clean += looks_like_token(word) ? "<token>" : word;
    text.remove_prefix(word.size());
    if (text.empty()) break;
    const auto c = static_cast<unsigned char>(text.front());
    clean += c < 0x20 || c == 0x7F ? ' ' : text.front();
    text.remove_prefix(1);
  }
  clean = repair_utf8(clean);
  if (clean.size() > max_text_bytes) {
    clean.resize(utf8_prefix(clean, max_text_bytes).size());
    return clean + "...";
  }
  while (!clean.empty() && (clean.back() == '.' || clean.back() == ' ')) clean.pop_back();
  return clean;
}

// Codes are numbers mostly, but strings in some answers.
std::int64_t to_code(const json::Reader& value) {
  if (const auto number = value.integer()) return *number;
  std::int64_t code = 0;
  if (const auto text = value.string()) {
    std::from_chars(text->data(), text->data() + text->size(), code);
  }
  return code;
}

struct Report {
  std::int64_t code = 0;
  std::string_view text;
  std::string_view log_id;
};

std::string_view text_of(const json::Reader& in, std::string_view key) {
  const auto member = in.find(key);
  if (!member) return {};
  const auto text = member->string();
  return text ? *text : std::string_view();
}

// All shapes at once; a key that is not there, null or of another type is passed over.
Report read_report(const json::Reader& in) {
  Report report;
  for (const std::string_view key : {"code", "error_code"}) {
    if (const auto code = in.find(key); code && report.code == 0) report.code = to_code(*code);
  }
  for (const std::string_view key : {"msg", "message", "error_message"}) {
    if (report.text.empty()) report.text = text_of(in, key);
  }
  if (const auto detail = in.find("detail")) report.log_id = text_of(*detail, "logid");
  if (const auto error = in.find("error")) {
    if (report.log_id.empty()) report.log_id = text_of(*error, "logid");
    if (report.text.empty()) report.text = text_of(*error, "detail");
    if (report.text.empty()) report.text = text_of(in, "error");
  }
  if (const auto last = in.find("last_error"); last && report.code == 0) {
    if (const auto code = last->find("code")) report.code = to_code(*code);
    if (const auto text = text_of(*last, "msg"); !text.empty()) report.text = text;
  }
  return report;
}

Result<json::Document> parse_document(std::string_view body) {
  auto document = json::Document::parse(body);
  if (document || is_valid_utf8(body)) return document;
  return json::Document::parse(repair_utf8(body));
}

}  // namespace

std::string_view clean_id(std::string_view text) {
  const bool clean =
      text.size() <= max_id_bytes &&
      std::all_of(text.begin(), text.end(), [](char c) { return is_word(c) || c == '.'; });
  return clean ? text : std::string_view();
}

Error make_error(std::int64_t code, std::string_view text, std::string_view log_id, int status) {
  const Rule rule = rule_of(code, status);
  const std::string words = clean_text(text);
  std::string message = "Coze: " + (words.empty() ? "the request failed" : words);
  std::string marks;
  if (code != 0) {
    marks = "code " + std::to_string(code);
  } else if (!is_success(status)) {
    marks = "HTTP " + std::to_string(status);
  }
  if (const auto id = clean_id(log_id); !id.empty()) {
    if (!marks.empty()) marks += ", ";
    marks.append("logid ").append(id);
  }
  if (!marks.empty()) message.append(" (").append(marks).append(")");
  if (!rule.hint.empty()) message.append(". ").append(rule.hint);

  Error error(rule.kind, std::move(message));
  error.code = rule.word;
  error.upstream_status = status;
  if (code == 4013) error.retry_after = 60s;  // the figure users report; Coze itself names none
  return error;
}

Error decode_refusal(const AnswerHead& head, std::string_view body) {
  const auto document = parse_document(body);
  Report report;
  if (document) report = read_report(document->root());
  if (report.log_id.empty()) report.log_id = head.log_id;

  std::string_view text = report.text;
  if (is_success(head.status) && report.code == 0) {
    text = "the answer is not the stream that was asked for";
  } else if (report.code == 0 && text.empty()) {
    text = "the answer does not come from the Coze API (check COZE_BASE_URL)";
  }
  Error error = make_error(report.code, text, report.log_id, head.status);
  if (head.retry_after) error.retry_after = head.retry_after;
  error.detail = "content type " + clean_text(head.content_type) + ", " +
                 std::to_string(body.size()) + " bytes";
  return error;
}

Error decode_failure(std::string_view data, std::string_view log_id) {
  const auto document = parse_document(data);
  Report report;
  if (document) report = read_report(document->root());
  if (report.log_id.empty()) report.log_id = log_id;
  return make_error(report.code, report.text, report.log_id, 200);
}

}  // namespace dragoman::coze
