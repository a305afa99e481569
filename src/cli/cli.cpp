#include "cli/cli.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

#include "base/overloaded.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "daemon/daemon.hpp"
#include "daemon/version.hpp"
#include "settings/load.hpp"
#include "settings/table.hpp"

namespace dragoman::cli {
namespace {

constexpr int wrong_call = 2;

settings::Loaded load_settings(const Call& call) {
  settings::Sources sources =
      settings::find_sources(call.config_file, settings::process_environment());
  sources.options = call.settings;
  return settings::load(sources);
}

// Says what there is to say; false when the configuration cannot be used.
bool report(const settings::Loaded& loaded) {
  for (const std::string& line : loaded.warnings) fmt::print(stderr, "warning: {}\n", line);
  for (const std::string& line : loaded.errors) fmt::print(stderr, "error: {}\n", line);
  return loaded.errors.empty();
}

// Somebody who set anything about CodeWhisperer wants it, signed in or not.
bool names_codewhisperer(const settings::Loaded& loaded) {
  return std::ranges::any_of(loaded.origins, [](const auto& entry) {
    return entry.first.starts_with("codewhisperer.") || entry.first == "server.state_dir";
  });
}

template <class Run>
int with_settings(const Call& call, Run run) {
  const settings::Loaded loaded = load_settings(call);
  if (!report(loaded)) return wrong_call;
  return run(loaded);
}

int run_config(const Call& call, ConfigVerb verb) {
  switch (verb) {
    case ConfigVerb::check:
      return with_settings(call, [](const settings::Loaded&) {
        fmt::print("the configuration is good\n");
        return 0;
      });
    case ConfigVerb::print:
      return with_settings(call, [](const settings::Loaded& loaded) {
        fmt::print("{}", settings::format_settings(loaded));
        return 0;
      });
    case ConfigVerb::reference: fmt::print("{}", settings::reference_markdown()); return 0;
  }
  return wrong_call;
}

}  // namespace

int run(int argc, char** argv) {
  Parsed parsed = parse(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  if (const auto* stop = std::get_if<Stop>(&parsed)) {
    fmt::print(stop->code == 0 ? stdout : stderr, "{}", stop->text);
    return stop->code;
  }
  const Call& call = std::get<Call>(parsed);
  return std::visit(overloaded{
                        [&](const ServeVerb& verb) {
                          return with_settings(call, [&](const settings::Loaded& loaded) {
                            const daemon::ServeOptions options{
                                .demo = verb.demo,
                                .codewhisperer_configured = names_codewhisperer(loaded)};
                            return daemon::run_serve(loaded.settings, options);
                          });
                        },
                        [&](const LoginVerb& verb) {
                          return with_settings(call, [&](const settings::Loaded& loaded) {
                            return run_login(loaded.settings, verb.qr_code);
                          });
                        },
                        [](const MockVerb& verb) { return daemon::run_mock(verb.options); },
                        [&](const ConfigVerb& verb) { return run_config(call, verb); },
                        [&](const HealthcheckVerb&) {
                          return with_settings(call, [](const settings::Loaded& loaded) {
                            return run_healthcheck(loaded.settings);
                          });
                        },
                        [](const VersionVerb&) {
                          fmt::print("dragoman {}\n", daemon::version);
                          return 0;
                        },
                    },
                    call.verb);
}

}  // namespace dragoman::cli
