#include "json/writer.hpp"

#include <charconv>
#include <cmath>

namespace dragoman::json {
namespace {

template <class T>
void append_number(std::string& out, T value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  out.append(digits, end);
}

}  // namespace

void Writer::separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

Writer& Writer::open(char bracket) {
  separate();
  out_ += bracket;
  first_ = true;
  ++depth_;
  return *this;
}

Writer& Writer::close(char bracket) {
  assert(depth_ > 0);
  out_ += bracket;
  first_ = false;
  --depth_;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  string(name);
  out_ += ':';
  first_ = true;
  return *this;
}

Writer& Writer::string(std::string_view text) {
  separate();
  out_ += '"';
  append_escaped(out_, text);
  out_ += '"';
  return *this;
}

Writer& Writer::text(JsonText escaped) {
  separate();
  out_ += '"';
  out_ += escaped.escaped();
  out_ += '"';
  return *this;
}

Writer& Writer::raw(std::string_view json_value) {
  separate();
  out_ += json_value;
  return *this;
}

Writer& Writer::number(double value) {
  if (!std::isfinite(value)) return null();
  separate();
  append_number(out_, value);
  return *this;
}

Writer& Writer::integer(std::int64_t value) {
  separate();
  append_number(out_, value);
  return *this;
}

Writer& Writer::unsigned_integer(std::uint64_t value) {
  separate();
  append_number(out_, value);
  return *this;
}

}  // namespace dragoman::json
