#include "emulator/coze/types.hpp"

#include <charconv>
#include <stdexcept>

namespace dragoman::emulator::coze {

std::string format_id(Id id) { return id == 0 ? std::string() : std::to_string(id); }

std::optional<Id> parse_id(std::string_view text) {
  constexpr std::size_t max_digits = 19;  // below 2^64 whatever the digits are
  if (text.empty() || text.size() > max_digits || text.front() == '0') return std::nullopt;
  Id id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

void throw_exception_from_error(const Refusal& refusal, const boost::source_location&) {
  throw std::logic_error("unchecked Outcome: " + refusal.msg);
}

Refusal bad_parameter(std::string_view problem) {
  return {4000, "Request parameter error: " + std::string(problem)};
}

Refusal not_found(std::string_view kind, std::string_view id) {
  return {4200, "Requested resource " + std::string(kind) + "=" + std::string(id.substr(0, 40)) +
                    " does not exist"};
}

Refusal unknown_conversation(std::string_view id) {
  return {4002,
          "The conversation_id " + std::string(id.substr(0, 40)) +
              " is invalid. Please check whether the conversation exists and belongs to you."};
}

Refusal no_permission(std::string_view what, std::string_view action) {
  return {4101, "Your token does not have permission to access " + std::string(what) + " " +
                    std::string(action) +
                    ". Please verify whether the resource ID or token is correct, and ensure that "
                    "the necessary permissions are enabled."};
}

Refusal conversation_occupied() {
  return {4016,
          "Conversation occupied: Another chat is currently active. Please wait for the ongoing "
          "chat to complete or create a new conversation to start a separate chat. Ensure only one "
          "chat runs at a time within the same conversation."};
}

std::string_view to_string(ChatStatus status) {
  switch (status) {
    case ChatStatus::created: return "created";
    case ChatStatus::in_progress: return "in_progress";
    case ChatStatus::completed: return "completed";
    case ChatStatus::failed: return "failed";
    case ChatStatus::requires_action: return "requires_action";
    case ChatStatus::canceled: return "canceled";
  }
  return "failed";
}

bool may_follow(ChatStatus from, ChatStatus to) {
  switch (from) {
    case ChatStatus::created:
      return to == ChatStatus::in_progress || to == ChatStatus::failed ||
             to == ChatStatus::canceled;
    case ChatStatus::in_progress:
      return to == ChatStatus::completed || to == ChatStatus::failed ||
             to == ChatStatus::requires_action || to == ChatStatus::canceled;
    case ChatStatus::requires_action: return to == ChatStatus::in_progress;
    case ChatStatus::completed:
    case ChatStatus::failed:
    case ChatStatus::canceled: return false;
  }
  return false;
}

}  // namespace dragoman::emulator::coze
