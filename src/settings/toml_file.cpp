#include "settings/toml_file.hpp"

#include <algorithm>
#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace dragoman::settings {
namespace {

void fill_list(const toml::array& array, TomlValue& value) {
  value.kind = TomlValue::Kind::list;
  for (const toml::node& item : array) {
    const auto* text = item.as_string();
    if (text == nullptr) {
      value.kind = TomlValue::Kind::other;
      return;
    }
    value.items.push_back(text->get());
  }
}

void flatten(const toml::table& table, const std::string& prefix, std::vector<TomlValue>& out) {
  for (const auto& [name, node] : table) {
    const std::string key =
        prefix.empty() ? std::string(name.str()) : prefix + "." + std::string(name.str());
    if (const auto* inner = node.as_table(); inner != nullptr && !inner->empty()) {
      flatten(*inner, key, out);
      continue;
    }
    TomlValue value;
    value.key = key;
    value.line = name.source().begin.line;
    value.column = name.source().begin.column;
    if (node.is_table()) {
      value.kind = TomlValue::Kind::table;
    } else if (const auto* text = node.as_string()) {
      value.kind = TomlValue::Kind::text;
      value.text = text->get();
    } else if (const auto* integer = node.as_integer()) {
      value.kind = TomlValue::Kind::integer;
      value.text = std::to_string(integer->get());
    } else if (const auto* real = node.as_floating_point()) {
      value.kind = TomlValue::Kind::real;
      value.text = fmt::format("{}", real->get());
    } else if (const auto* boolean = node.as_boolean()) {
      value.kind = TomlValue::Kind::boolean;
      value.text = boolean->get() ? "true" : "false";
    } else if (const auto* array = node.as_array()) {
      fill_list(*array, value);
    }
    out.push_back(std::move(value));
  }
}

}  // namespace

Result<std::vector<TomlValue>> parse_toml(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Error(ErrorKind::bad_request,
                 fmt::format("{}:{}: {}", error.source().begin.line, error.source().begin.column,
                             error.description()));
  }
  std::vector<TomlValue> values;
  flatten(parsed.table(), "", values);
  std::ranges::sort(values, [](const TomlValue& a, const TomlValue& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return values;
}

}  // namespace dragoman::settings
