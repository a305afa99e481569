#include "emulator/script.hpp"

#include <algorithm>

#include "base/base64.hpp"

namespace dragoman::emulator {
namespace {

using json::Reader;

Result<std::int64_t> integer_between(const Reader& in, std::int64_t low, std::int64_t high) {
  auto value = in.integer();
  if (!value) return value.error();
  if (*value < low || *value > high)
    return in.error("must be between " + std::to_string(low) + " and " + std::to_string(high));
  return *value;
}

Result<std::string> text_of(const Reader& in) {
  auto text = in.string();
  if (!text) return text.error();
  return std::string(*text);
}

Result<std::string> bytes_of(const Reader& in) {
  auto text = in.string();
  if (!text) return text.error();
  auto bytes = decode_base64(*text);
  if (!bytes) return in.error("is not base64");
  return std::move(*bytes);
}

Result<DelayStep> delay_of(const Reader& in) {
  auto ms = integer_between(in, 0, max_script_delay.count());
  if (!ms) return ms.error();
  return DelayStep{milliseconds(*ms)};
}

Result<UsageStep> usage_of(const Reader& in) {
  auto object = in.object();
  if (!object) return object.error();
  UsageStep usage;
  constexpr std::int64_t most = 1'000'000'000;
  for (auto [key, value] : *object) {
    if (key != "input" && key != "output") return value.error("is not a member of usage");
    auto count = integer_between(value, 0, most);
    if (!count) return count.error();
    (key == "input" ? usage.input : usage.output) = *count;
  }
  return usage;
}

// {"event":"name","data":{...}}: the one step with two members.
Result<Step> event_of(const Reader& in, const Reader& name) {
  auto event = text_of(name);
  if (!event) return event.error();
  EventStep step{std::move(*event), "{}"};
  auto object = in.object();
  for (auto [key, value] : *object) {
    if (key == "event") continue;
    if (key != "data") return value.error("is not a member of an event step");
    step.data = value.minified();
  }
  return Step(std::move(step));
}

Result<Step> step_of(const Reader& in, const Dialect& dialect) {
  auto object = in.object();
  if (!object) return object.error();
  if (auto name = in.find("event")) return event_of(in, *name);

  std::optional<Step> step;
  for (auto [key, value] : *object) {
    if (step) return in.error("has more than one member");
    if (key == "text") {
      auto text = text_of(value);
      if (!text) return text.error();
      step = TextStep{std::move(*text)};
    } else if (key == "reasoning") {
      auto text = text_of(value);
      if (!text) return text.error();
      step = ReasoningStep{std::move(*text)};
    } else if (key == "delay_ms") {
      auto delay = delay_of(value);
      if (!delay) return delay.error();
      step = *delay;
    } else if (key == "wait") {
      auto name = text_of(value);
      if (!name) return name.error();
      step = WaitStep{std::move(*name)};
    } else if (key == "usage") {
      auto usage = usage_of(value);
      if (!usage) return usage.error();
      step = *usage;
    } else if (key == "raw_base64") {
      auto bytes = bytes_of(value);
      if (!bytes) return bytes.error();
      step = RawStep{std::move(*bytes)};
    } else if (std::ranges::find(dialect.native_steps, key) != dialect.native_steps.end()) {
      step = NativeStep{std::string(key), value.minified()};
    } else {
      return value.error("is not a step of this emulator");
    }
  }
  if (!step) return in.error("is an empty step");
  return std::move(*step);
}

Result<std::vector<Step>> steps_of(const Reader& in, const Dialect& dialect) {
  auto array = in.array();
  if (!array) return array.error();
  std::vector<Step> steps;
  for (Reader item : *array) {
    if (steps.size() == max_script_steps) return in.error("has too many steps");
    auto step = step_of(item, dialect);
    if (!step) return step.error();
    steps.push_back(std::move(*step));
  }
  return steps;
}

Result<std::vector<Pause>> pauses_of(const Reader& in) {
  auto steps = steps_of(in, Dialect{});
  if (!steps) return steps.error();
  std::vector<Pause> pauses;
  for (Step& step : *steps) {
    if (auto* delay = std::get_if<DelayStep>(&step)) {
      pauses.emplace_back(*delay);
    } else if (auto* wait = std::get_if<WaitStep>(&step)) {
      pauses.emplace_back(std::move(*wait));
    } else {
      return in.error("may hold delay_ms and wait only");
    }
  }
  return pauses;
}

bool is_header_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Result<std::vector<HeaderField>> headers_of(const Reader& in) {
  auto object = in.object();
  if (!object) return object.error();
  std::vector<HeaderField> headers;
  for (auto [key, value] : *object) {
    std::string name(key);
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!is_header_name(name)) return value.error("is not a header name");
    if (name == "content-length" || name == "transfer-encoding" || name == "connection" ||
        name == "date")
      return value.error("is set by the server");
    auto text = value.string();
    if (!text) return text.error();
    if (std::ranges::any_of(*text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
      return value.error("holds a control character");
    headers.push_back({std::move(name), std::string(*text)});
  }
  return headers;
}

Result<std::size_t> offset_of(const Reader& in) {
  auto value = integer_between(in, 0, std::int64_t{1} << 40);
  if (!value) return value.error();
  return static_cast<std::size_t>(*value);
}

// True when the member belongs to Faults and was taken.
Result<bool> read_fault(std::string_view key, const Reader& value, Faults& faults) {
  auto flag = [&](bool& target) -> Result<bool> {
    auto on = value.boolean();
    if (!on) return on.error();
    target = *on;
    return true;
  };
  auto offset = [&](std::optional<std::size_t>& target) -> Result<bool> {
    auto at = offset_of(value);
    if (!at) return at.error();
    target = *at;
    return true;
  };
  if (key == "one_write") return flag(faults.one_write);
  if (key == "hang_head") return flag(faults.hang_head);
  if (key == "cut_at") return offset(faults.cut_at);
  if (key == "truncate_clean_at") return offset(faults.truncate_clean_at);
  if (key == "hang_at") return offset(faults.hang_at);
  if (key == "corrupt_at") return offset(faults.corrupt_at);
  if (key == "write_bytes") {
    auto bytes = offset_of(value);
    if (!bytes) return bytes.error();
    faults.write_bytes = *bytes;
    return true;
  }
  if (key == "cut") {
    auto how = value.string();
    if (!how) return how.error();
    if (*how != "fin" && *how != "rst") return value.error("must be \"fin\" or \"rst\"");
    faults.cut_with_reset = *how == "rst";
    return true;
  }
  return false;
}

Result<void> read_member(std::string_view key, const Reader& value, const Dialect& dialect,
                         Script& script) {
  auto fault = read_fault(key, value, script.faults);
  if (!fault) return fault.error();
  if (*fault) return {};
  if (key == "status") {
    auto status = integer_between(value, 200, 599);
    if (!status) return status.error();
    script.status = static_cast<int>(*status);
  } else if (key == "headers") {
    auto headers = headers_of(value);
    if (!headers) return headers.error();
    script.headers = std::move(*headers);
  } else if (key == "body" || key == "body_base64") {
    if (script.body) return value.error("is a second body");
    // An object as body is taken as its JSON text: less quoting for whoever writes the script.
    if (key == "body" && value.kind() == Reader::Kind::object) {
      script.body = value.minified();
      return {};
    }
    auto body = key == "body" ? text_of(value) : bytes_of(value);
    if (!body) return body.error();
    script.body = std::move(*body);
  } else if (key == "events") {
    auto steps = steps_of(value, dialect);
    if (!steps) return steps.error();
    script.events = std::move(*steps);
  } else if (key == "before") {
    auto pauses = pauses_of(value);
    if (!pauses) return pauses.error();
    script.before = std::move(*pauses);
  } else if (key == "tail") {
    auto tail = value.boolean();
    if (!tail) return tail.error();
    script.tail = *tail;
  } else {
    return value.error("is not a member of a script");
  }
  return {};
}

constexpr std::string_view white = " \t\r\n";

std::string_view trim(std::string_view text) {
  auto first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  auto last = text.find_last_not_of(white);
  return text.substr(first, last - first + 1);
}

// Length of the object that text begins with; npos when its brackets do not close.
std::size_t object_length(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth <= 1) return depth == 1 ? i + 1 : std::string_view::npos;
      --depth;
    }
  }
  return std::string_view::npos;
}

}  // namespace

Result<Script> parse_script(const json::Reader& in, const Dialect& dialect) {
  auto object = in.object();
  if (!object) return object.error();
  Script script;
  for (auto [key, value] : *object) {
    auto done = read_member(key, value, dialect, script);
    if (!done) return done.error();
  }
  if (script.body && script.events) return in.error("has both a body and events");
  return script;
}

Result<Script> parse_script(std::string_view text, const Dialect& dialect) {
  if (text.size() > max_script_bytes) return Error(ErrorKind::too_large, "the script is too long");
  auto document = json::Document::parse(text);
  if (!document) return document.error();
  return parse_script(document->root(), dialect);
}

Result<std::optional<Mock>> find_mock(std::string_view text, const Dialect& dialect) {
  constexpr std::string_view mark = "!mock ";
  auto start = text.find_first_not_of(white);
  if (start == std::string_view::npos || !text.substr(start).starts_with(mark))
    return std::optional<Mock>();
  text = trim(text.substr(start + mark.size()));
  if (!text.starts_with('{'))
    return Error(ErrorKind::bad_request, "!mock must be followed by a JSON object");
  auto length = object_length(text);
  if (length == std::string_view::npos)
    return Error(ErrorKind::bad_request, "the JSON object behind !mock does not end");
  auto script = parse_script(text.substr(0, length), dialect);
  if (!script) return script.error();
  Mock mock{std::move(*script), std::string(trim(text.substr(length)))};
  return std::optional<Mock>(std::move(mock));
}

}  // namespace dragoman::emulator
