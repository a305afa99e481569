#pragma once
// The whole CodeWhisperer on one port of the loopback: chat in both bindings, models, limits,
// profiles, and the sign-in service; with scripts, faults and a record of requests.
//
//   CodewhispererEmulator emulator(worker, options);
//   auto port = emulator.listen("127.0.0.1", 0);        // Result<uint16_t>
//   ...
//   co_await emulator.drain(5s);
//
// Or serve emulator.handler() from a server of your own. A gateway's settings
// CODEWHISPERER_ENDPOINT and CODEWHISPERER_OIDC_ENDPOINT are both http://127.0.0.1:<port>.
//
// Accepted: the API keys of the options with the header tokentype: API_KEY, their bearers, and the
// access tokens it issued itself. The worker must outlive the emulator, the emulator its handler.
// Belongs to the worker's thread.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "emulator/admin.hpp"
#include "emulator/codewhisperer/runtime.hpp"
#include "emulator/codewhisperer/service_error.hpp"
#include "emulator/codewhisperer/tokens.hpp"
#include "emulator/codewhisperer/validate.hpp"
#include "net/server.hpp"

namespace dragoman::emulator::codewhisperer {

struct Options {
  std::vector<std::string> api_keys{"ksk_emulator"};
  std::vector<std::string> bearers{"demo-access-token"};  // valid for ever
  std::vector<Profile> profiles;                          // a plain Builder ID has none
  RuleOptions rules;
  TokenOptions tokens;
  bool explain_errors = false;              // name the broken rule in the message
  std::chrono::milliseconds word_delay{0};  // between the words of the usual answer
};

// A call, decided upon: what the player needs.
struct Reply {
  std::string operation;
  Answer answer;
  std::vector<Pause> before;
  Faults faults;
  std::string refused;  // the broken rule, for the record
};

class CodewhispererEmulator {
 public:
  explicit CodewhispererEmulator(net::Worker& worker, Options options = {});
  CodewhispererEmulator(const CodewhispererEmulator&) = delete;
  CodewhispererEmulator& operator=(const CodewhispererEmulator&) = delete;

  net::Handler handler();

  // Serves until drain(). Errors as net::Server::listen().
  Result<std::uint16_t> listen(const std::string& host, std::uint16_t port);
  Awaitable<std::size_t> drain(std::chrono::milliseconds limit);

  // Without any socket: what the emulator says to a request. Admin routes included.
  Reply reply_to(const net::Request& request, std::string_view body);

  Control& control() { return control_; }

 private:
  struct Call;

  Awaitable<void> answer(net::Exchange& exchange);
  Call classify(const net::Request& request) const;
  std::optional<ServiceError> check_bearer(const net::Request& request) const;
  Reply reply(const Call& call, const net::Request& request, std::string_view body);
  Reply chat(const Call& call, std::string_view body);
  Answer oidc(const Call& call, const net::Request& request, std::string_view body);
  Answer approval_page(const net::Request& request);

  net::Worker& worker_;
  const Options options_;
  Control control_;
  TokenService tokens_;
  Admin admin_;
  std::unique_ptr<net::Server> server_;
};

}  // namespace dragoman::emulator::codewhisperer
