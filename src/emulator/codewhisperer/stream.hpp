#pragma once
// The body of a chat answer: scripted events, or the usual one, which says the user's text again.
//
// Usual order: (initial-response in the RPC binding,) text, metadataEvent with tokenUsage and
// stopReason, contextUsageEvent, meteringEvent. Each event is a frame and a write of its own.
//
// Numbers follow one simple rule, so that tests can foretell them: one word (something between
// white space) is one token; input counts the contents of all messages, output the text and
// reasoning of the answer. A usage step replaces both numbers. Metering is 0.05 credits times the
// model's rate.
//
// Pure. Errors: bad_request, naming the step.

#include <chrono>
#include <string>
#include <vector>

#include "emulator/answer.hpp"
#include "emulator/codewhisperer/validate.hpp"

namespace dragoman::emulator::codewhisperer {

struct StreamOptions {
  ChatOperation operation = ChatOperation::generate;
  bool initial_response = false;  // the RPC binding
  std::string conversation_id;
  std::chrono::milliseconds word_delay{0};  // between the words of the usual answer
};

// Steps of a script for this upstream: "exception" and "error_frame".
Dialect dialect();

Result<std::vector<Piece>> encode_script(const std::vector<Step>& steps, bool tail,
                                         const ChatInput& input, const StreamOptions& options);

// Says input.text again, word by word; white space stays with the word before it.
std::vector<Piece> encode_echo(const ChatInput& input, const StreamOptions& options);

// The only event is dryRunSucceedEvent.
std::vector<Piece> encode_dry_run(const StreamOptions& options);

// "one two " -> {"one ", "two "}
std::vector<std::string> split_words(std::string_view text);

}  // namespace dragoman::emulator::codewhisperer
