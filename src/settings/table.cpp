#include "settings/table.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <numeric>

#include "base/overloaded.hpp"
#include "settings/values.hpp"

namespace dragoman::settings {
namespace {

constexpr std::int64_t kib = 1024;
constexpr std::int64_t mib = 1024 * kib;
constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t day_ms = 24 * hour_ms;

#define DRAGOMAN_TARGET(member) [](Settings& s) -> Target { return &s.member; }

constexpr Setting settings_table[] = {
    {.key = "server.host",
     .names = {"DRAGOMAN_HOST"},
     .target = DRAGOMAN_TARGET(server.host),
     .meaning = "Address to listen on. Any but a loopback address needs client keys",
     .shape = Shape::address},
    {.key = "server.port",
     .names = {"PORT"},
     .target = DRAGOMAN_TARGET(server.port),
     .meaning = "Port to listen on; 0 picks a free one",
     .max = 65535},
    {.key = "server.workers",
     .names = {"DRAGOMAN_WORKERS"},
     .target = DRAGOMAN_TARGET(server.workers),
     .meaning = "Threads; 0 is one for each core, four at most",
     .max = 256},
    {.key = "server.api_keys",
     .names = {"DRAGOMAN_API_KEYS"},
     .target = DRAGOMAN_TARGET(server.api_keys),
     .meaning = "Keys clients may call with; none lets anyone call who reaches the address"},
    {.key = "server.allow_anyone",
     .names = {"DRAGOMAN_ALLOW_ANYONE"},
     .target = DRAGOMAN_TARGET(server.allow_anyone),
     .meaning = "Listen on an address that is not loopback without client keys"},
    {.key = "server.cors",
     .names = {"ENABLE_CORS"},
     .target = DRAGOMAN_TARGET(server.cors),
     .meaning = "Answer browsers from other origins"},
    {.key = "server.allowed_origins",
     .names = {"ALLOWED_ORIGINS"},
     .target = DRAGOMAN_TARGET(server.allowed_origins),
     .meaning = "Origins that may call; * is any"},
    {.key = "server.access_log",
     .names = {"ENABLE_LOGGING"},
     .target = DRAGOMAN_TARGET(server.access_log),
     .meaning = "One line for each request, without prompts and secrets"},
    {.key = "server.state_dir",
     .names = {"DRAGOMAN_STATE_DIR"},
     .target = DRAGOMAN_TARGET(server.state_dir),
     .meaning = "Folder of the sign-in; ~/.codewhisperer-proxy when not set"},

    {.key = "limits.head_bytes",
     .names = {"DRAGOMAN_MAX_HEAD_BYTES"},
     .target = DRAGOMAN_TARGET(limits.head_bytes),
     .meaning = "Request line and headers; more is answered 431",
     .shape = Shape::bytes,
     .min = kib,
     .max = mib},
    {.key = "limits.body_bytes",
     .names = {"DRAGOMAN_MAX_BODY_BYTES"},
     .target = DRAGOMAN_TARGET(limits.body_bytes),
     .meaning = "Body of a request; more is answered 413",
     .shape = Shape::bytes,
     .min = kib,
     .max = 1024 * mib},
    {.key = "limits.connections",
     .names = {"DRAGOMAN_MAX_CONNECTIONS"},
     .target = DRAGOMAN_TARGET(limits.connections),
     .meaning = "Open client connections; more are answered 503",
     .min = 1,
     .max = 1'000'000},
    {.key = "limits.head_timeout",
     .names = {"DRAGOMAN_HEAD_TIMEOUT"},
     .target = DRAGOMAN_TARGET(limits.head_timeout),
     .meaning = "From the first byte of a request to the end of its headers",
     .min = 1,
     .max = hour_ms},
    {.key = "limits.body_stall",
     .names = {"DRAGOMAN_BODY_STALL_TIMEOUT"},
     .target = DRAGOMAN_TARGET(limits.body_stall),
     .meaning = "Without a byte of a request body; then 408",
     .min = 1,
     .max = hour_ms},
    {.key = "limits.client_stall",
     .names = {"DRAGOMAN_CLIENT_STALL_TIMEOUT"},
     .target = DRAGOMAN_TARGET(limits.client_stall),
     .meaning = "Of a client that reads nothing of its answer; then the connection is closed",
     .min = 1,
     .max = day_ms},
    {.key = "limits.upstream_connect",
     .names = {"DRAGOMAN_UPSTREAM_CONNECT_TIMEOUT"},
     .target = DRAGOMAN_TARGET(limits.upstream_connect),
     .meaning = "Name, connection and TLS to an upstream together",
     .min = 1,
     .max = hour_ms},
    {.key = "limits.upstream_silence",
     .names = {"DRAGOMAN_UPSTREAM_SILENCE_TIMEOUT"},
     .target = DRAGOMAN_TARGET(limits.upstream_silence),
     .meaning = "Without a byte from an upstream that owes one; then 504 or an error event",
     .min = 1,
     .max = day_ms},
    {.key = "limits.drain",
     .names = {"DRAGOMAN_DRAIN_TIMEOUT"},
     .target = DRAGOMAN_TARGET(limits.drain),
     .meaning = "For running answers to end after SIGTERM or SIGINT",
     .max = day_ms},

    {.key = "codewhisperer.enabled",
     .names = {"CODEWHISPERER_ENABLED"},
     .target = DRAGOMAN_TARGET(codewhisperer.enabled),
     .meaning = "Offer AWS CodeWhisperer"},
    {.key = "codewhisperer.region",
     .names = {"CODEWHISPERER_REGION"},
     .target = DRAGOMAN_TARGET(codewhisperer.region),
     .meaning = "AWS region of the two endpoints where they are not given"},
    {.key = "codewhisperer.endpoint",
     .names = {"CODEWHISPERER_ENDPOINT"},
     .target = DRAGOMAN_TARGET(codewhisperer.endpoint),
     .meaning = "The service",
     .shape = Shape::url},
    {.key = "codewhisperer.oidc_endpoint",
     .names = {"CODEWHISPERER_OIDC_ENDPOINT"},
     .target = DRAGOMAN_TARGET(codewhisperer.oidc_endpoint),
     .meaning = "The sign-in service",
     .shape = Shape::url},
    {.key = "codewhisperer.start_url",
     .names = {"CODEWHISPERER_START_URL"},
     .target = DRAGOMAN_TARGET(codewhisperer.start_url),
     .meaning = "Start URL of the organisation; the default is AWS Builder ID",
     .shape = Shape::url},
    {.key = "codewhisperer.profile_arn",
     .names = {"CODEWHISPERER_PROFILE_ARN"},
     .target = DRAGOMAN_TARGET(codewhisperer.profile_arn),
     .meaning = "Profile of an organisation's account"},
    {.key = "codewhisperer.api_key",
     .names = {"CODEWHISPERER_API_KEY"},
     .target = DRAGOMAN_TARGET(codewhisperer.api_key),
     .meaning = "An API key (ksk_...), used in place of a sign-in"},
    {.key = "codewhisperer.origin",
     .names = {"CODEWHISPERER_ORIGIN"},
     .target = DRAGOMAN_TARGET(codewhisperer.origin),
     .meaning = "Kind of client named to the service"},
    {.key = "codewhisperer.models",
     .names = {"CODEWHISPERER_MODELS"},
     .target = DRAGOMAN_TARGET(codewhisperer.models),
     .meaning = "Model ids listed and routed there beside the built-in ones"},

    {.key = "coze.api_key",
     .names = {"COZE_API_KEY"},
     .target = DRAGOMAN_TARGET(coze.api_key),
     .meaning = "Personal access token (pat_...); setting it turns Coze on"},
    {.key = "coze.base_url",
     .names = {"COZE_BASE_URL"},
     .target = DRAGOMAN_TARGET(coze.base_url),
     .meaning = "The service; https://api.coze.cn for the Chinese one",
     .shape = Shape::url},
    {.key = "coze.bot_id",
     .names = {"COZE_BOT_ID"},
     .target = DRAGOMAN_TARGET(coze.bot_id),
     .meaning = "Bot of requests that name none in x-bot-id"},
    {.key = "coze.workflow_id",
     .names = {"COZE_WORKFLOW_ID"},
     .target = DRAGOMAN_TARGET(coze.workflow_id),
     .meaning = "Workflow of requests that name none"},
    {.key = "coze.space_id",
     .names = {"COZE_SPACE_ID"},
     .target = DRAGOMAN_TARGET(coze.space_id),
     .meaning = "Workspace"},
    {.key = "coze.default_model_type",
     .names = {"DEFAULT_MODEL_TYPE"},
     .target = DRAGOMAN_TARGET(coze.default_model_type),
     .meaning = "Kind of call when x-model-type says nothing",
     .shape = Shape::word,
     .choices = {"chat", "conversation", "workflow"}},
    {.key = "coze.user_id",
     .names = {"COZE_USER_ID"},
     .target = DRAGOMAN_TARGET(coze.user_id),
     .meaning = "User named to Coze when the client names none"},
    {.key = "coze.jwt_app_id",
     .names = {"COZE_JWT_APP_ID"},
     .target = DRAGOMAN_TARGET(coze.jwt_app_id),
     .meaning = "JWT sign-in, not offered by this version: OAuth application"},
    {.key = "coze.jwt_key_id",
     .names = {"COZE_JWT_KEY_ID"},
     .target = DRAGOMAN_TARGET(coze.jwt_key_id),
     .meaning = "JWT sign-in, not offered by this version: key id"},
    {.key = "coze.jwt_audience",
     .names = {"COZE_JWT_AUD"},
     .target = DRAGOMAN_TARGET(coze.jwt_audience),
     .meaning = "JWT sign-in, not offered by this version: audience"},
    {.key = "coze.jwt_private_key",
     .names = {"COZE_JWT_PRIVATE_KEY"},
     .target = DRAGOMAN_TARGET(coze.jwt_private_key),
     .meaning = "JWT sign-in, not offered by this version: private key (PEM)"},
    {.key = "coze.jwt_session_name",
     .names = {"COZE_JWT_SESSION_NAME"},
     .target = DRAGOMAN_TARGET(coze.jwt_session_name),
     .meaning = "JWT sign-in, not offered by this version: session name"},

    {.key = "log.level",
     .names = {"DRAGOMAN_LOG_LEVEL"},
     .target = DRAGOMAN_TARGET(log.level),
     .meaning = "Least severe messages to log",
     .shape = Shape::word,
     .choices = {"debug", "info", "warn", "error"}},
    {.key = "log.format",
     .names = {"DRAGOMAN_LOG_FORMAT"},
     .target = DRAGOMAN_TARGET(log.format),
     .meaning = "Lines for people or one JSON object a line",
     .shape = Shape::word,
     .choices = {"text", "json"}},

    {.key = "network.http_proxy",
     .names = {"http_proxy", "HTTP_PROXY", "ALL_PROXY"},
     .target = DRAGOMAN_TARGET(network.http_proxy),
     .meaning = "Proxy for http:// upstreams",
     .shape = Shape::url},
    {.key = "network.https_proxy",
     .names = {"https_proxy", "HTTPS_PROXY", "ALL_PROXY"},
     .target = DRAGOMAN_TARGET(network.https_proxy),
     .meaning = "Proxy for https:// upstreams (CONNECT)",
     .shape = Shape::url},
    {.key = "network.no_proxy",
     .names = {"no_proxy", "NO_PROXY"},
     .target = DRAGOMAN_TARGET(network.no_proxy),
     .meaning = "Hosts to reach directly: names, .suffixes or *, separated by commas"},
    {.key = "network.ca_file",
     .names = {"SSL_CERT_FILE"},
     .target = DRAGOMAN_TARGET(network.ca_file),
     .meaning = "File of trusted certificates (PEM) beside the system's"},
    {.key = "network.user_agent",
     .names = {"DRAGOMAN_USER_AGENT"},
     .target = DRAGOMAN_TARGET(network.user_agent),
     .meaning = "User-Agent sent to upstreams; dragoman/<version> when not set"},

    {.key = "routing.default_upstream",
     .names = {"DRAGOMAN_DEFAULT_UPSTREAM"},
     .target = DRAGOMAN_TARGET(default_upstream),
     .meaning = "Where a request goes that nothing else decides, when both are there",
     .shape = Shape::word,
     .choices = {"codewhisperer", "coze"}},
};

#undef DRAGOMAN_TARGET

Error expected(std::string_view what) {
  return Error(ErrorKind::bad_request, "expected " + std::string(what));
}

std::string choices_of(const Setting& setting, std::string_view separator) {
  std::string text;
  for (std::string_view choice : setting.choices) {
    if (choice.empty()) break;
    if (!text.empty()) text += separator;
    text += choice;
  }
  return text;
}

bool is_choice(const Setting& setting, std::string_view word) {
  return !word.empty() && std::ranges::find(setting.choices, word) != std::end(setting.choices);
}

template <class Number>
Result<void> assign_number(const Setting& setting, Number& member, Result<std::int64_t> value) {
  if (!value) return value.error();
  const auto most = std::min<std::int64_t>(
      setting.max,
      static_cast<std::int64_t>(std::min<std::uint64_t>(std::numeric_limits<Number>::max(),
                                                        std::numeric_limits<std::int64_t>::max())));
  if (*value < setting.min || *value > most) {
    return expected(fmt::format("a number from {} to {}", setting.min, most));
  }
  member = static_cast<Number>(*value);
  return {};
}

Result<void> assign_text(const Setting& setting, std::string& member, std::string_view text) {
  Result<std::string> value = std::string(text);
  switch (setting.shape) {
    case Shape::plain:
    case Shape::bytes: break;
    case Shape::url: value = parse_url_text(text); break;
    case Shape::address: value = parse_address(text); break;
    case Shape::word:
      value = std::string(trim(text));
      if (!is_choice(setting, *value)) return expected("one of " + choices_of(setting, ", "));
      break;
  }
  if (!value) return value.error();
  member = std::move(*value);
  return {};
}

Result<void> assign_duration(const Setting& setting, milliseconds& member, std::string_view text) {
  auto value = parse_duration(text);
  if (!value) return value.error();
  if (value->count() < setting.min || value->count() > setting.max) {
    return expected(fmt::format("a duration from {} to {}",
                                format_duration(milliseconds(setting.min)),
                                format_duration(milliseconds(setting.max))));
  }
  member = *value;
  return {};
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string format_bytes(std::size_t value) {
  if (value != 0 && value % mib == 0) return fmt::format("\"{}MiB\"", value / mib);
  if (value != 0 && value % kib == 0) return fmt::format("\"{}KiB\"", value / kib);
  return std::to_string(value);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::span<const Setting> table() { return settings_table; }

const Setting* find_setting(std::string_view key) {
  const auto found = std::ranges::find(settings_table, key, &Setting::key);
  return found == std::end(settings_table) ? nullptr : found;
}

bool is_secret(const Setting& setting) {
  Settings any;
  const Target target = setting.target(any);
  return std::holds_alternative<Secret*>(target) ||
         std::holds_alternative<std::vector<Secret>*>(target);
}

Result<void> assign(const Setting& setting, Settings& settings, std::string_view text) {
  return std::visit(
      overloaded{
          [&](std::string* member) { return assign_text(setting, *member, text); },
          [&](Secret* member) -> Result<void> {
            *member = Secret(std::string(trim(text)));
            return {};
          },
          [&](bool* member) -> Result<void> {
            auto value = parse_boolean(text);
            if (!value) return value.error();
            *member = *value;
            return {};
          },
          [&](std::uint16_t* member) {
            return assign_number(setting, *member, parse_integer(text));
          },
          [&](unsigned* member) { return assign_number(setting, *member, parse_integer(text)); },
          [&](std::size_t* member) {
            return assign_number(
                setting, *member,
                setting.shape == Shape::bytes ? parse_bytes(text) : parse_integer(text));
          },
          [&](milliseconds* member) { return assign_duration(setting, *member, text); },
          [&](std::vector<std::string>*) {
            return assign_items(setting, settings, parse_list(text));
          },
          [&](std::vector<Secret>*) -> Result<void> {
            auto items = parse_list(text);
            // Never let everyone in because a list of keys was written wrongly.
            if (items.empty()) return expected("at least one key");
            return assign_items(setting, settings, items);
          },
          [&](LogFormat* member) -> Result<void> {
            if (!is_choice(setting, trim(text))) {
              return expected("one of " + choices_of(setting, ", "));
            }
            *member = trim(text) == "json" ? LogFormat::json : LogFormat::text;
            return {};
          },
      },
      setting.target(settings));
}

Result<void> assign_items(const Setting& setting, Settings& settings,
                          const std::vector<std::string>& items) {
  const Target target = setting.target(settings);
  if (const auto* list = std::get_if<std::vector<std::string>*>(&target)) {
    **list = items;
    return {};
  }
  if (const auto* list = std::get_if<std::vector<Secret>*>(&target)) {
    (*list)->clear();
    for (const std::string& item : items) {
      if (trim(item).empty()) return expected("keys that are not empty");
      (*list)->emplace_back(std::string(trim(item)));
    }
    return {};
  }
  return expected("a single value");
}

Takes takes(const Setting& setting) {
  Settings any;
  return std::visit(
      overloaded{
          [](std::string*) { return Takes{.text = true}; },
          [](Secret*) { return Takes{.text = true}; },
          [](bool*) { return Takes{.boolean = true}; },
          [](std::uint16_t*) { return Takes{.integer = true}; },
          [](unsigned*) { return Takes{.integer = true}; },
          [&](std::size_t*) {
            return Takes{.text = setting.shape == Shape::bytes, .integer = true};
          },
          [](milliseconds*) { return Takes{.text = true, .integer = true, .real = true}; },
          [](std::vector<std::string>*) { return Takes{.list = true}; },
          [](std::vector<Secret>*) { return Takes{.list = true}; },
          [](LogFormat*) { return Takes{.text = true}; },
      },
      setting.target(any));
}

std::string kind_of(const Setting& setting) {
  Settings any;
  return std::visit(overloaded{
                        [&](std::string*) -> std::string {
                          switch (setting.shape) {
                            case Shape::plain:
                            case Shape::bytes: return "text";
                            case Shape::url: return "URL";
                            case Shape::address: return "IP address";
                            case Shape::word: return choices_of(setting, ", ");
                          }
                          return "text";
                        },
                        [](Secret*) -> std::string { return "secret"; },
                        [](bool*) -> std::string { return "true, false"; },
                        [](std::uint16_t*) -> std::string { return "number"; },
                        [](unsigned*) -> std::string { return "number"; },
                        [&](std::size_t*) -> std::string {
                          return setting.shape == Shape::bytes ? "bytes" : "number";
                        },
                        [](milliseconds*) -> std::string { return "duration"; },
                        [](std::vector<std::string>*) -> std::string { return "list"; },
                        [](std::vector<Secret>*) -> std::string { return "list of secrets"; },
                        [&](LogFormat*) -> std::string { return choices_of(setting, ", "); },
                    },
                    setting.target(any));
}

std::string format_value(const Setting& setting, const Settings& settings) {
  Settings copy = settings;
  return std::visit(
      overloaded{
          [&](std::string* member) {
            return quote(setting.shape == Shape::url ? mask_user_info(*member) : *member);
          },
          [](Secret* member) -> std::string { return member->empty() ? "\"\"" : "\"***\""; },
          [](bool* member) -> std::string { return *member ? "true" : "false"; },
          [](std::uint16_t* member) { return std::to_string(*member); },
          [](unsigned* member) { return std::to_string(*member); },
          [&](std::size_t* member) {
            return setting.shape == Shape::bytes ? format_bytes(*member) : std::to_string(*member);
          },
          [](milliseconds* member) { return quote(format_duration(*member)); },
          [](std::vector<std::string>* member) {
            std::vector<std::string> quoted;
            for (const std::string& item : *member) quoted.push_back(quote(item));
            return fmt::format("[{}]", fmt::join(quoted, ", "));
          },
          [](std::vector<Secret>* member) {
            return fmt::format(
                "[{}]", fmt::join(std::vector<std::string>(member->size(), "\"***\""), ", "));
          },
          [](LogFormat* member) -> std::string {
            return *member == LogFormat::json ? "\"json\"" : "\"text\"";
          },
      },
      setting.target(copy));
}

std::string reference_markdown() {
  std::string out =
      "| TOML key | environment | takes | default | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const Setting& setting : table()) {
    std::string names;
    for (std::string_view name : setting.names) {
      if (name.empty()) break;
      names += fmt::format("{}`{}`", names.empty() ? "" : ", ", name);
    }
    const std::string value = format_value(setting, Settings());
    const bool unset = value == "\"\"" || value == "[]";
    out += fmt::format("| `{}` | {} | {} | {} | {} |\n", setting.key, names, kind_of(setting),
                       unset ? "not set" : "`" + value + "`", setting.meaning);
  }
  return out;
}

std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates) {
  constexpr std::size_t longest = 80;  // beyond it nothing of ours is near, and work is wasted
  if (name.size() > longest) return {};
  std::string_view best;
  std::size_t best_distance = name.size() / 3 + 2;
  for (std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace dragoman::settings
