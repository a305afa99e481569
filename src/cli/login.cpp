#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <fmt/format.h>

#include "backends/codewhisperer/signin.hpp"
#include "backends/codewhisperer/signin_http.hpp"
#include "base/task_group.hpp"
#include "cli/qr.hpp"
#include "cli/verbs.hpp"
#include "daemon/lane.hpp"
#include "daemon/process.hpp"
#include "net/client.hpp"
#include "net/worker.hpp"

namespace dragoman::cli {
namespace {

using codewhisperer::DevicePrompt;
using codewhisperer::Tokens;

void show(const DevicePrompt& prompt, bool qr_code) {
  const bool has_complete = !prompt.verification_uri_complete.empty();
  const std::string& address =
      has_complete ? prompt.verification_uri_complete : prompt.verification_uri;
  fmt::print("\nOpen this address in a browser and approve the sign-in:\n\n  {}\n\n", address);
  fmt::print("Code: {}\n\n", prompt.user_code);
  if (qr_code) fmt::print("{}\n", draw_qr_code(address));
  fmt::print("Waiting for the approval, {} minutes at most. Ctrl-C gives up.\n",
             std::chrono::ceil<std::chrono::minutes>(prompt.expires_in).count());
  std::fflush(stdout);
}

void report(const Error& error) {
  fmt::print(stderr, "dragoman: {}\n", error.message);
  if (!error.detail.empty()) fmt::print(stderr, "dragoman: {}\n", error.detail);
}

Awaitable<void> sign_in_and_stop(codewhisperer::OidcSend send, codewhisperer::StateDir& dir,
                                 codewhisperer::SignInOptions options,
                                 std::function<void(const DevicePrompt&)> show_prompt,
                                 asio::io_context& io, int& code) {
  auto tokens = co_await codewhisperer::sign_in(std::move(send), dir, std::move(options),
                                                std::move(show_prompt));
  if (tokens) {
    fmt::print("Signed in. The sign-in is kept in {}.\n", dir.path());
    code = 0;
  } else {
    report(tokens.error());
    code = 1;
  }
  // Behind the end of this coroutine, so that nothing of it is left when the loop stops.
  asio::post(io, [&io] { io.stop(); });
}

}  // namespace

int run_login(const settings::Settings& settings, bool qr_code) {
  auto client_options = daemon::make_client_options(settings);
  if (!client_options) {
    report(client_options.error());
    return 1;
  }
  if (settings.server.state_dir.empty()) {
    report(Error(ErrorKind::internal, "no folder for the sign-in is set: set DRAGOMAN_STATE_DIR"));
    return 1;
  }
  daemon::prepare_process();
  net::Worker worker;
  net::Client client(worker, std::move(*client_options));
  codewhisperer::StateDir dir(settings.server.state_dir);
  codewhisperer::SignInOptions options;
  options.start_url = settings.codewhisperer.start_url;
  options.region = settings.codewhisperer.region;
  int code = 1;
  TaskGroup tasks(worker.executor());
  asio::signal_set signals(worker.io, SIGINT, SIGTERM);
  signals.async_wait([&tasks](boost::system::error_code ec, int) {
    if (!ec) tasks.cancel();
  });
  auto send = codewhisperer::make_oidc_send(client, settings.codewhisperer);
  auto show_prompt = [qr_code](const DevicePrompt& prompt) { show(prompt, qr_code); };
  tasks.spawn(
      sign_in_and_stop(std::move(send), dir, std::move(options), show_prompt, worker.io, code));
  worker.io.run();
  return code;
}

}  // namespace dragoman::cli
