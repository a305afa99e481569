#pragma once
// Reads the text of a TOML file into a flat list of values with their places.
//
// Only toml_file.cpp includes toml++: it costs seconds a file.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace dragoman::settings {

struct TomlValue {
  enum class Kind { text, integer, real, boolean, list, table, other };
  std::string key;                 // "server.port"
  Kind kind = Kind::other;         // table: an empty one; list: all items are text; other: the rest
  std::string text;                // of single values, as assign() takes it
  std::vector<std::string> items;  // of lists
  std::size_t line = 0;            // from 1
  std::size_t column = 0;
};

// Errors: bad_request, "3:7: ...".
Result<std::vector<TomlValue>> parse_toml(std::string_view text);

}  // namespace dragoman::settings
