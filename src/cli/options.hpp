#pragma once
// The command line, read into values. Only options.cpp includes CLI11: it costs seconds a file.
//
//   Parsed parsed = parse(arguments);
//   if (auto* stop = std::get_if<Stop>(&parsed)) { print stop->text; return stop->code; }
//   auto& call = std::get<Call>(parsed);

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "daemon/daemon.hpp"
#include "settings/load.hpp"

namespace dragoman::cli {

struct ServeVerb {
  daemon::Demo demo = daemon::Demo::automatic;
};
struct LoginVerb {
  bool qr_code = true;
};
struct MockVerb {
  daemon::MockOptions options;
};
enum class ConfigVerb { check, print, reference };
struct HealthcheckVerb {};
struct VersionVerb {};

using Verb = std::variant<ServeVerb, LoginVerb, MockVerb, ConfigVerb, HealthcheckVerb, VersionVerb>;

struct Call {
  Verb verb = ServeVerb{};
  std::string config_file;                 // --config
  std::vector<settings::Option> settings;  // options that stand for settings
};

// Nothing to run: help was asked for (code 0), or the call is wrong (code 2).
struct Stop {
  int code = 0;
  std::string text;
};

using Parsed = std::variant<Call, Stop>;

// arguments: without the name of the program.
Parsed parse(std::vector<std::string> arguments);

}  // namespace dragoman::cli
