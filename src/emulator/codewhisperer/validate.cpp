#include "emulator/codewhisperer/validate.hpp"

#include "emulator/codewhisperer/inputs.hpp"
#include "emulator/codewhisperer/rules.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

using json::Reader;

std::string_view text_at(const Reader& in, std::string_view key) {
  auto value = in.find(key);
  if (!value) return {};
  auto text = value->string();
  return text ? *text : std::string_view();
}

std::optional<Reader> current_user(const Reader& root) {
  auto state = root.find("conversationState");
  auto current = state ? state->find("currentMessage") : std::nullopt;
  return current ? current->find("userInputMessage") : std::nullopt;
}

// Bytes of all strings but those named "bytes" (images and documents).
std::size_t text_bytes(const Reader& value) {
  switch (value.kind()) {
    case Reader::Kind::string: return value.string()->size();
    case Reader::Kind::array: {
      std::size_t sum = 0;
      for (Reader item : *value.array()) sum += text_bytes(item);
      return sum;
    }
    case Reader::Kind::object: {
      std::size_t sum = 0;
      for (auto [key, child] : *value.object())
        if (key != "bytes") sum += text_bytes(child);
      return sum;
    }
    case Reader::Kind::null:
    case Reader::Kind::boolean:
    case Reader::Kind::number: return 0;
  }
  return 0;
}

std::optional<Violation> check_size(const Reader& root, const Model& model,
                                    const RuleOptions& options) {
  constexpr std::size_t bytes_per_token = 4;
  const std::size_t bytes = text_bytes(root);
  if (bytes > options.max_text_bytes ||
      bytes / bytes_per_token > static_cast<std::size_t>(model.max_input_tokens))
    return Violation{"total size", "conversationState", "CONTENT_LENGTH_EXCEEDS_THRESHOLD",
                     "Input is too long."};
  return std::nullopt;
}

const Model* model_of(const Reader& root) {
  auto user = current_user(root);
  auto id = user ? user->find("modelId") : std::nullopt;
  if (!id) return &default_model();
  return find_model(*id->string());
}

std::optional<Violation> check_limits(const Reader& root, const Shape& shape,
                                      const RuleOptions& options) {
  auto found = check_shape(root, shape, ShapePhase::limits, {options.refuse_unknown_members});
  if (found) return found;
  auto history = root.find("conversationState")->find("history");
  if (history && history->array()->size() > options.max_history)
    return Violation{"number of entries", history->path(), {}, {}};
  return std::nullopt;
}

}  // namespace

std::optional<Violation> validate_chat(std::string_view body, ChatOperation operation,
                                       const RuleOptions& options) {
  auto document = json::Document::parse(body);
  if (!document) return Violation{"the body is JSON", "", "REQUEST_BODY_INVALID_JSON", {}};
  const Reader root = document->root();
  const Shape& shape = operation == ChatOperation::generate ? generate_input() : send_input();
  const ShapeOptions shape_options{options.refuse_unknown_members};

  if (auto found = check_shape(root, shape, ShapePhase::required, shape_options)) return found;
  if (auto found = check_shape(root, shape, ShapePhase::types, shape_options)) return found;
  if (options.profile_required && !root.find("profileArn"))
    return Violation{
        "9: profileArn is required", "profileArn", {}, "profileArn is required for this request."};
  const Model* model = model_of(root);
  if (model == nullptr)
    return Violation{"the model is known", current_user(root)->path("modelId"), "INVALID_MODEL_ID",
                     "Invalid model. Please select a different model to continue."};
  if (auto found = check_limits(root, shape, options)) return found;
  const Reader state = *root.find("conversationState");
  if (auto found = check_conversation(state)) return found;
  if (auto found = check_tools(state, options)) return found;
  if (auto fields = root.find("additionalModelRequestFields"))
    if (auto found = check_request_fields(*fields, *model)) return found;
  if (auto found = check_images(state, *model, options)) return found;
  return check_size(root, *model, options);
}

ChatInput read_chat_input(std::string_view body) {
  ChatInput input;
  auto document = json::Document::parse(body);
  const Reader root = document->root();
  const Reader state = *root.find("conversationState");
  const Reader user = *current_user(root);
  input.conversation_id = text_at(state, "conversationId");
  input.text = text_at(user, "content");
  input.model_given = user.find("modelId").has_value();
  input.model = model_of(root);
  input.words = count_words(input.text);
  if (auto history = state.find("history"))
    for (Reader message : *history->array())
      for (auto [role, content] : *message.object())
        input.words += count_words(text_at(content, "content"));
  if (auto dry_run = root.find("dryRun")) input.dry_run = *dry_run->boolean();
  return input;
}

std::int64_t count_words(std::string_view text) {
  std::int64_t count = 0;
  bool in_word = false;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank && !in_word) ++count;
    in_word = !blank;
  }
  return count;
}

}  // namespace dragoman::emulator::codewhisperer
