#pragma once
// Errors as the service words them, in both bindings.

#include <string>
#include <string_view>

#include "emulator/answer.hpp"
#include "emulator/codewhisperer/validate.hpp"

namespace dragoman::emulator::codewhisperer {

enum class Binding { rest, rpc };

struct ServiceError {
  int status = 400;
  std::string type = "ValidationException";
  std::string message;
  std::string reason;  // empty: null
};

// REST: x-amzn-errortype beside {"message","reason"}. RPC: {"__type","message","reason"}.
Answer encode_service_error(const ServiceError& error, Binding binding);

// `explain` puts the broken rule into the message; otherwise most rules give the service's own
// "Improperly formed request." with no reason.
ServiceError to_service_error(const Violation& violation, bool explain);

ServiceError invalid_bearer();
// 404 UnknownOperationException: no such path or target.
Answer unknown_operation(Binding binding);

std::string_view content_type(Binding binding);

}  // namespace dragoman::emulator::codewhisperer
