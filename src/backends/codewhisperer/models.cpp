#include "backends/codewhisperer/models.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace dragoman::codewhisperer {
namespace {

constexpr std::string_view prefix = "codewhisperer/";

constexpr std::array<std::string_view, 16> builtin = {
    "auto",
    "claude-sonnet-4",
    "claude-sonnet-4.5",
    "claude-sonnet-4.6",
    "claude-sonnet-5",
    "claude-haiku-4.5",
    "claude-opus-4.5",
    "claude-opus-4.6",
    "claude-opus-4.7",
    "claude-opus-4.8",
    "claude-opus-5",
    "deepseek-3.2",
    "minimax-m2.1",
    "minimax-m2.5",
    "glm-5",
    "qwen3-coder-next",
};

constexpr std::string_view families[] = {"claude-", "claude_", "gpt-5.6-"};
constexpr std::string_view claude_lines[] = {"sonnet", "opus", "haiku"};
constexpr std::string_view effort_suffixes[] = {"thinking", "minimal", "low", "medium",
                                                "high",     "xhigh",   "max"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool one_of(std::span<const std::string_view> words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

bool is_digits(std::string_view text, std::size_t min, std::size_t max) {
  return text.size() >= min && text.size() <= max &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == text.npos) return parts;
    text.remove_prefix(at + 1);
  }
}

struct Version {
  std::string_view major;
  std::string_view minor;  // empty: none
};

// "4", "4.5", "4-5" (as two parts) at parts[at]; moves at behind it.
std::optional<Version> take_version(const std::vector<std::string_view>& parts, std::size_t& at) {
  if (at == parts.size()) return std::nullopt;
  Version version;
  const auto dot = parts[at].find('.');
  version.major = parts[at].substr(0, dot);
  if (!is_digits(version.major, 1, 2)) return std::nullopt;
  if (dot != std::string_view::npos) {
    version.minor = parts[at].substr(dot + 1);
    if (!is_digits(version.minor, 1, 2)) return std::nullopt;
  }
  ++at;
  // A date has eight digits, a minor version one or two.
  if (version.minor.empty() && at < parts.size() && is_digits(parts[at], 1, 2)) {
    version.minor = parts[at++];
  }
  if (version.minor == "0") version.minor = {};
  return version;
}

struct Claude {
  std::string id;
  bool suffix_dropped = false;
};

// claude-<line>-<version>[-<date>|-latest][-<effort>...] and claude-<version>-<line>[...].
std::optional<Claude> map_claude(std::string_view name) {
  const auto parts = split(name, '-');
  std::size_t at = 1;
  if (parts.size() < 3 || parts[0] != "claude") return std::nullopt;

  std::string_view line;
  std::optional<Version> version;
  const bool line_first = one_of(claude_lines, parts[at]);
  if (line_first) {
    line = parts[at++];
    version = take_version(parts, at);
  } else {
    version = take_version(parts, at);
    if (at < parts.size() && one_of(claude_lines, parts[at])) line = parts[at++];
  }
  if (!version || line.empty()) return std::nullopt;

  Claude claude;
  if (at < parts.size() && (is_digits(parts[at], 8, 8) || parts[at] == "latest")) ++at;
  while (at < parts.size() && one_of(effort_suffixes, parts[at])) {
    claude.suffix_dropped = true;
    ++at;
  }
  if (at != parts.size()) return std::nullopt;

  std::string number(version->major);
  if (!version->minor.empty()) number.append(".").append(version->minor);
  // The third generation is spelt with its number first.
  const bool third = version->major == "3";
  claude.id = "claude-";
  claude.id += third ? number + "-" : std::string(line) + "-";
  claude.id += third ? std::string(line) : number;
  return claude;
}

bool in_family(std::string_view lowered) {
  return std::ranges::any_of(families, [&](auto family) { return lowered.starts_with(family); });
}

const std::string* find_configured(std::span<const std::string> configured,
                                   std::string_view lowered) {
  const auto found =
      std::ranges::find_if(configured, [&](const auto& id) { return lower(id) == lowered; });
  return found == configured.end() ? nullptr : &*found;
}

}  // namespace

std::span<const std::string_view> builtin_models() { return builtin; }

bool is_codewhisperer_model(std::string_view name, std::span<const std::string> configured) {
  const std::string lowered = lower(name);
  return lowered == default_model || lowered.starts_with(prefix) || one_of(builtin, lowered) ||
         in_family(lowered) || find_configured(configured, lowered) != nullptr;
}

ResolvedModel resolve_model(std::string_view name, std::span<const std::string> configured) {
  std::string lowered = lower(name);
  const bool explicit_choice = lowered.starts_with(prefix);
  if (explicit_choice) {
    name.remove_prefix(prefix.size());
    lowered.erase(0, prefix.size());
  }
  if (lowered.empty() || lowered == default_model) return {};
  ResolvedModel model;
  if (const std::string* id = find_configured(configured, lowered)) {
    model.id = *id;
  } else if (one_of(builtin, lowered)) {
    model.id = lowered;
  } else if (auto claude = map_claude(lowered)) {
    model.id = std::move(claude->id);
    model.suffix_dropped = claude->suffix_dropped;
  } else if (explicit_choice || in_family(lowered)) {
    model.id = name;
  } else {
    model.substituted = true;
  }
  return model;
}

}  // namespace dragoman::codewhisperer
