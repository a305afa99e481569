#pragma once
// The few members of Coze's stream objects that matter, read where they lie.
//
//   ObjectReader objects(parser);
//   objects.begin_batch();                              // forgets repaired copies of the last
//   batch std::optional<Message> message = objects.message(data);   // nullopt: not a JSON object
//
// Views are raw: the inside of the JSON string, escapes unresolved and unchecked; empty when the
// member is absent, null or of another type. They refer to the data, or to a repaired copy of it
// when it was not valid UTF-8, and live until begin_batch(). Ids may be strings or numbers.

#include <cstdint>
#include <deque>
#include <optional>
#include <simdjson.h>
#include <string>
#include <string_view>

#include "base/padded.hpp"

namespace dragoman::coze {

struct Message {
  std::string_view id, chat_id, conversation_id;
  std::string_view role, type, content_type;
  std::string_view content, reasoning_content;
};

struct Chat {
  std::string_view id, conversation_id;
  std::int64_t input_count = 0, output_count = 0;
  std::int64_t error_code = 0;  // of last_error
};

class ObjectReader {
 public:
  // The parser is scratch memory, shared by all streams of a thread; it must outlive this.
  explicit ObjectReader(simdjson::ondemand::parser& parser) : parser_(parser) {}

  void begin_batch() { repaired_used_ = 0; }
  std::optional<Message> message(PaddedBytes data);
  std::optional<Chat> chat(PaddedBytes data);

 private:
  template <class Visit>
  bool read(PaddedBytes data, Visit visit);

  simdjson::ondemand::parser& parser_;
  std::deque<std::string> repaired_;
  std::size_t repaired_used_ = 0;
};

}  // namespace dragoman::coze
