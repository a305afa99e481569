#include "backends/coze/objects.hpp"

#include <charconv>

#include "base/utf8.hpp"

namespace dragoman::coze {
namespace {

namespace ondemand = simdjson::ondemand;

// A parser that grew beyond this for one large event gives its memory back.
constexpr std::size_t usual_capacity = 64 * 1024;

std::string_view token_of(ondemand::value value) {
  std::string_view token = value.raw_json_token();
  const std::size_t end = token.find_last_not_of(" \t\r\n");
  return token.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

std::string_view string_of(ondemand::value value) {
  const std::string_view token = token_of(value);
  if (token.size() < 2 || token.front() != '"' || token.back() != '"') return {};
  return token.substr(1, token.size() - 2);
}

// The text of a string or a number: ids and counts are either.
std::string_view scalar_of(ondemand::value value) {
  const std::string_view token = token_of(value);
  if (token.empty()) return {};
  if (token.front() == '"') return string_of(value);
  return token.front() == '-' || (token.front() >= '0' && token.front() <= '9')
             ? token
             : std::string_view();
}

std::int64_t count_of(ondemand::value value) {
  const std::string_view digits = scalar_of(value);
  std::int64_t count = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, count);
  constexpr std::int64_t most = std::int64_t{1} << 53;
  return digits.empty()                                               ? 0
         : read.ec == std::errc() && read.ptr == end && count <= most ? count
                                                                      : -1;
}

// Calls visit(key, value) for each member; false when the object is broken. Values that are not
// looked into are skipped, not judged.
template <class Visit>
bool each_member(ondemand::object object, Visit visit) {
  for (auto field : object) {
    ondemand::raw_json_string key;
    ondemand::value value;
    if (field.key().get(key) != simdjson::SUCCESS) return false;
    if (field.value().get(value) != simdjson::SUCCESS) return false;
    if (!visit(key, value)) return false;
  }
  return true;
}

template <class Visit>
bool each_member_of(ondemand::value value, Visit visit) {
  if (token_of(value).substr(0, 1) != "{") return true;  // null, absent: nothing
  ondemand::object object;
  return value.get_object().get(object) == simdjson::SUCCESS && each_member(object, visit);
}

}  // namespace

template <class Visit>
bool ObjectReader::read(PaddedBytes data, Visit visit) {
  ondemand::document document;
  auto code = parser_.iterate(data.data(), data.size(), data.size() + byte_padding).get(document);
  if (code == simdjson::UTF8_ERROR) {
    if (repaired_used_ == repaired_.size()) repaired_.emplace_back();
    std::string& text = repaired_[repaired_used_++];
    text = repair_utf8(data.view());
    const std::size_t size = text.size();
    text.append(byte_padding, '\0');
    code = parser_.iterate(text.data(), size, text.size()).get(document);
  }
  bool intact = false;
  if (code == simdjson::SUCCESS) {
    ondemand::object object;
    intact = document.get_object().get(object) == simdjson::SUCCESS && each_member(object, visit) &&
             document.current_location().error() == simdjson::OUT_OF_BOUNDS;  // nothing follows
  }
  if (parser_.capacity() > usual_capacity) parser_ = ondemand::parser();
  return intact;
}

std::optional<Message> ObjectReader::message(PaddedBytes data) {
  Message message;
  const auto visit = [&](ondemand::raw_json_string key, ondemand::value value) {
    if (key == "content") {
      message.content = string_of(value);
    } else if (key == "reasoning_content") {
      message.reasoning_content = string_of(value);
    } else if (key == "id") {
      message.id = scalar_of(value);
    } else if (key == "type") {
      message.type = string_of(value);
    } else if (key == "content_type") {
      message.content_type = string_of(value);
    } else if (key == "role") {
      message.role = string_of(value);
    } else if (key == "chat_id") {
      message.chat_id = scalar_of(value);
    } else if (key == "conversation_id") {
      message.conversation_id = scalar_of(value);
    }
    return true;
  };
  if (!read(data, visit)) return std::nullopt;
  return message;
}

std::optional<Chat> ObjectReader::chat(PaddedBytes data) {
  Chat chat;
  const auto visit_usage = [&](ondemand::raw_json_string key, ondemand::value value) {
    if (key == "input_count") chat.input_count = count_of(value);
    if (key == "output_count") chat.output_count = count_of(value);
    return true;
  };
  const auto visit_error = [&](ondemand::raw_json_string key, ondemand::value value) {
    if (key == "code") chat.error_code = count_of(value);
    return true;
  };
  const auto visit = [&](ondemand::raw_json_string key, ondemand::value value) {
    if (key == "id") {
      chat.id = scalar_of(value);
    } else if (key == "conversation_id") {
      chat.conversation_id = scalar_of(value);
    } else if (key == "usage") {
      return each_member_of(value, visit_usage);
    } else if (key == "last_error") {
      return each_member_of(value, visit_error);
    }
    return true;
  };
  if (!read(data, visit)) return std::nullopt;
  return chat;
}

}  // namespace dragoman::coze
