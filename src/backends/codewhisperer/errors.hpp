#pragma once
// What CodeWhisperer's failures mean: an HTTP answer that is not a stream, or an exception in a
// stream, becomes an Error whose kind says what to do next.
//
//   Error error = decode_http_failure({.status = 429, .error_type = ..., .body = body});
//   Error error = decode_exception("ThrottlingException", payload, request_id);
//
// Pure. The service names its exceptions in several places and spellings, repeats one meaning under
// several statuses, and often says more in `reason` or in the text than in the name; so the order
// of judgement is: reason, text, name, status. The message keeps the service's own words
// (printable, cut at max_upstream_message bytes), the reason and the request id: support asks for
// them.

#include <string_view>

#include "base/error.hpp"

namespace dragoman::codewhisperer {

inline constexpr std::size_t max_upstream_message = 300;  // bytes of the service's words passed on
inline constexpr std::size_t max_failure_body = 64 * 1024;  // bytes of a body worth reading

struct HttpFailure {
  int status = 0;
  std::string_view error_type;   // x-amzn-errortype
  std::string_view request_id;   // x-amzn-requestid
  std::string_view retry_after;  // retry-after; only the form in seconds is understood
  std::string_view body;         // any bytes
};

Error decode_http_failure(const HttpFailure& failure);

// An exception frame: :exception-type (any namespace), and its payload, which may be empty.
Error decode_exception(std::string_view type, std::string_view payload,
                       std::string_view request_id);

// An error frame, and an event that reports failure: words instead of a payload.
Error decode_failure_words(std::string_view type, std::string_view message, std::string_view reason,
                           std::string_view request_id);

}  // namespace dragoman::codewhisperer
