#pragma once
// The JSON a request must have, as a table, and the check of a document against it.
//
//   auto violation = check_shape(document.root(), generate_input(), ShapePhase::required);
//
// A Shape describes one value; members of structures and unions name further shapes. The service
// looks at a request in phases (are all required members there? has everything its type? are
// lengths and patterns kept?), so the same table is walked once a phase, and what it reports does
// not depend on the order of members.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "json/reader.hpp"

namespace dragoman::emulator::codewhisperer {

// A rule that a request breaks. `rule` is a short fixed word ("alternation"), `path` says where,
// `reason` is the service's own code where it is known to send one, else empty.
struct Violation {
  std::string rule;
  std::string path;
  std::string reason;
  // The service's message; empty: "Improperly formed request."
  std::string message;
};

struct Shape;

struct MemberRule {
  std::string_view name;
  const Shape* shape = nullptr;
  bool required = false;
};

struct Shape {
  enum class Kind {
    string,   // min..max count code points; pattern and words as given
    blob,     // base64 with padding; max counts decoded bytes
    integer,  // min..max is the range of the value
    boolean,
    any,        // any JSON but null
    object,     // any JSON object
    structure,  // members
    one_of,     // members, exactly one of which must be there
    list,       // element; min..max counts entries
  };
  Kind kind = Kind::any;
  std::int64_t min = 0;
  std::int64_t max = INT64_MAX;
  bool (*pattern)(std::string_view) = nullptr;
  std::span<const std::string_view> words{};  // the only strings allowed, when there are any
  std::span<const MemberRule> members{};
  const Shape* element = nullptr;
};

enum class ShapePhase { required, types, limits };

struct ShapeOptions {
  // The newer front door refuses what it does not know everywhere; the older ones in places. Null
  // for a member is refused by both often enough to be refused here always.
  bool refuse_unknown = true;
};

std::optional<Violation> check_shape(const json::Reader& value, const Shape& shape,
                                     ShapePhase phase, ShapeOptions options = {});

// [a-zA-Z0-9_-]+
bool is_tool_word(std::string_view text);

}  // namespace dragoman::emulator::codewhisperer
