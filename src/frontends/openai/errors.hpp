#pragma once
// Errors as the OpenAI API words them: the one table ErrorKind -> status, type, code.
//
//   ErrorAnswer answer = encode_error(error);
//   respond(answer.status, answer.headers, answer.body);
//
// The body is {"error":{"message","type","param","code"}}; param and code are null when there is
// nothing to say. Error::message is shown (cut at max_message_bytes), Error::detail never is.
//
// Headers, for clients that try again by themselves (the official ones do so on 408, 409, 429 and
// 5xx): retry-after (whole seconds, rounded up) and retry-after-ms when the wait is known, and
// "x-should-retry: false" on whatever will fail again unchanged. All values are digits or "false".

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace dragoman::openai {

inline constexpr std::size_t max_message_bytes = 1024;
// Of a request target, a model id or a method that an error message quotes.
inline constexpr std::size_t max_echo_bytes = 64;

struct Header {
  std::string_view name;  // lower case, static
  std::string value;

  friend bool operator==(const Header&, const Header&) = default;
};

struct ErrorAnswer {
  int status = 500;
  std::vector<Header> headers;
  std::string body;
};

ErrorAnswer encode_error(const Error& error);

// The status alone, for logs and metrics of streams that failed after their head was sent.
int status_of(ErrorKind kind);

// Appends the body: {"error":{...}}. Also what the data line of a failed stream holds.
void append_error(std::string& out, const Error& error);

// 404 for what is not a route, or not with this method. "Unknown endpoint: GET /v1/foo?x=1".
Error unknown_endpoint(std::string_view method, std::string_view target);

// 404, param "model".
Error model_not_found(std::string_view id);

}  // namespace dragoman::openai
