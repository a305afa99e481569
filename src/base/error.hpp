#pragma once
// What went wrong, as a value, and Result<T>, which holds it or a T.
//
//   Result<int> parse_port(std::string_view text);
//   auto port = parse_port(text);
//   if (!port) return port.error();
//
// Whatever a client, an upstream, the network or an operator can cause is a Result. What only a
// programmer can cause is an assert or an exception.

#include <boost/system/result.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace dragoman {

// Chosen by what the client or the router should do next. Each client API has one table
// kind -> status, each backend one function answer -> kind.
enum class ErrorKind {
  bad_request,            // the request is wrong and will stay wrong: change it
  too_large,              // the body, or a part of it, is over a limit
  context_overflow,       // the conversation is longer than the model's window: shorten it
  content_policy,         // the upstream refuses this content
  unsupported_media,      // the body comes in a coding or type that is not read here
  request_timed_out,      // the client did not send its request in time
  unauthorized,           // the client's own key is missing or wrong
  forbidden,              // the upstream account may not do this, or is locked
  not_found,              // no such route or object
  model_not_found,        // no such model, bot or workflow
  conflict,               // the conversation is busy with another turn
  rate_limited,           // slow down, then try again
  quota_exhausted,        // nothing left until the quota resets: do not try again
  overloaded,             // the upstream has no capacity just now
  signed_out,             // the gateway has no usable upstream login: the operator must act
  upstream_unauthorized,  // the upstream refused our token: renew it once
  upstream_failed,        // the upstream answered with a failure, nonsense, or was cut off
  upstream_unreachable,   // no connection to the upstream
  timed_out,              // a deadline passed while waiting for the upstream
  not_implemented,        // known, but not offered by this program (yet)
  cancelled,              // nobody waits for the answer any more
  internal,               // a bug on our side
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  // May be shown to a client. Never a token, a prompt or a reply, nor more than a few words of
  // input.
  std::string message;
  // For the log only; under the same rule.
  std::string detail;
  // The request member at fault, as a path: "messages.2.content". Empty when there is none.
  std::string param;
  // A machine-readable code that says more than the kind: "missing_bot_id". Empty: the frontend's
  // word for the kind.
  std::string code;
  std::optional<std::chrono::milliseconds> retry_after;
  int upstream_status = 0;  // HTTP status the upstream gave; 0 when it gave none

  Error() = default;
  Error(ErrorKind k, std::string m) : kind(k), message(std::move(m)) {}

  Error&& with_detail(std::string text) &&;
  Error&& with_param(std::string path) &&;
  Error&& with_code(std::string word) &&;
  Error&& with_status(int status) &&;
};

template <class T>
using Result = boost::system::result<T, Error>;

// Result::value() on an error is a programming mistake.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

}  // namespace dragoman
