#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace dragoman::cli {
namespace {

constexpr int wrong_call = 2;

// The options of CLI11 write into these; parse() makes a Call of them.
struct Raw {
  std::string config;
  std::string host;
  std::string port;
  bool demo = false;
  bool no_demo = false;
  bool no_qr = false;
  daemon::MockOptions mock;
};

struct Verbs {
  CLI::App* serve = nullptr;
  CLI::App* login = nullptr;
  CLI::App* mock_codewhisperer = nullptr;
  CLI::App* mock_coze = nullptr;
  CLI::App* check = nullptr;
  CLI::App* print = nullptr;
  CLI::App* reference = nullptr;
  CLI::App* healthcheck = nullptr;
  CLI::App* version = nullptr;
};

void add_serve_options(CLI::App& app, Raw& raw) {
  auto* demo = app.add_flag("--demo", raw.demo, "Serve the demo: both upstreams emulated");
  app.add_flag("--no-demo", raw.no_demo, "Without an upstream answer 503, not the demo")
      ->excludes(demo);
}

void add_address_options(CLI::App& app, Raw& raw) {
  app.add_option("--host", raw.host, "Address to listen on (DRAGOMAN_HOST)");
  app.add_option("--port", raw.port, "Port to listen on, 0 picks one (PORT)");
}

void add_config_option(CLI::App& app, Raw& raw) {
  app.add_option("--config", raw.config, "TOML file (DRAGOMAN_CONFIG)");
}

CLI::App* add_emulator(CLI::App& mock, const char* name, const char* what, Raw& raw) {
  CLI::App* emulator = mock.add_subcommand(name, what);
  emulator->add_option("--host", raw.mock.host, "Address to listen on")->capture_default_str();
  emulator->add_option("--port", raw.mock.port, "Port to listen on, 0 picks one")
      ->check(CLI::Range(0, 65535));
  return emulator;
}

Verbs describe(CLI::App& app, Raw& raw) {
  Verbs verbs;
  add_config_option(app, raw);
  add_address_options(app, raw);
  add_serve_options(app, raw);
  app.require_subcommand(0, 1);
  app.footer("Settings come from the environment, .env and a TOML file: docs/configuration.md.");

  verbs.serve = app.add_subcommand("serve", "Run the gateway (what happens without a verb)");
  add_config_option(*verbs.serve, raw);
  add_address_options(*verbs.serve, raw);
  add_serve_options(*verbs.serve, raw);

  verbs.login = app.add_subcommand("login", "Sign in to AWS CodeWhisperer");
  add_config_option(*verbs.login, raw);
  verbs.login->add_flag("--no-qr", raw.no_qr, "Do not draw the address as a QR code");

  CLI::App* mock = app.add_subcommand("mock", "Emulate an upstream on this machine");
  mock->require_subcommand(1);
  verbs.mock_codewhisperer = add_emulator(*mock, "codewhisperer", "Emulate AWS CodeWhisperer", raw);
  verbs.mock_coze = add_emulator(*mock, "coze", "Emulate Coze", raw);

  CLI::App* config = app.add_subcommand("config", "Look at the configuration");
  config->require_subcommand(1);
  verbs.check = config->add_subcommand("check", "Say what is wrong with it");
  verbs.print = config->add_subcommand("print", "Show what is in effect, secrets masked");
  verbs.reference = config->add_subcommand("reference", "List all settings, in Markdown");
  for (CLI::App* verb : {verbs.check, verbs.print}) {
    add_config_option(*verb, raw);
    add_address_options(*verb, raw);
  }

  verbs.healthcheck = app.add_subcommand("healthcheck", "Ask a running gateway how it is");
  add_config_option(*verbs.healthcheck, raw);
  add_address_options(*verbs.healthcheck, raw);

  verbs.version = app.add_subcommand("version", "Print the version");
  return verbs;
}

Verb chosen(const Verbs& verbs, const Raw& raw) {
  if (verbs.login->parsed()) return LoginVerb{.qr_code = !raw.no_qr};
  if (verbs.check->parsed()) return ConfigVerb::check;
  if (verbs.print->parsed()) return ConfigVerb::print;
  if (verbs.reference->parsed()) return ConfigVerb::reference;
  if (verbs.healthcheck->parsed()) return HealthcheckVerb{};
  if (verbs.version->parsed()) return VersionVerb{};
  if (verbs.mock_codewhisperer->parsed() || verbs.mock_coze->parsed()) {
    MockVerb verb{raw.mock};
    verb.options.kind = verbs.mock_coze->parsed() ? daemon::MockOptions::Kind::coze
                                                  : daemon::MockOptions::Kind::codewhisperer;
    return verb;
  }
  ServeVerb verb;
  if (raw.demo) verb.demo = daemon::Demo::always;
  if (raw.no_demo) verb.demo = daemon::Demo::never;
  return verb;
}

}  // namespace

Parsed parse(std::vector<std::string> arguments) {
  Raw raw;
  CLI::App app("Dragoman: OpenAI clients speak with AWS CodeWhisperer and Coze", "dragoman");
  bool print_version = false;
  app.add_flag("--version", print_version, "Print the version");
  const Verbs verbs = describe(app, raw);
  std::ranges::reverse(arguments);  // as CLI11 wants them
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return Stop{0, app.help()};
  } catch (const CLI::ParseError& error) {
    return Stop{wrong_call, std::string("dragoman: ") + error.what() +
                                "\nRun `dragoman --help` for the verbs and their options.\n"};
  }
  Call call;
  call.verb = print_version ? Verb(VersionVerb{}) : chosen(verbs, raw);
  call.config_file = raw.config;
  if (!raw.host.empty()) call.settings.push_back({"--host", "server.host", raw.host});
  if (!raw.port.empty()) call.settings.push_back({"--port", "server.port", raw.port});
  return call;
}

}  // namespace dragoman::cli
