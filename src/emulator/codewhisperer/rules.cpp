#include "emulator/codewhisperer/rules.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "base/base64.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

using json::Reader;
using Found = std::optional<Violation>;

Violation broken(std::string_view rule, std::string path, std::string_view reason = {},
                 std::string_view message = {}) {
  return {std::string(rule), std::move(path), std::string(reason), std::string(message)};
}

std::vector<Reader> entries(const std::optional<Reader>& list) {
  std::vector<Reader> out;
  if (!list) return out;
  auto array = list->array();
  if (!array) return out;
  for (Reader item : *array) out.push_back(item);
  return out;
}

std::string_view text_at(const Reader& in, std::string_view key) {
  auto value = in.find(key);
  if (!value) return {};
  auto text = value->string();
  return text ? *text : std::string_view();
}

std::optional<Reader> user_of(const Reader& message) { return message.find("userInputMessage"); }
std::optional<Reader> assistant_of(const Reader& message) {
  return message.find("assistantResponseMessage");
}

std::vector<Reader> context_list(const Reader& user, std::string_view key) {
  auto context = user.find("userInputMessageContext");
  if (!context) return {};
  return entries(context->find(key));
}

// History and the current message, oldest first.
std::vector<Reader> all_messages(const Reader& state) {
  std::vector<Reader> messages = entries(state.find("history"));
  if (auto current = state.find("currentMessage")) messages.push_back(*current);
  return messages;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Rules 1, 2 and 4.
Found check_turns(const Reader& state) {
  auto current = state.find("currentMessage");
  if (!current || !user_of(*current))
    return broken("1: the current message is a user message", state.path("currentMessage"));
  const auto history = entries(state.find("history"));
  for (std::size_t i = 0; i < history.size(); ++i) {
    const bool user_turn = i % 2 == 0;
    if (user_turn != user_of(history[i]).has_value())
      return broken(i == 0 ? "2: history starts with a user message" : "2: history alternates",
                    history[i].path());
  }
  if (history.size() % 2 != 0)
    return broken("2: history ends with an assistant message", history.back().path());
  for (const Reader& message : all_messages(state)) {
    auto role = user_of(message) ? user_of(message) : assistant_of(message);
    if (text_at(*role, "content").empty())
      return broken("4: content is not empty", role->path("content"));
  }
  return std::nullopt;
}

// The ids of one list; rule 6 when one comes twice.
Found collect_ids(const std::vector<Reader>& list, std::set<std::string_view>& ids) {
  for (const Reader& item : list)
    if (!ids.insert(text_at(item, "toolUseId")).second)
      return broken("6: toolUseId is unique in its list", item.path("toolUseId"));
  return std::nullopt;
}

// Rules 5, 6 and 13.
Found check_tool_turns(const Reader& state) {
  constexpr std::string_view mismatch = "TOOL_USE_RESULT_MISMATCH";
  std::set<std::string_view> open;  // ids of the assistant turn just before
  for (const Reader& message : all_messages(state)) {
    if (auto user = user_of(message)) {
      std::set<std::string_view> answered;
      if (auto found = collect_ids(context_list(*user, "toolResults"), answered)) return found;
      if (answered != open)
        return broken("5: tool results answer exactly the tool uses before them",
                      user->path("userInputMessageContext") + ".toolResults", mismatch);
      open.clear();
    } else if (auto assistant = assistant_of(message)) {
      const auto uses = entries(assistant->find("toolUses"));
      if (auto found = collect_ids(uses, open)) return found;
      for (const Reader& use : uses) {
        auto input = use.find("input");
        if (!input || input->kind() != Reader::Kind::object)
          return broken("13: tool input in history is an object", use.path("input"),
                        "REQUEST_BODY_INVALID", "Invalid tool use format.");
      }
    }
  }
  return std::nullopt;
}

// Rule 17.
Found check_thinking_tags(const Reader& state) {
  for (const Reader& message : all_messages(state)) {
    auto user = user_of(message);
    if (!user || context_list(*user, "toolResults").empty()) continue;
    if (text_at(*user, "content").find("<thinking_mode>") != std::string_view::npos)
      return broken("17: no thinking tags beside tool results", user->path("content"));
  }
  return std::nullopt;
}

// Rule 15: one schema and those inside it. What is not an object is left to the model provider.
Found check_schema(const Reader& schema, int depth) {
  constexpr int max_depth = 64;
  if (depth > max_depth || schema.kind() != Reader::Kind::object) return std::nullopt;
  constexpr std::string_view reason = "TOOL_SCHEMA_INVALID";
  auto object = schema.object();
  for (auto [key, value] : *object) {
    if (key == "required") {
      auto names = value.array();
      if (!names) return broken("15: required is a list of strings", value.path(), reason);
      for (Reader name : *names)
        if (name.kind() != Reader::Kind::string)
          return broken("15: required is a list of strings", name.path(), reason);
    } else if (key == "properties" || key == "$defs" || key == "definitions") {
      auto children = value.object();
      if (!children) return broken("15: properties is an object", value.path(), reason);
      for (auto [name, child] : *children)
        if (auto found = check_schema(child, depth + 1)) return found;
    } else if (key == "items" || key == "additionalProperties" || key == "not") {
      if (auto found = check_schema(value, depth + 1)) return found;
    } else if (key == "anyOf" || key == "oneOf" || key == "allOf") {
      for (const Reader& child : entries(value))
        if (auto found = check_schema(child, depth + 1)) return found;
    }
  }
  return std::nullopt;
}

Found check_specification(const Reader& specification) {
  auto input = specification.find("inputSchema");
  auto schema = input ? input->find("json") : std::nullopt;
  if (!schema)
    return broken("15: inputSchema.json is an object of type object",
                  specification.path("inputSchema"), "TOOL_SCHEMA_INVALID");
  if (text_at(*schema, "type") != "object")
    return broken("15: inputSchema.json is an object of type object", schema->path("type"),
                  "TOOL_SCHEMA_INVALID");
  return check_schema(*schema, 0);
}

std::string_view sniff_image(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return "png";
  if (bytes.starts_with("\xff\xd8\xff"sv)) return "jpeg";
  if (bytes.starts_with("GIF87a"sv) || bytes.starts_with("GIF89a"sv)) return "gif";
  if (bytes.starts_with("RIFF"sv) && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP"sv)
    return "webp";
  return {};
}

// As much of JSON Schema as the published schemas use.
Found check_against(const Reader& value, const Reader& schema) {
  constexpr std::string_view rule = "additionalModelRequestFields obey the model's schema";
  const auto type = text_at(schema, "type");
  if (type == "object") {
    auto object = value.object();
    if (!object) return broken(rule, value.path());
    auto properties = schema.find("properties");
    const bool closed = schema.find("additionalProperties").has_value();  // only ever false there
    for (auto [key, child] : *object) {
      auto property = properties ? properties->find(key) : std::nullopt;
      if (!property && closed) return broken(rule, child.path());
      if (!property) continue;
      if (auto found = check_against(child, *property)) return found;
    }
  }
  if (type == "integer") {
    auto number = value.integer();
    if (!number) return broken(rule, value.path());
    auto low = schema.optional_integer("minimum");
    auto high = schema.optional_integer("maximum");
    if ((low && *low && *number < **low) || (high && *high && *number > **high))
      return broken(rule, value.path());
  }
  if (auto words = schema.find("enum")) {
    auto text = value.string();
    const auto allowed = entries(words);
    if (!text || std::ranges::none_of(
                     allowed, [&](const Reader& word) { return word.string().value() == *text; }))
      return broken(rule, value.path());
  }
  return std::nullopt;
}

}  // namespace

std::optional<Violation> check_conversation(const Reader& state) {
  if (auto found = check_turns(state)) return found;
  if (auto found = check_tool_turns(state)) return found;
  return check_thinking_tags(state);
}

// Rules 7, 8, 15 and 18.
std::optional<Violation> check_tools(const Reader& state, const RuleOptions& options) {
  const auto messages = all_messages(state);
  std::set<std::string> used;
  for (std::size_t i = 0; i + 1 < messages.size(); ++i) {
    if (auto user = user_of(messages[i]))
      if (!context_list(*user, "tools").empty())
        return broken("7: tools are on the current message only",
                      user->path("userInputMessageContext") + ".tools");
    if (auto assistant = assistant_of(messages[i]))
      for (const Reader& use : entries(assistant->find("toolUses")))
        used.insert(lower(text_at(use, "name")));
  }
  const auto user = user_of(messages.back());
  const auto tools = context_list(*user, "tools");
  if (tools.size() > options.max_tools)
    return broken("number of tools", user->path("userInputMessageContext") + ".tools");
  std::set<std::string> known;
  for (const Reader& tool : tools) {
    auto specification = tool.find("toolSpecification");
    if (!specification) continue;
    if (!known.insert(lower(text_at(*specification, "name"))).second)
      return broken("18: tool names are unique", specification->path("name"), "TOOL_DUPLICATE");
    if (auto found = check_specification(*specification)) return found;
  }
  if (!std::ranges::includes(known, used))
    return broken("8: every tool used in history is among the current tools",
                  user->path("userInputMessageContext") + ".tools", "TOOL_CONFIG_MISSING");
  return std::nullopt;
}

// Rule 12 and the limits of images.
std::optional<Violation> check_images(const Reader& state, const Model& model,
                                      const RuleOptions& options) {
  for (const Reader& message : all_messages(state)) {
    auto user = user_of(message);
    if (!user) continue;
    const auto images = entries(user->find("images"));
    if (images.empty()) continue;
    if (!model.images)
      return broken("the model takes images", user->path("images"), "IMAGE_FORMAT_UNSUPPORTED");
    if (images.size() > options.max_images)
      return broken("number of images", user->path("images"), "IMAGE_COUNT_EXCEEDED");
    for (const Reader& image : images) {
      auto source = image.find("source");
      auto bytes = decode_base64(text_at(*source, "bytes"));
      if (bytes->size() > options.max_image_bytes)
        return broken("size of an image", source->path("bytes"), "IMAGE_SIZE_EXCEEDED");
      if (sniff_image(*bytes) != text_at(image, "format"))
        return broken("12: the declared format matches the bytes", image.path("format"),
                      "IMAGE_MIME_MISMATCH");
    }
  }
  return std::nullopt;
}

std::optional<Violation> check_request_fields(const Reader& fields, const Model& model) {
  if (model.request_fields_schema.empty())
    return broken("the model takes no additionalModelRequestFields", fields.path());
  auto schema = json::Document::parse(model.request_fields_schema);
  return check_against(fields, schema->root());
}

}  // namespace dragoman::emulator::codewhisperer
