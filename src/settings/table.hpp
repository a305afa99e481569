#pragma once
// Every setting once: its names, what it takes, what it means, and where it goes. The environment,
// `.env`, the TOML file, `config print` and docs/configuration.md are all driven by this table.

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.hpp"
#include "settings/settings.hpp"

namespace dragoman::settings {

// A member of a Settings. Its type says what the setting takes.
using Target =
    std::variant<std::string*, Secret*, bool*, std::uint16_t*, unsigned*, std::size_t*,
                 milliseconds*, std::vector<std::string>*, std::vector<Secret>*, LogFormat*>;

enum class Shape {
  plain,    // any text
  url,      // http or https, host, optional port and path; a slash at the end is taken off
  address,  // an IP address; "localhost" becomes 127.0.0.1
  word,     // one of Setting::choices
  bytes,    // a number, also "32MiB"
};

inline constexpr std::size_t max_names = 3;
inline constexpr std::size_t max_choices = 4;

struct Setting {
  std::string_view key;               // in the TOML file: "server.port"
  std::string_view names[max_names];  // in the environment, the first that is set wins
  Target (*target)(Settings&);
  std::string_view meaning;  // one line for the documentation
  Shape shape = Shape::plain;
  std::string_view choices[max_choices] = {};
  // Of numbers as they are, and of durations in milliseconds.
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

std::span<const Setting> table();

// Null when there is no such key.
const Setting* find_setting(std::string_view key);

// Secrets can also be read from a file: "<key>_file" and "<NAME>_FILE".
bool is_secret(const Setting& setting);

// Sets the member from text, as the environment and the command line have it. Errors: bad_request;
// the message is a phrase ("expected a number from 0 to 65535") that never quotes a secret.
Result<void> assign(const Setting& setting, Settings& settings, std::string_view text);

// The same for a list that is already in parts. Only for settings that are lists.
Result<void> assign_items(const Setting& setting, Settings& settings,
                          const std::vector<std::string>& items);

// What a TOML value may be for this setting.
struct Takes {
  bool text = false;
  bool integer = false;
  bool real = false;
  bool boolean = false;
  bool list = false;
};
Takes takes(const Setting& setting);

// "text", "secret", "true or false", "number", "duration", "list", "chat | workflow" ...
std::string kind_of(const Setting& setting);

// The value as TOML; secrets are masked, and so is user information inside a URL.
std::string format_value(const Setting& setting, const Settings& settings);

// The table of docs/configuration.md, in Markdown.
std::string reference_markdown();

// The spelling nearest to `name`, or empty when nothing is near.
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace dragoman::settings
