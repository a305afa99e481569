#include "emulator/codewhisperer/service_error.hpp"

#include "json/writer.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

constexpr std::string_view improper = "Improperly formed request.";

// Reasons the service is known to give even when it says little else.
bool always_given(std::string_view reason) {
  return reason == "REQUEST_BODY_INVALID_JSON" || reason == "INVALID_MODEL_ID" ||
         reason == "CONTENT_LENGTH_EXCEEDS_THRESHOLD";
}

}  // namespace

std::string_view content_type(Binding binding) {
  return binding == Binding::rest ? "application/json" : "application/x-amz-json-1.0";
}

Answer encode_service_error(const ServiceError& error, Binding binding) {
  std::string body;
  json::Writer out(body);
  out.begin_object();
  if (binding == Binding::rpc)
    out.key("__type").string("com.amazon.aws.codewhisperer#" + error.type);
  out.key("message").string(error.message).key("reason");
  if (error.reason.empty()) {
    out.null();
  } else {
    out.string(error.reason);
  }
  out.end_object();
  Answer answer = make_plain_answer(error.status, content_type(binding), std::move(body));
  if (binding == Binding::rest) answer.headers.push_back({"x-amzn-errortype", error.type});
  return answer;
}

ServiceError to_service_error(const Violation& violation, bool explain) {
  ServiceError error;
  error.message = violation.message.empty() ? std::string(improper) : violation.message;
  if (explain || always_given(violation.reason)) error.reason = violation.reason;
  if (explain) {
    error.message += " [" + violation.rule;
    if (!violation.path.empty()) error.message += "; at " + violation.path;
    error.message += "]";
  } else if (violation.reason == "REQUEST_BODY_INVALID" && !violation.message.empty()) {
    error.reason = violation.reason;  // "Invalid tool use format."
  }
  return error;
}

ServiceError invalid_bearer() {
  return {403, "AccessDeniedException", "The bearer token included in the request is invalid.", {}};
}

Answer unknown_operation(Binding binding) {
  Answer answer =
      make_plain_answer(404, content_type(binding),
                        R"({"__type":"com.amazon.coral.service#UnknownOperationException"})");
  if (binding == Binding::rest)
    answer.headers.push_back({"x-amzn-errortype", "UnknownOperationException"});
  return answer;
}

}  // namespace dragoman::emulator::codewhisperer
