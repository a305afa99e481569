#include "emulator/codewhisperer/shape.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/utf8.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

using json::Reader;
using Kind = Shape::Kind;
using Found = std::optional<Violation>;

Violation violation(std::string_view rule, const Reader& at) {
  return {std::string(rule), at.path(), {}, {}};
}

bool between(std::int64_t value, const Shape& shape) {
  return value >= shape.min && value <= shape.max;
}

Found check_string(const Reader& value, const Shape& shape, ShapePhase phase) {
  auto text = value.string();
  if (phase == ShapePhase::types) {
    if (!text) return violation("not a string", value);
    // An unknown word of an enumeration fails while the request is read, as a wrong type does.
    if (!shape.words.empty() && std::ranges::find(shape.words, *text) == shape.words.end())
      return violation("not one of the words", value);
    return std::nullopt;
  }
  if (!text) return std::nullopt;
  if (!between(static_cast<std::int64_t>(count_code_points(*text)), shape))
    return violation("length", value);
  if (shape.pattern != nullptr && !shape.pattern(*text)) return violation("pattern", value);
  return std::nullopt;
}

Found check_blob(const Reader& value, const Shape& shape, ShapePhase phase) {
  auto text = value.string();
  if (!text) {
    if (phase == ShapePhase::types) return violation("not a string", value);
    return std::nullopt;
  }
  auto bytes = decode_base64(*text);
  if (!bytes) {
    if (phase == ShapePhase::types) return violation("not base64", value);
    return std::nullopt;
  }
  if (phase == ShapePhase::limits && !between(static_cast<std::int64_t>(bytes->size()), shape))
    return violation("size", value);
  return std::nullopt;
}

Found check_integer(const Reader& value, const Shape& shape, ShapePhase phase) {
  auto number = value.integer();
  if (phase == ShapePhase::types && !number) return violation("not an integer", value);
  if (phase == ShapePhase::limits && number && !between(*number, shape))
    return violation("range", value);
  return std::nullopt;
}

Found check_members(const Reader& value, const Shape& shape, ShapePhase phase,
                    ShapeOptions options) {
  auto object = value.object();
  if (!object) {
    if (phase == ShapePhase::types) return violation("not an object", value);
    return std::nullopt;
  }
  if (phase == ShapePhase::required) {
    for (const MemberRule& member : shape.members)
      if (member.required && !value.find(member.name))
        return Violation{"required member is missing", value.path(member.name), {}, {}};
  }
  std::size_t count = 0;
  for (auto [key, child] : *object) {
    ++count;
    const auto member = std::ranges::find(shape.members, key, &MemberRule::name);
    if (member == shape.members.end()) {
      if (phase == ShapePhase::types && options.refuse_unknown)
        return violation("unknown member", child);
      continue;
    }
    if (child.is_null()) {
      if (phase == ShapePhase::types) return violation("null", child);
      continue;
    }
    auto found = check_shape(child, *member->shape, phase, options);
    if (found) return found;
  }
  if (shape.kind == Kind::one_of && phase == ShapePhase::types && count != 1)
    return violation("not exactly one member of a union", value);
  return std::nullopt;
}

Found check_list(const Reader& value, const Shape& shape, ShapePhase phase, ShapeOptions options) {
  auto array = value.array();
  if (!array) {
    if (phase == ShapePhase::types) return violation("not a list", value);
    return std::nullopt;
  }
  if (phase == ShapePhase::limits && !between(static_cast<std::int64_t>(array->size()), shape))
    return violation("number of entries", value);
  for (Reader child : *array) {
    auto found = check_shape(child, *shape.element, phase, options);
    if (found) return found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Violation> check_shape(const json::Reader& value, const Shape& shape,
                                     ShapePhase phase, ShapeOptions options) {
  const bool scalar = shape.kind == Kind::string || shape.kind == Kind::blob ||
                      shape.kind == Kind::integer || shape.kind == Kind::boolean ||
                      shape.kind == Kind::any || shape.kind == Kind::object;
  if (scalar && phase == ShapePhase::required) return std::nullopt;
  switch (shape.kind) {
    case Kind::string: return check_string(value, shape, phase);
    case Kind::blob: return check_blob(value, shape, phase);
    case Kind::integer: return check_integer(value, shape, phase);
    case Kind::boolean:
      if (phase == ShapePhase::types && value.kind() != Reader::Kind::boolean)
        return violation("not a boolean", value);
      return std::nullopt;
    case Kind::any: return std::nullopt;
    case Kind::object:
      if (phase == ShapePhase::types && value.kind() != Reader::Kind::object)
        return violation("not an object", value);
      return std::nullopt;
    case Kind::structure:
    case Kind::one_of: return check_members(value, shape, phase, options);
    case Kind::list: return check_list(value, shape, phase, options);
  }
  return std::nullopt;
}

bool is_tool_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

}  // namespace dragoman::emulator::codewhisperer
