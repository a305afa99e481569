#pragma once
// Brings settings together from all the places they may be in.
//
//   Sources sources = find_sources("", process_environment());      // touches files
//   Loaded loaded = load(sources);                                  // does not
//   for (auto& warning : loaded.warnings) ...
//   if (!loaded.errors.empty()) return 2;                           // one message each
//   run(loaded.settings);
//
// The first that has a value wins: command line, real environment, `.env` in the working directory,
// TOML file, default. A variable or text that is set but empty counts as not set. A value that is a
// template's placeholder (your_api_key) counts as not set, with a warning.
//
// Messages name the place ("dragoman.toml:3:1: server.prot: unknown key; did you mean ...") and
// never hold a secret.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "settings/settings.hpp"

namespace dragoman::settings {

using Environment = std::map<std::string, std::string, std::less<>>;

struct TextFile {
  std::string name;  // as messages show it
  std::string text;
};

// An option of the command line that stands for a setting.
struct Option {
  std::string name;  // "--port"
  std::string key;   // "server.port"
  std::string value;
};

struct Sources {
  std::vector<Option> options;
  Environment environment;
  std::optional<TextFile> dotenv;
  std::optional<TextFile> toml;
  // Reads the file of a secret ("COZE_API_KEY_FILE"). Unset: such files are an error.
  std::function<Result<std::string>(const std::string& path)> read_file;
  std::vector<std::string> errors;  // of find_sources(); load() hands them on
};

struct Loaded {
  Settings settings;
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  // Where each value came from that is no default: key -> "environment PORT", "dragoman.toml:3".
  std::map<std::string, std::string, std::less<>> origins;
};

// Pure, but for Sources::read_file.
Loaded load(const Sources& sources);

// The effective configuration as TOML, secrets masked, each line with its origin.
std::string format_settings(const Loaded& loaded);

// Reads `.env` of the working directory and the TOML file: `config_file` when given, else
// $DRAGOMAN_CONFIG, ./dragoman.toml, ~/.config/dragoman/dragoman.toml, /etc/dragoman/dragoman.toml.
// A file that is named must be there; the others may be missing. Files over 1 MiB are refused.
Sources find_sources(const std::string& config_file, Environment environment);

// This process's environment; HOME is filled in from the user database when it is missing.
Environment process_environment();

}  // namespace dragoman::settings
