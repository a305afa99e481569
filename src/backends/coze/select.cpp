#include "backends/coze/select.hpp"

#include "backends/coze/errors.hpp"
#include "base/utf8.hpp"

namespace dragoman::coze {
namespace {

constexpr std::string_view bot_prefix = "coze/bot/";
constexpr std::string_view workflow_prefix = "coze/workflow/";
constexpr std::size_t max_echo_bytes = 32;

bool given(const std::optional<std::string>& hint) { return hint && !hint->empty(); }

// The caller's word, short and printable.
std::string echo(std::string_view word) {
  std::string text(utf8_prefix(word, max_echo_bytes));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  text = repair_utf8(text);
  if (word.size() > max_echo_bytes) text += "...";
  return text;
}

}  // namespace

bool is_coze_model(std::string_view name) {
  return name.starts_with("coze/") || name == "gpt-3.5-turbo" || name == "gpt-4";
}

Result<ModelType> model_type_of(const chat::Request& request, const settings::Coze& settings) {
  std::string_view word = settings.default_model_type;
  if (given(request.hints.model_type)) {
    word = *request.hints.model_type;
  } else if (request.model.starts_with(bot_prefix)) {
    return ModelType::chat;
  } else if (request.model.starts_with(workflow_prefix)) {
    return ModelType::workflow;
  } else if (request.model.starts_with("coze/") && !given(request.hints.bot_id)) {
    // Another bot than the one that was meant must not answer.
    return Error(ErrorKind::model_not_found,
                 "Unknown model '" + echo(request.model) + "': a bot is named coze/bot/<id>")
        .with_param("model");
  }
  if (word == "chat") return ModelType::chat;
  if (word == "conversation") return ModelType::conversation;
  if (word == "workflow") return ModelType::workflow;
  return Error(ErrorKind::bad_request, "Invalid model type: " + echo(word))
      .with_code("invalid_model_type")
      .with_param("x-model-type");
}

Result<std::string> bot_of(const chat::Request& request, const settings::Coze& settings) {
  std::string_view bot = settings.bot_id;
  std::string_view param = "x-bot-id";
  if (given(request.hints.bot_id)) {
    bot = *request.hints.bot_id;
  } else if (request.model.starts_with(bot_prefix) && request.model.size() > bot_prefix.size()) {
    bot = std::string_view(request.model).substr(bot_prefix.size());
    param = "model";
  }
  if (bot.empty()) {
    return Error(ErrorKind::bad_request, "Bot ID is required for chat completion")
        .with_code("missing_bot_id")
        .with_param("x-bot-id");
  }
  if (clean_id(bot).empty()) {
    return Error(ErrorKind::bad_request,
                 "The bot ID has characters that no bot ID has, or is too long")
        .with_code("invalid_bot_id")
        .with_param(std::string(param));
  }
  return std::string(bot);
}

}  // namespace dragoman::coze
