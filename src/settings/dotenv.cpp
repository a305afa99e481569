#include "settings/dotenv.hpp"

#include <algorithm>

#include "settings/values.hpp"

namespace dragoman::settings {
namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
  }

  Result<std::vector<DotenvEntry>> parse() {
    std::vector<DotenvEntry> entries;
    for (;;) {
      skip_blank_lines();
      if (rest_.empty()) return entries;
      auto entry = parse_entry();
      if (!entry) return entry.error();
      entries.push_back(std::move(*entry));
    }
  }

 private:
  Error problem(std::size_t line, std::string_view text) const {
    return Error(ErrorKind::bad_request, "line " + std::to_string(line) + ": " + std::string(text));
  }

  void advance(std::size_t count) {
    line_ += static_cast<std::size_t>(std::count(rest_.begin(), rest_.begin() + count, '\n'));
    rest_.remove_prefix(count);
  }

  std::string_view current_line() const { return rest_.substr(0, rest_.find('\n')); }

  void skip_blank_lines() {
    while (!rest_.empty()) {
      const std::string_view line = trim(current_line());
      if (!line.empty() && line.front() != '#') return;
      advance(std::min(current_line().size() + 1, rest_.size()));
    }
  }

  void skip_blanks() {
    const auto end = rest_.find_first_not_of(" \t");
    advance(end == std::string_view::npos ? rest_.size() : end);
  }

  Result<DotenvEntry> parse_entry() {
    DotenvEntry entry;
    entry.line = line_;
    skip_blanks();
    const auto equals = current_line().find('=');
    if (equals == std::string_view::npos) return problem(line_, "expected NAME=value");
    std::string_view name = trim(rest_.substr(0, equals));
    if (name.starts_with("export ") || name.starts_with("export\t")) name = trim(name.substr(7));
    if (!is_name(name)) return problem(line_, "expected a name of letters, digits and _ before =");
    entry.name = name;
    advance(equals + 1);
    skip_blanks();
    if (!rest_.empty() && (rest_.front() == '"' || rest_.front() == '\'')) {
      auto value = parse_quoted(rest_.front());
      if (!value) return value.error();
      entry.value = std::move(*value);
      return entry;
    }
    entry.value = parse_bare();
    return entry;
  }

  static bool is_name(std::string_view name) {
    if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
    return std::ranges::all_of(name, [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '.' || c == '-';
    });
  }

  std::string parse_bare() {
    const std::string_view line = current_line();
    std::string_view value = line;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool comment = line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t');
      if (!comment) continue;
      value = line.substr(0, i);
      break;
    }
    std::string text(trim(value));
    advance(line.size());
    return text;
  }

  Result<std::string> parse_quoted(char quote) {
    const std::size_t begin = line_;
    std::string value;
    std::size_t i = 1;
    for (; i < rest_.size() && rest_[i] != quote; ++i) {
      if (quote == '"' && rest_[i] == '\\' && i + 1 < rest_.size()) {
        const char next = rest_[i + 1];
        constexpr std::string_view escapes = "nrt\"\\";
        constexpr std::string_view meanings = "\n\r\t\"\\";
        if (const auto at = escapes.find(next); at != std::string_view::npos) {
          value += meanings[at];
          ++i;
          continue;
        }
      }
      value += rest_[i];
    }
    if (i >= rest_.size()) return problem(begin, "the quote is never closed");
    advance(i + 1);
    const std::string_view behind = trim(current_line());
    if (!behind.empty() && behind.front() != '#') {
      return problem(line_, "unexpected text behind the closing quote");
    }
    advance(current_line().size());
    return value;
  }

  std::string_view rest_;
  std::size_t line_ = 1;
};

}  // namespace

Result<std::vector<DotenvEntry>> parse_dotenv(std::string_view text) {
  return Parser(text).parse();
}

}  // namespace dragoman::settings
