#include "telemetry/log.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/overloaded.hpp"
#include "base/utc_time.hpp"
#include "json/writer.hpp"

namespace dragoman::log {
namespace {

Options active;

spdlog::logger& sink() {
  // spdlog serialises the writes of several threads; the lines are ours.
  static auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("dragoman",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

std::string_view to_string(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
  }
  return "error";
}

void append_json(json::Writer& w, const Field& field) {
  w.key(field.name);
  std::visit(
      overloaded{[&](std::string_view v) { w.string(v); }, [&](std::int64_t v) { w.number(v); },
                 [&](double v) { w.number(v); }, [&](bool v) { w.boolean(v); }},
      field.value);
}

bool is_plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c > 0x20 && c < 0x7F && c != '"' && c != '=' && c != '\\';
  });
}

void append_text(std::string& out, const Field& field) {
  out += ' ';
  out += field.name;
  out += '=';
  json::Writer w(out);
  std::visit(overloaded{[&](std::string_view v) {
                          if (is_plain(v)) {
                            out += v;
                          } else {
                            w.string(v);
                          }
                        },
                        [&](std::int64_t v) { w.number(v); }, [&](double v) { w.number(v); },
                        [&](bool v) { w.boolean(v); }},
             field.value);
}

std::string format(Format how, Level level, std::string_view time, std::string_view message,
                   Fields fields) {
  std::string line;
  if (how == Format::json) {
    json::Writer w(line);
    w.begin_object();
    if (!time.empty()) w.key("time").string(time);
    w.key("level").string(to_string(level)).key("message").string(message);
    for (const Field& field : fields) append_json(w, field);
    w.end_object();
    return line;
  }
  if (!time.empty()) line.append(time).append(" ");
  line += fmt::format("{:<5} {}", to_string(level), message);
  for (const Field& field : fields) append_text(line, field);
  return line;
}

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  sink().info("{}", format(active.format, level, format_utc(std::chrono::system_clock::now()),
                           message, fields));
}

}  // namespace

void configure(Options options) { active = options; }
bool enabled(Level level) { return level >= active.level; }

void debug(std::string_view message, Fields fields) { write(Level::debug, message, fields); }
void info(std::string_view message, Fields fields) { write(Level::info, message, fields); }
void warn(std::string_view message, Fields fields) { write(Level::warn, message, fields); }
void error(std::string_view message, Fields fields) { write(Level::error, message, fields); }

std::string format_line(Format how, Level level, std::string_view message, Fields fields) {
  return format(how, level, {}, message, fields);
}

}  // namespace dragoman::log
