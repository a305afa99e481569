#pragma once
// The emulated upstreams of `dragoman mock` and of the demo: one thread, one socket each.

#include <chrono>
#include <memory>
#include <optional>

#include "daemon/thread.hpp"
#include "emulator/codewhisperer/emulator.hpp"
#include "emulator/coze/emulator.hpp"
#include "net/server.hpp"

namespace dragoman::daemon {

// What the emulators accept without any preparation.
inline constexpr std::string_view emulator_codewhisperer_key = "ksk_emulator";
inline constexpr std::string_view emulator_coze_token = "pat_emulator";
inline constexpr std::string_view emulator_coze_bot = "7401000000000000001";

net::ServerLimits emulator_limits();

// Both emulators on loopback, on ports of the system's choice, until the object dies.
class DemoUpstreams {
 public:
  // Errors: those of listening.
  static Result<std::unique_ptr<DemoUpstreams>> start(std::chrono::milliseconds word_delay);
  ~DemoUpstreams();

  std::string codewhisperer_url() const;
  std::string coze_url() const;

 private:
  explicit DemoUpstreams(std::chrono::milliseconds word_delay);

  Thread thread_;
  std::optional<emulator::codewhisperer::CodewhispererEmulator> codewhisperer_;
  std::optional<emulator::coze::CozeEmulator> coze_;
  std::optional<net::Server> codewhisperer_server_;
  std::optional<net::Server> coze_server_;
  std::uint16_t codewhisperer_port_ = 0;
  std::uint16_t coze_port_ = 0;
};

}  // namespace dragoman::daemon
