#include "emulator/coze/messages.hpp"

#include <algorithm>
#include <array>

namespace dragoman::emulator::coze {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() < 4 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Addresses and names that nobody outside can reach. Enough for what people try.
bool is_private_host(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost") || host.ends_with(".local")) return true;
  if (host == "[::1]" || host.starts_with("[fe80:") || host.starts_with("[fc") ||
      host.starts_with("[fd")) {
    return true;
  }
  for (std::string_view prefix : {"0.", "10.", "127.", "169.254.", "192.168."}) {
    const std::string_view rest = host.substr(std::min(prefix.size(), host.size()));
    if (host.starts_with(prefix) && is_digits(rest.substr(0, rest.find('.')))) return true;
  }
  if (!host.starts_with("172.")) return false;
  const std::string_view second = host.substr(4, host.find('.', 4) - 4);
  return second.size() == 2 && is_digits(second) && second >= "16" && second <= "31";
}

// The problem with it, or nothing.
std::string_view judge_url(std::string_view url) {
  if (url.starts_with("data:")) return "data URIs are not supported, upload the file first";
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return "must be an http or https URL";
  }
  std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  if (!host.starts_with('[')) host = host.substr(0, host.find(':'));
  host = host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.size());
  if (host.empty()) return "must be an http or https URL";
  return is_private_host(host) ? "must be reachable by the service" : std::string_view();
}

void check_media(Fields& item) {
  const Id file = item.optional_id("file_id");
  const std::string url = item.optional_text("file_url");
  if (item.refused()) return;
  if (file == 0 && url.empty()) return item.refuse("file_id", "file_id or file_url is required");
  if (url.empty()) return;
  if (const auto problem = judge_url(url); !problem.empty()) item.refuse("file_url", problem);
}

constexpr std::array<std::string_view, 3> tool_types{"function_call", "tool_output",
                                                     "tool_response"};

void check_type(Fields& fields, const InputMessage& message, const MessageRules& rules) {
  const bool user = message.role == "user";
  if (message.type == "question") {
    if (!user) fields.refuse("type", "question is for the role user only");
  } else if (message.type == "answer") {
    if (user) fields.refuse("type", "answer is for the role assistant only");
  } else if (std::ranges::find(tool_types, message.type) == tool_types.end()) {
    fields.refuse("type", "must be question or answer");
  } else if (!rules.tool_types) {
    fields.refuse("type", "this type is allowed only when auto_save_history is false");
  } else if (user) {
    fields.refuse("type", "this type is for the role assistant only");
  }
}

}  // namespace

void check_object_string(Fields& fields, InputMessage& message) {
  const auto refuse = [&](std::string_view problem) { fields.refuse("content", problem); };
  auto document = json::Document::parse(message.content);
  if (!document) return refuse("an object_string must be the JSON text of an array");
  auto items = document->root().array();
  if (!items) return refuse("an object_string must be the JSON text of an array");
  std::size_t texts = 0;
  std::size_t media = 0;
  for (json::Reader element : *items) {
    Fields item(element);
    const std::string type = item.one_of("type", {"text", "image", "file", "audio"}, "");
    if (!item.refused() && type == "text") {
      ++texts;
      message.text = item.optional_text("text");
      if (!element.find("text")) item.refuse("text", "is required");
    } else if (!item.refused()) {
      ++media;
      message.has_audio = message.has_audio || type == "audio";
      check_media(item);
    }
    if (item.refused()) return refuse(item.refused()->msg);
  }
  if (texts > 1) return refuse("an object_string may have one text item only");
  if (media == 0) return refuse("an object_string needs an image, file or audio item");
  message.media_only = texts == 0;
}

InputMessage read_message(Fields& fields, const MessageRules& rules) {
  InputMessage message;
  message.role = fields.text("role");
  if (!fields.refused() && message.role != "user" && message.role != "assistant") {
    fields.refuse("role", "must be user or assistant");
  }
  message.type = fields.optional_text("type");
  message.type_given = !message.type.empty();
  if (!message.type_given) message.type = message.role == "user" ? "question" : "answer";
  message.content_type = fields.one_of("content_type", {"text", "object_string"}, "text");
  if (!fields.refused() && !fields.reader().find("content")) {
    fields.refuse("content", "is required");
  }
  message.content = fields.optional_text("content");
  message.meta_data = fields.meta_data();
  if (fields.refused()) return message;

  check_type(fields, message, rules);
  if (message.content_type == "text") {
    message.text = message.content;
  } else if (message.role != "user") {
    fields.refuse("content_type", "the content of an assistant message is text only");
  } else {
    check_object_string(fields, message);
  }
  return message;
}

std::vector<InputMessage> read_messages(Fields& fields, std::string_view key,
                                        const MessageRules& rules) {
  std::vector<InputMessage> messages;
  if (fields.refused()) return messages;
  const auto member = fields.reader().find(key);
  if (!member) return messages;
  auto items = member->array();
  if (!items) return fields.refuse(items.error()), messages;
  if (items->size() > rules.max_count) {
    fields.refuse({4004, std::string(key) + ": at most " + std::to_string(rules.max_count) +
                             " messages are allowed"});
    return messages;
  }
  for (json::Reader item : *items) {
    Fields element(item);
    messages.push_back(read_message(element, rules));
    if (element.refused()) return fields.refuse(*element.refused()), messages;
  }
  // An image alone says nothing: a text of the same turn must stand next to it.
  const auto is_text = [&](std::size_t i) {
    return i < messages.size() && messages[i].role == "user" && !messages[i].text.empty();
  };
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (!messages[i].media_only || is_text(i + 1) || (i > 0 && is_text(i - 1))) continue;
    fields.refuse(bad_parameter(std::string(key) + "." + std::to_string(i) +
                                ".content: media only, it must stand next to a text message"));
    break;
  }
  return messages;
}

}  // namespace dragoman::emulator::coze
