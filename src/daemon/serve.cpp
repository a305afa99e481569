#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstdio>
#include <ctime>
#include <fmt/format.h>

#include "daemon/credential_set.hpp"
#include "daemon/daemon.hpp"
#include "daemon/emulators.hpp"
#include "daemon/gateway.hpp"
#include "daemon/health.hpp"
#include "daemon/process.hpp"
#include "daemon/version.hpp"
#include "telemetry/log.hpp"

namespace dragoman::daemon {
namespace {

// The pace of an emulated answer: slow enough to see that it streams.
constexpr std::chrono::milliseconds demo_word_delay{30};

int fail(const Error& error) {
  fmt::print(stderr, "dragoman: {}\n", error.message);
  return 1;
}

void configure_log(const settings::Settings& settings) {
  log::Options options;
  options.level = settings.log.level == "debug"   ? log::Level::debug
                  : settings.log.level == "warn"  ? log::Level::warn
                  : settings.log.level == "error" ? log::Level::error
                                                  : log::Level::info;
  options.format =
      settings.log.format == settings::LogFormat::json ? log::Format::json : log::Format::text;
  log::configure(options);
}

// What an operator may have overlooked; nothing of it keeps the program from working.
void warn_of_oversights(const settings::Settings& settings, const CredentialSet& credentials) {
  const Credentials sources = credentials.sources();
  if (sources.coze != nullptr && settings.coze.bot_id.empty()) {
    log::warn("COZE_BOT_ID is not set: each request must name its bot (x-bot-id or coze/bot/<id>)");
  }
  const auto sign_in = credentials.sign_in_status();
  if (sign_in && sign_in().state == "signed_out") {
    log::warn("nobody is signed in to CodeWhisperer: run `dragoman login`");
  }
  if (settings.server.allow_anyone && settings.server.api_keys.empty()) {
    log::warn("anyone who can reach this address may call: no client keys are set");
  }
}

std::string base_url(const settings::Server& server, std::uint16_t port) {
  const bool v6 = server.host.find(':') != std::string::npos;
  return fmt::format("http://{}:{}", v6 ? '[' + server.host + ']' : server.host, port);
}

void announce(const settings::Settings& settings, std::uint16_t port, bool demo) {
  const std::string url = base_url(settings.server, port);
  fmt::print("dragoman listening on {}\n", url);
  std::fflush(stdout);
  if (!demo) return;
  fmt::print(stderr,
             "\n"
             "  DEMO: no upstream is configured, so both are emulated inside this program.\n"
             "  Every answer only echoes the question; no model is behind it.\n"
             "  To go live: `dragoman login` for AWS CodeWhisperer, or set COZE_API_KEY and\n"
             "  COZE_BOT_ID for Coze, then start again.\n"
             "\n"
             "  Try it:\n"
             "    curl -N {}/v1/chat/completions -H 'content-type: application/json' \\\n"
             "      -d '{{\"model\":\"codewhisperer\",\"stream\":true,"
             "\"messages\":[{{\"role\":\"user\",\"content\":\"Hello, interpreter!\"}}]}}'\n"
             "\n",
             url);
}

// The settings of a gateway whose upstreams are the emulators.
void point_at(const DemoUpstreams& demo, settings::Settings& settings) {
  settings.codewhisperer.endpoint = demo.codewhisperer_url();
  settings.codewhisperer.oidc_endpoint = demo.codewhisperer_url();
  settings.codewhisperer.api_key = Secret(std::string(emulator_codewhisperer_key));
  settings.codewhisperer.profile_arn.clear();
  settings.coze.base_url = demo.coze_url();
  settings.coze.api_key = Secret(std::string(emulator_coze_token));
  settings.coze.bot_id = std::string(emulator_coze_bot);
  settings.network = {};  // the emulators are on this machine: no proxy
}

Awaitable<void> end(Gateway& gateway, CredentialSet& credentials, net::Worker& home,
                    std::chrono::milliseconds limit) {
  const std::size_t cut = co_await gateway.drain(limit);
  if (cut > 0) log::warn("answers were cut off at the end of the drain time", {{"count", cut}});
  co_await credentials.close();
  home.io.stop();
}

}  // namespace

int run_serve(const settings::Settings& given, const ServeOptions& options) {
  prepare_process();
  settings::Settings settings = given;
  configure_log(settings);

  const bool configured = has_upstream(settings, options.codewhisperer_configured);
  const bool wants_demo =
      options.demo == Demo::always || (options.demo == Demo::automatic && !configured);
  std::unique_ptr<DemoUpstreams> demo;
  if (wants_demo) {
    auto started = DemoUpstreams::start(demo_word_delay);
    if (!started) return fail(started.error());
    demo = std::move(*started);
    point_at(*demo, settings);
  }
  const auto client_options = make_client_options(settings);
  if (!client_options) return fail(client_options.error());

  net::Worker home;
  auto credentials = CredentialSet::make(home, settings, *client_options,
                                         options.codewhisperer_configured || !configured);
  if (!credentials) return fail(credentials.error());

  serve::AppOptions app;
  app.api_keys = settings.server.api_keys;
  app.allow_anyone = settings.server.allow_anyone;
  app.cors = settings.server.cors;
  app.allowed_origins = settings.server.allowed_origins;
  app.access_log = settings.server.access_log;
  app.started_at = std::time(nullptr);
  app.health = make_health(settings, (*credentials)->sign_in_status(), wants_demo);

  Gateway gateway(home);
  const auto port = gateway.start(settings, *client_options, (*credentials)->sources(), app);
  if (!port) return fail(port.error());

  const auto stop = [&] {
    asio::co_spawn(home.executor(), end(gateway, **credentials, home, settings.limits.drain),
                   asio::detached);
  };
  StopSignals signals(home, stop);
  announce(settings, *port, wants_demo);
  warn_of_oversights(settings, **credentials);
  log::info("dragoman started",
            {{"version", version},
             {"port", *port},
             {"codewhisperer", (*credentials)->sources().codewhisperer != nullptr},
             {"coze", (*credentials)->sources().coze != nullptr},
             {"demo", wants_demo},
             {"client_keys", settings.server.api_keys.size()}});
  home.io.run();
  return 0;
}

int run_mock(const MockOptions& options) {
  prepare_process();
  net::Worker worker;
  std::optional<emulator::codewhisperer::CodewhispererEmulator> codewhisperer;
  std::optional<emulator::coze::CozeEmulator> coze;
  std::optional<net::Server> server;
  std::string_view name;
  switch (options.kind) {
    case MockOptions::Kind::codewhisperer:
      name = "codewhisperer";
      codewhisperer.emplace(worker);
      server.emplace(worker, emulator_limits(), codewhisperer->handler());
      break;
    case MockOptions::Kind::coze:
      name = "coze";
      coze.emplace(worker);
      server.emplace(worker, emulator_limits(), coze->handler());
      break;
  }
  const auto port = server->listen(options.host, options.port);
  if (!port) return fail(port.error());
  StopSignals signals(worker, [&] { worker.io.stop(); });
  fmt::print("mock {} listening on http://{}:{}\n", name, options.host, *port);
  std::fflush(stdout);
  worker.io.run();
  return 0;
}

}  // namespace dragoman::daemon
