#pragma once
// How one upstream call is to be answered, as told by whoever tests with an emulator.
//
//   auto script = parse_script(reader, dialect);    // from an admin call
//   auto mock = find_mock(text, dialect);           // from a user message: "!mock {...} more text"
//
// A script says up to three things, each of which may be missing:
//   - the answer: a plain one ("status", "headers", "body" or "body_base64") or a stream ("events",
//     "tail"). Neither: the emulator's usual answer to that call.
//   - "before": pauses before the head of the answer, [{"delay_ms":50},{"wait":"go"}].
//   - faults: "one_write", "write_bytes", "cut_at" with "cut", "truncate_clean_at", "hang_at",
//     "hang_head", "corrupt_at". They apply to every kind of answer.
// So {"write_bytes":1} is the usual answer in writes of one byte, and {"before":[{"wait":"go"}]}
// the usual answer once somebody signals "go".
//
// Steps both emulators know are types of their own; what only one upstream has ("exception",
// "failed", ...) is a NativeStep, named by the emulator's Dialect and encoded by it.
//
// Errors are bad_request and name the member: "events.2.delay_ms: expected an integer".

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "json/reader.hpp"

namespace dragoman::emulator {

using std::chrono::milliseconds;

inline constexpr std::size_t max_script_bytes = 4 * 1024 * 1024;
inline constexpr std::size_t max_script_steps = 20'000;
inline constexpr milliseconds max_script_delay{10 * 60 * 1000};

struct DelayStep {
  milliseconds duration{0};
  friend bool operator==(const DelayStep&, const DelayStep&) = default;
};
// Until POST /_emulator/signal names it.
struct WaitStep {
  std::string signal;
  friend bool operator==(const WaitStep&, const WaitStep&) = default;
};
using Pause = std::variant<DelayStep, WaitStep>;

struct TextStep {
  std::string text;
};
struct ReasoningStep {
  std::string text;
};
struct UsageStep {
  std::int64_t input = 0;
  std::int64_t output = 0;
};
// Any event of the upstream, verbatim.
struct EventStep {
  std::string event;
  std::string data;  // JSON text; "{}" when the script gave none
};
// A step only this upstream has: {"exception":{...}}.
struct NativeStep {
  std::string name;
  std::string data;  // JSON text of its value
};
struct RawStep {
  std::string bytes;  // put into the body as they are
};
using Step = std::variant<DelayStep, WaitStep, TextStep, ReasoningStep, UsageStep, EventStep,
                          NativeStep, RawStep>;

// Offsets count bytes of the body, without any framing of HTTP.
struct Faults {
  bool one_write = false;                        // the whole body in one write, after all pauses
  std::size_t write_bytes = 0;                   // above 0: at most so many bytes a write
  std::optional<std::size_t> cut_at;             // then the connection ends abruptly
  bool cut_with_reset = false;                   // by RST in place of FIN
  std::optional<std::size_t> truncate_clean_at;  // then the body ends properly
  std::optional<std::size_t> hang_at;            // then nothing until the client closes
  bool hang_head = false;                        // nothing at all until the client closes
  std::optional<std::size_t> corrupt_at;         // one bit of this byte is flipped

  bool any() const {
    return one_write || write_bytes > 0 || cut_at || truncate_clean_at || hang_at || hang_head ||
           corrupt_at;
  }
};

struct HeaderField {
  std::string name;  // lower case
  std::string value;
  friend bool operator==(const HeaderField&, const HeaderField&) = default;
};

struct Script {
  std::optional<int> status;         // 200..599
  std::vector<HeaderField> headers;  // replace the usual ones of the same name
  std::optional<std::string> body;   // a plain answer
  std::optional<std::vector<Step>> events;
  bool tail = true;  // append the usual end behind the events
  std::vector<Pause> before;
  Faults faults;

  // A status alone is a plain answer with an empty body.
  bool plain() const { return body.has_value() || (status.has_value() && !events); }
};

struct Dialect {
  std::span<const std::string_view> native_steps;
};

Result<Script> parse_script(const json::Reader& in, const Dialect& dialect);
Result<Script> parse_script(std::string_view text, const Dialect& dialect);

// A script inside a user message.
struct Mock {
  Script script;
  std::string rest;  // the text behind the script, trimmed: what the usual answer then echoes
};

// nullopt when the text does not begin with "!mock " (white space before it is skipped).
Result<std::optional<Mock>> find_mock(std::string_view text, const Dialect& dialect);

}  // namespace dragoman::emulator
