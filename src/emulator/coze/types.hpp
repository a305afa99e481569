#pragma once
// The things the Coze API speaks of, as plain values, and the refusals it answers with.

#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dragoman::emulator::coze {

// 19 decimal digits, on the wire always a string. 0: none.
using Id = std::uint64_t;

std::string format_id(Id id);  // "" for 0
// nullopt unless the text is 1 to 19 digits without a leading zero.
std::optional<Id> parse_id(std::string_view text);

using Pairs = std::vector<std::pair<std::string, std::string>>;  // a JSON object of strings

// A call the service refuses: the envelope's code and msg. HTTP 200 unless said otherwise.
struct Refusal {
  std::int64_t code = 0;
  std::string msg;
  int status = 200;
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

template <class T>
using Outcome = boost::system::result<T, Refusal>;

// Outcome::value() on a refusal is a programming mistake.
[[noreturn]] void throw_exception_from_error(const Refusal& refusal, const boost::source_location&);

Refusal bad_parameter(std::string_view problem);                        // 4000
Refusal not_found(std::string_view kind, std::string_view id);          // 4200
Refusal unknown_conversation(std::string_view id);                      // 4002
Refusal no_permission(std::string_view what, std::string_view action);  // 4101
Refusal conversation_occupied();                                        // 4016

enum class ChatStatus { created, in_progress, completed, failed, requires_action, canceled };
std::string_view to_string(ChatStatus status);
// The state machine: created -> in_progress -> completed | failed | requires_action | canceled;
// created -> failed | canceled; requires_action -> in_progress. Everything else is impossible.
bool may_follow(ChatStatus from, ChatStatus to);

struct LastError {
  std::int64_t code = 0;
  std::string msg;
};

struct Usage {
  std::int64_t input = 0;
  std::int64_t output = 0;
};

// What a chat in requires_action waits for.
struct RequiredAction {
  std::string json;                   // the object "required_action"
  std::vector<std::string> call_ids;  // of its tool calls
};

struct Message {
  Id id = 0;
  Id conversation = 0;
  Id section = 0;
  Id bot = 0;   // 0: created by a call
  Id chat = 0;  // 0: likewise
  std::string role;
  std::string type;  // "" for created ones that named none
  std::string content;
  std::string content_type = "text";
  std::string reasoning;
  Pairs meta_data;
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
  bool modified = false;
};

struct Conversation {
  Id id = 0;
  Id section = 0;  // of the next message
  Id bot = 0;      // 0: not known
  std::string owner;
  std::string name;
  std::string connector_id = "1024";
  Pairs meta_data;
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
  std::vector<Message> messages;  // ids grow
  std::vector<Id> chats;
};

// How a turn goes out, settled when its last event is written or a poll finds it ready.
struct Ending {
  ChatStatus status = ChatStatus::completed;
  LastError last_error;
  Usage usage;
  std::optional<RequiredAction> action;
  std::vector<Message> messages;  // what the turn made, in order
};

struct Chat {
  Id id = 0;
  Id conversation = 0;
  Id section = 0;
  Id bot = 0;
  std::string owner;
  ChatStatus status = ChatStatus::created;
  bool saved = true;  // auto_save_history
  bool studio = false;
  std::int64_t created_at = 0;
  std::int64_t completed_at = 0;
  std::int64_t failed_at = 0;
  Pairs meta_data;
  LastError last_error;
  Usage usage;
  std::optional<RequiredAction> action;
  std::vector<Id> inserted;         // ids of the stored additional messages
  std::int64_t context_tokens = 0;  // of what the model was shown

  std::optional<Ending> pending;   // while in_progress
  int polls_left = 0;              // before pending applies; for stream:false
  bool polled = false;             // stream:false: polls settle it
  std::int64_t ready_at_ms = 0;    // polls before this moment count, but settle nothing
  std::int64_t settles_at_ms = 0;  // abandoned: pending applies from then on; 0: not abandoned
};

}  // namespace dragoman::emulator::coze
