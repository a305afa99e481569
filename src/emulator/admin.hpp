#pragma once
// The control routes of an emulator, below /_emulator/, without authentication.
//
//   POST /_emulator/script    {"operation":"chat","times":1,"answer":{script}}   queued
//   POST /_emulator/signal    {"name":"go","keep":false}
//   POST /_emulator/clock     {"advance_ms":n}
//   POST /_emulator/reset     forgets scripts, signals, records and the clock's offset
//   GET  /_emulator/requests[?operation=chat]
//   GET  /_emulator/state
//
// Each emulator adds its own routes and members of the state by AdminHooks. Everything that is
// wrong is 400 {"error":"operation: ..."}; what is done answers 200 {"ok":true}.
//
// Control is the state these routes steer; the emulator owns one and asks it while it answers.
// Belongs to one thread.

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/answer.hpp"
#include "emulator/clock.hpp"
#include "emulator/recorder.hpp"
#include "emulator/script.hpp"
#include "emulator/signals.hpp"
#include "json/writer.hpp"

namespace dragoman::emulator {

// Scripts waiting for their call, first in, first out, for each operation.
class ScriptQueue {
 public:
  static constexpr std::size_t max_scripts = 1'000;  // of one operation
  static constexpr std::size_t max_times = 1'000'000;

  // False: full.
  bool push(const std::string& operation, Script script, std::size_t times = 1);
  std::optional<Script> take(const std::string& operation);
  std::map<std::string, std::size_t> sizes() const;
  void reset() { queues_.clear(); }

 private:
  struct Entry {
    Script script;
    std::size_t times;
  };
  std::map<std::string, std::deque<Entry>> queues_;
};

struct Control {
  Recorder recorder;
  ScriptQueue scripts;
  Signals signals;
  Clock clock;
};

struct AdminHooks {
  Dialect dialect;
  std::vector<std::string> operations;  // that a script may name
  // More than parse_script() can see; may be empty. For example: does every native step encode?
  std::function<Result<void>(const std::string& operation, const Script&)> check_script;
  // Own POST routes: `route` is what follows /_emulator/. nullopt: no such route.
  // The value is the JSON text of the 200 answer.
  std::function<std::optional<Result<std::string>>(std::string_view route, const json::Reader&)>
      post;
  // Appends members to the object of /_emulator/state.
  std::function<void(json::Writer&)> state;
  std::function<void()> reset;
};

class Admin {
 public:
  Admin(Control& control, AdminHooks hooks);

  static bool owns(std::string_view path) { return path.starts_with("/_emulator/"); }

  // Never fails: what is wrong is in the answer.
  Answer answer(std::string_view method, std::string_view path, std::string_view query,
                std::string_view body);

 private:
  Result<std::string> post(std::string_view route, std::string_view body);
  Result<std::string> queue_script(const json::Reader& body);
  std::string state() const;

  Control& control_;
  AdminHooks hooks_;
};

}  // namespace dragoman::emulator
