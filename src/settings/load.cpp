#include "settings/load.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

#include "settings/check.hpp"
#include "settings/dotenv.hpp"
#include "settings/table.hpp"
#include "settings/toml_file.hpp"
#include "settings/values.hpp"

namespace dragoman::settings {
namespace {

constexpr std::string_view file_suffix = "_FILE";
constexpr std::string_view toml_file_suffix = "_file";

// One value found for a setting, not looked at yet.
struct Candidate {
  std::string place;   // before an error: "PORT", ".env:3: PORT", "dragoman.toml:3:1: server.port"
  std::string origin;  // for format_settings
  std::string text;
  std::vector<std::string> items = {};
  bool is_list = false;
  bool is_path = false;  // text names a file that holds the secret
};

struct DotenvValue {
  std::string value;
  std::size_t line = 0;
};

bool same_name(std::string_view name, std::string_view setting, std::string_view suffix) {
  return name.size() == setting.size() + suffix.size() && name.starts_with(setting) &&
         name.ends_with(suffix);
}

class Loader {
 public:
  explicit Loader(const Sources& sources) : sources_(sources) {}

  Loaded run() {
    loaded_.errors = sources_.errors;
    read_dotenv();
    read_toml();
    for (const Setting& setting : table()) load_one(setting);
    if (!placeholders_.empty()) {
      loaded_.warnings.push_back(
          fmt::format("{}: a template's placeholder, ignored", fmt::join(placeholders_, ", ")));
    }
    warn_about_unknown_names();
    check(sources_.environment, loaded_);
    return std::move(loaded_);
  }

 private:
  void error(std::string text) { loaded_.errors.push_back(std::move(text)); }

  void read_dotenv() {
    if (!sources_.dotenv) return;
    auto entries = parse_dotenv(sources_.dotenv->text);
    if (!entries) {
      error(sources_.dotenv->name + ": " + entries.error().message);
      return;
    }
    for (DotenvEntry& entry : *entries) {
      dotenv_[entry.name] = {std::move(entry.value), entry.line};
    }
  }

  void read_toml() {
    if (!sources_.toml) return;
    auto values = parse_toml(sources_.toml->text);
    if (!values) {
      error(sources_.toml->name + ":" + values.error().message);
      return;
    }
    for (TomlValue& value : *values) {
      if (value.kind == TomlValue::Kind::table && is_section(value.key)) continue;
      if (is_known_key(value.key)) {
        toml_[value.key] = std::move(value);
      } else {
        error(fmt::format("{}: {}: unknown key{}", place(value), shown(value.key),
                          suggestion(value.key)));
      }
    }
  }

  std::string place(const TomlValue& value) const {
    return fmt::format("{}:{}:{}", sources_.toml->name, value.line, value.column);
  }

  static std::string shown(std::string_view name) {
    constexpr std::size_t longest = 60;
    return std::string(name.substr(0, longest));
  }

  static bool is_section(std::string_view key) {
    return std::ranges::any_of(table(), [&](const Setting& setting) {
      return setting.key.starts_with(key) && setting.key.substr(key.size()).starts_with('.');
    });
  }

  static bool is_known_key(std::string_view key) {
    return std::ranges::any_of(table(), [&](const Setting& setting) {
      return key == setting.key ||
             (is_secret(setting) && same_name(key, setting.key, toml_file_suffix));
    });
  }

  static std::string suggestion(std::string_view key) {
    std::vector<std::string_view> keys;
    const auto dot = key.rfind('.');
    const std::string_view leaf = dot == std::string_view::npos ? key : key.substr(dot + 1);
    std::string_view same_leaf;
    for (const Setting& setting : table()) {
      keys.push_back(setting.key);
      if (setting.key.substr(setting.key.find('.') + 1) == leaf) same_leaf = setting.key;
    }
    std::string_view near = nearest(key, keys);
    if (near.empty()) near = same_leaf;  // the right word in the wrong section
    return near.empty() ? std::string() : fmt::format("; did you mean {}?", near);
  }

  void load_one(const Setting& setting) {
    for (auto find : {&Loader::from_options, &Loader::from_environment, &Loader::from_dotenv,
                      &Loader::from_toml}) {
      auto candidate = (this->*find)(setting);
      if (candidate && take(setting, std::move(*candidate))) return;
    }
  }

  // True when the search is over: the value was taken, or is wrong.
  bool take(const Setting& setting, Candidate candidate) {
    if (candidate.is_path && !read_secret(candidate)) return true;
    if (ignores_placeholders(setting) && is_placeholder(candidate.text)) {
      placeholders_.push_back(candidate.place);
      return false;
    }
    auto assigned = candidate.is_list ? assign_items(setting, loaded_.settings, candidate.items)
                                      : assign(setting, loaded_.settings, candidate.text);
    if (!assigned) {
      error(candidate.place + ": " + assigned.error().message);
      return true;
    }
    loaded_.origins.emplace(setting.key, candidate.origin);
    return true;
  }

  static bool ignores_placeholders(const Setting& setting) {
    Settings any;
    const Target target = setting.target(any);
    if (std::holds_alternative<Secret*>(target)) return true;
    return std::holds_alternative<std::string*>(target) && setting.shape == Shape::plain &&
           setting.key.starts_with("coze.");
  }

  bool read_secret(Candidate& candidate) {
    if (!sources_.read_file) {
      error(candidate.place + ": files of secrets cannot be read here");
      return false;
    }
    auto text = sources_.read_file(candidate.text);
    if (!text) {
      error(candidate.place + ": " + text.error().message);
      return false;
    }
    candidate.text = trim(*text);
    if (candidate.text.empty()) {
      error(candidate.place + ": the file is empty");
      return false;
    }
    return true;
  }

  std::optional<Candidate> from_options(const Setting& setting) {
    for (const Option& option : sources_.options) {
      if (option.key == setting.key) {
        return Candidate{
            .place = option.name, .origin = "option " + option.name, .text = option.value};
      }
    }
    return std::nullopt;
  }

  // Finds NAME, or NAME_FILE for secrets, through `look`, which returns {value, place, origin}.
  template <class Look>
  std::optional<Candidate> from_names(const Setting& setting, Look look) {
    for (std::string_view name : setting.names) {
      if (name.empty()) break;
      std::optional<Candidate> found = look(name);
      if (is_secret(setting)) {
        std::optional<Candidate> file = look(std::string(name) + std::string(file_suffix));
        if (found && file) {
          error(fmt::format("{}: set together with {}{}; keep one of them", found->place, name,
                            file_suffix));
          return std::nullopt;
        }
        if (file) {
          file->is_path = true;
          return file;
        }
      }
      if (found) return found;
    }
    return std::nullopt;
  }

  std::optional<Candidate> from_environment(const Setting& setting) {
    return from_names(setting, [this](std::string_view name) -> std::optional<Candidate> {
      const auto found = sources_.environment.find(name);
      if (found == sources_.environment.end() || trim(found->second).empty()) return std::nullopt;
      return Candidate{.place = std::string(name),
                       .origin = "environment " + std::string(name),
                       .text = found->second};
    });
  }

  std::optional<Candidate> from_dotenv(const Setting& setting) {
    return from_names(setting, [this](std::string_view name) -> std::optional<Candidate> {
      const auto found = dotenv_.find(name);
      if (found == dotenv_.end() || trim(found->second.value).empty()) return std::nullopt;
      const std::string place = fmt::format("{}:{}", sources_.dotenv->name, found->second.line);
      return Candidate{.place = fmt::format("{}: {}", place, name),
                       .origin = fmt::format("{} {}", place, name),
                       .text = found->second.value};
    });
  }

  std::optional<Candidate> from_toml(const Setting& setting) {
    auto found = toml_.find(setting.key);
    const auto file = is_secret(setting)
                          ? toml_.find(std::string(setting.key) + std::string(toml_file_suffix))
                          : toml_.end();
    if (found != toml_.end() && file != toml_.end()) {
      error(fmt::format("{}: {}: set together with {}; keep one of them", place(file->second),
                        file->first, setting.key));
      return std::nullopt;
    }
    const bool is_path = file != toml_.end();
    if (is_path) found = file;
    if (found == toml_.end()) return std::nullopt;
    const TomlValue& value = found->second;
    const std::string where = place(value) + ": " + found->first;
    const Takes accepted = is_path ? Takes{.text = true} : takes(setting);
    if (!fits(value.kind, accepted)) {
      error(fmt::format("{}: expected {}", where, describe(accepted)));
      return std::nullopt;
    }
    if (value.kind == TomlValue::Kind::text && trim(value.text).empty()) return std::nullopt;
    return Candidate{.place = where,
                     .origin = fmt::format("{}:{}", sources_.toml->name, value.line),
                     .text = value.text,
                     .items = value.items,
                     .is_list = value.kind == TomlValue::Kind::list,
                     .is_path = is_path};
  }

  static bool fits(TomlValue::Kind kind, const Takes& accepted) {
    switch (kind) {
      case TomlValue::Kind::text: return accepted.text;
      case TomlValue::Kind::integer: return accepted.integer;
      case TomlValue::Kind::real: return accepted.real;
      case TomlValue::Kind::boolean: return accepted.boolean;
      case TomlValue::Kind::list: return accepted.list;
      case TomlValue::Kind::table:
      case TomlValue::Kind::other: return false;
    }
    return false;
  }

  static std::string describe(const Takes& accepted) {
    if (accepted.list) return "a list of texts, [\"...\"]";
    if (accepted.boolean) return "true or false";
    if (accepted.real) return "a duration: \"15s\", \"500ms\", or a number of seconds";
    if (accepted.integer && accepted.text) return "a number of bytes: 65536 or \"32MiB\"";
    if (accepted.integer) return "a number";
    return "a text, \"...\"";
  }

  // A name that begins like ours and is none of ours is most likely misspelt.
  void warn_about_unknown_names() {
    std::vector<std::string_view> names = {"DRAGOMAN_CONFIG"};
    std::set<std::string, std::less<>> known = {"DRAGOMAN_CONFIG", "COZE_BASE_WS_URL"};
    for (const Setting& setting : table()) {
      for (std::string_view name : setting.names) {
        if (name.empty()) break;
        names.push_back(name);
        known.emplace(name);
        if (is_secret(setting)) known.insert(std::string(name) + std::string(file_suffix));
      }
    }
    const auto look_at = [&](std::string_view name, std::string_view value,
                             const std::string& place) {
      const bool ours = name.starts_with("DRAGOMAN_") || name.starts_with("COZE_") ||
                        name.starts_with("CODEWHISPERER_");
      // Kubernetes describes services to their neighbours in variables of these forms.
      const bool foreign = name.find("_SERVICE_") != std::string_view::npos ||
                           name.find("_PORT_") != std::string_view::npos ||
                           value.starts_with("tcp://") || value.starts_with("udp://");
      if (!ours || foreign || known.contains(name)) return;
      const std::string_view near = nearest(name, names);
      loaded_.warnings.push_back(
          fmt::format("{}{}: unknown, ignored{}", place, shown(name),
                      near.empty() ? "" : fmt::format("; did you mean {}?", near)));
    };
    for (const auto& [name, value] : sources_.environment) look_at(name, value, "");
    for (const auto& [name, entry] : dotenv_) {
      look_at(name, entry.value, fmt::format("{}:{}: ", sources_.dotenv->name, entry.line));
    }
  }

  const Sources& sources_;
  std::map<std::string, DotenvValue, std::less<>> dotenv_;
  std::map<std::string, TomlValue, std::less<>> toml_;
  std::vector<std::string> placeholders_;
  Loaded loaded_;
};

}  // namespace

Loaded load(const Sources& sources) { return Loader(sources).run(); }

std::string format_settings(const Loaded& loaded) {
  std::string out;
  std::string_view section;
  for (const Setting& setting : table()) {
    const auto dot = setting.key.find('.');
    if (setting.key.substr(0, dot) != section) {
      section = setting.key.substr(0, dot);
      out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", section);
    }
    const auto origin = loaded.origins.find(setting.key);
    out += fmt::format("{} = {}  # {}\n", setting.key.substr(dot + 1),
                       format_value(setting, loaded.settings),
                       origin == loaded.origins.end() ? "default" : origin->second);
  }
  return out;
}

}  // namespace dragoman::settings
