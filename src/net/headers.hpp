#pragma once
// Header fields of a message: views, in wire order; names compare without case (RFC 9110, 5.1).

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace dragoman::net {

struct Field {
  std::string_view name;
  std::string_view value;
};

class Headers {
 public:
  // The first field of that name; empty when there is none.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  void add(std::string_view name, std::string_view value) { fields_.push_back({name, value}); }
  void clear() { fields_.clear(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<Field> fields_;
};

bool equals_ignoring_case(std::string_view a, std::string_view b);

// token of RFC 9110, 5.6.2, not empty.
bool is_token(std::string_view text);
// field-value of RFC 9110, 5.5: no control characters but TAB, no white space at the ends.
bool is_field_value(std::string_view text);

// The header section of a message we write: "name: value\r\n" lines.
//
// add() refuses a name or value that could end the line or the section (CR, LF, NUL, other
// controls): it returns false and adds nothing. Foreign text is never repaired into a header.
class HeaderBlock {
 public:
  bool add(std::string_view name, std::string_view value);
  void add(const HeaderBlock& others) { text_ += others.text_; }
  std::string_view str() const { return text_; }
  void clear() { text_.clear(); }

 private:
  std::string text_;
};

}  // namespace dragoman::net
