#pragma once
// The log: a constant message, variable fields, one line on standard error.
//
//   log::configure({.level = log::Level::info, .format = log::Format::json});
//   log::info("request finished", {{"request", id}, {"status", status}, {"ms", elapsed}});
//
// text:  2026-01-31T12:00:00.123Z info  request finished request=req_x status=200 ms=12
// json:  {"time":"...","level":"info","message":"request finished","request":"req_x",...}
//
// Safe on any thread. Values are escaped: a line is one line whatever a value holds. Never log a
// token, a prompt or a reply; a Secret cannot be a value.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace dragoman::log {

enum class Level { debug, info, warn, error };
enum class Format { text, json };

struct Options {
  Level level = Level::info;
  Format format = Format::text;
};

struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;

  template <class T>
  Field(std::string_view n, const T& v) : name(n), value(convert(v)) {}

 private:
  using Value = std::variant<std::string_view, std::int64_t, double, bool>;

  // Not by overloading: a literal would rather become a bool than a string_view.
  template <class T>
  static Value convert(const T& v) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      return std::string_view(v);
    } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, double>) {
      return v;
    } else {
      static_assert(std::is_integral_v<T>);
      return static_cast<std::int64_t>(v);
    }
  }
};

using Fields = std::initializer_list<Field>;

// Once, before other threads log.
void configure(Options options);
bool enabled(Level level);

void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warn(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

// The line without its time, as the sinks get it; for tests.
std::string format_line(Format format, Level level, std::string_view message, Fields fields);

}  // namespace dragoman::log
