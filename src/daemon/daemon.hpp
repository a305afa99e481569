#pragma once
// The programs behind the verbs serve and mock: they run until a signal ends them.
//
// Standard output gets one line when the program listens ("dragoman listening on http://...");
// everything else goes to standard error. SIGTERM and SIGINT let running answers end (up to the
// drain limit), then return 0; a second signal ends the process at once.
//
// Return values are exit codes: 0, or 1 with a message on standard error.

#include <cstdint>
#include <string>

#include "settings/settings.hpp"

namespace dragoman::daemon {

enum class Demo {
  automatic,  // when no upstream is configured
  always,
  never,  // without an upstream every chat is answered 503 with a hint
};

struct ServeOptions {
  Demo demo = Demo::automatic;
  // Some setting of CodeWhisperer was given, so it is wanted even without a login.
  bool codewhisperer_configured = false;
};

int run_serve(const settings::Settings& settings, const ServeOptions& options);

struct MockOptions {
  enum class Kind { codewhisperer, coze };
  Kind kind = Kind::codewhisperer;
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
};

int run_mock(const MockOptions& options);

}  // namespace dragoman::daemon
