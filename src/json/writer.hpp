#pragma once
// Writes JSON into a string, commas and escapes included.
//
//   std::string out;
//   Writer w(out);
//   w.begin_object().key("id").string(id).key("n").number(3).key("tags").begin_array();
//   for (auto& t : tags) w.string(t);
//   w.end_array().end_object();
//
// Calls must nest as the JSON does; that is the caller's duty (asserted in debug builds).

#include <cassert>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "json/text.hpp"

namespace dragoman::json {

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  Writer& begin_object() { return open('{'); }
  Writer& end_object() { return close('}'); }
  Writer& begin_array() { return open('['); }
  Writer& end_array() { return close(']'); }

  Writer& key(std::string_view name);        // plain text, escaped here
  Writer& string(std::string_view text);     // plain text, escaped here
  Writer& text(JsonText escaped);            // copied between quotes
  Writer& raw(std::string_view json_value);  // any JSON value, copied
  Writer& boolean(bool value) { return raw(value ? "true" : "false"); }
  Writer& null() { return raw("null"); }
  Writer& number(double value);  // shortest form that reads back equal; NaN and infinities: null

  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Writer& number(T value) {
    if constexpr (std::is_signed_v<T>) {
      return integer(static_cast<std::int64_t>(value));
    } else {
      return unsigned_integer(static_cast<std::uint64_t>(value));
    }
  }

 private:
  Writer& open(char bracket);
  Writer& close(char bracket);
  Writer& integer(std::int64_t value);
  Writer& unsigned_integer(std::uint64_t value);
  void separate();

  std::string& out_;
  bool first_ = true;  // no comma before the next value
  int depth_ = 0;
};

}  // namespace dragoman::json
