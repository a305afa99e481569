#pragma once
// Routing hints of a request: x-model-type, x-bot-id, x-workflow-id, x-conversation-id.
//
//   BodyHints hints;
//   hints.take("x-bot-id", value);        // a member of the body
//   hints.take_extra_headers(value);      // the object of that name
//   auto chosen = hints.merge(from_headers);   // Result<chat::Hints>
//
// They belong into headers, but may stand in the body too: directly, or within an object
// "extra_headers" (names in any case), where the official JavaScript client puts them when it is
// used like the Python one. A header wins over the body, the body's own member over extra_headers;
// only x-model-type of the body wins over the header's: a gateway before this one did it so, and
// programs rely on it. An empty hint is absent.
//
// A chosen hint has at most max_hint_bytes of visible ASCII; the errors of merge() are bad_request
// with the hint's name as param.

#include <string_view>

#include "chat/request.hpp"
#include "json/reader.hpp"

namespace dragoman::openai {

inline constexpr std::size_t max_hint_bytes = 256;

class BodyHints {
 public:
  // name is one of the four; of the same name twice the first one counts.
  Result<void> take(std::string_view name, const json::Reader& value);
  Result<void> take_extra_headers(const json::Reader& value);
  Result<chat::Hints> merge(const chat::Hints& from_headers) const;

 private:
  chat::Hints direct_;
  chat::Hints nested_;
};

}  // namespace dragoman::openai
