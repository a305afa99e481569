#pragma once
// The rules of a conversation, its tools and its images, for a document whose shape is right.
// Numbers in comments are those of the protocol notes, section 5.

#include <optional>

#include "emulator/codewhisperer/validate.hpp"

namespace dragoman::emulator::codewhisperer {

// `state` is conversationState.
std::optional<Violation> check_conversation(const json::Reader& state);
std::optional<Violation> check_tools(const json::Reader& state, const RuleOptions& options);
std::optional<Violation> check_images(const json::Reader& state, const Model& model,
                                      const RuleOptions& options);

// additionalModelRequestFields against the schema the model list publishes.
std::optional<Violation> check_request_fields(const json::Reader& fields, const Model& model);

}  // namespace dragoman::emulator::codewhisperer
