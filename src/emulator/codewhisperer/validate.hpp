#pragma once
// Judges a chat request as the service does: the first broken rule wins.
//
// The order: the body is JSON; required members; types and unions; the profile (strict door only);
// the model is known; lengths and patterns; the rules of a conversation; images; total size.
// The service's own answer to most of these is "Improperly formed request." and no more; the
// Violation names the rule, for the record and for debugging.
//
// Pure. A request that passes can be read by read_chat_input().

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/codewhisperer/models.hpp"
#include "emulator/codewhisperer/shape.hpp"
#include "json/reader.hpp"

namespace dragoman::emulator::codewhisperer {

enum class ChatOperation { generate, send };

struct RuleOptions {
  // The newer front door: profileArn is required of everyone.
  bool profile_required = false;
  // The older hosts tolerate unknown members in some positions; nobody should rely on it.
  bool refuse_unknown_members = true;
  std::size_t max_history = 10'000;         // messages
  std::size_t max_tools = 128;              // requests fail somewhere above 120..130
  std::size_t max_images = 10;              // a message
  std::size_t max_image_bytes = 2'800'000;  // decoded
  // Of all texts together, tool results and inputs included; besides, four characters count as one
  // token of the model's window.
  std::size_t max_text_bytes = 3'300'000;
};

std::optional<Violation> validate_chat(std::string_view body, ChatOperation operation,
                                       const RuleOptions& options = {});

// What answering needs to know.
struct ChatInput {
  std::string conversation_id;  // empty: none given
  std::string text;             // of the current message
  const Model* model = nullptr;
  bool model_given = false;
  std::int64_t words =
      0;  // of all message contents, history included: one word counts as one token
  bool dry_run = false;
};

// The body must have passed validate_chat().
ChatInput read_chat_input(std::string_view body);

// Parts that are longer than white space.
std::int64_t count_words(std::string_view text);

}  // namespace dragoman::emulator::codewhisperer
