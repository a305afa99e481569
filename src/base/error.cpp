#include "base/error.hpp"

#include <stdexcept>

namespace dragoman {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_request: return "bad_request";
    case ErrorKind::too_large: return "too_large";
    case ErrorKind::context_overflow: return "context_overflow";
    case ErrorKind::content_policy: return "content_policy";
    case ErrorKind::unsupported_media: return "unsupported_media";
    case ErrorKind::request_timed_out: return "request_timed_out";
    case ErrorKind::unauthorized: return "unauthorized";
    case ErrorKind::forbidden: return "forbidden";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::model_not_found: return "model_not_found";
    case ErrorKind::conflict: return "conflict";
    case ErrorKind::rate_limited: return "rate_limited";
    case ErrorKind::quota_exhausted: return "quota_exhausted";
    case ErrorKind::overloaded: return "overloaded";
    case ErrorKind::signed_out: return "signed_out";
    case ErrorKind::upstream_unauthorized: return "upstream_unauthorized";
    case ErrorKind::upstream_failed: return "upstream_failed";
    case ErrorKind::upstream_unreachable: return "upstream_unreachable";
    case ErrorKind::timed_out: return "timed_out";
    case ErrorKind::not_implemented: return "not_implemented";
    case ErrorKind::cancelled: return "cancelled";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

Error&& Error::with_detail(std::string text) && {
  detail = std::move(text);
  return std::move(*this);
}

Error&& Error::with_param(std::string path) && {
  param = std::move(path);
  return std::move(*this);
}

Error&& Error::with_code(std::string word) && {
  code = std::move(word);
  return std::move(*this);
}

Error&& Error::with_status(int status) && {
  upstream_status = status;
  return std::move(*this);
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("unchecked Result: " + error.message);
}

}  // namespace dragoman
