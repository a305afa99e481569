#pragma once
// Which bot, which kind of call: decisions taken from a request's hints, its model and settings.

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "chat/request.hpp"
#include "settings/settings.hpp"

namespace dragoman::coze {

enum class ModelType {
  chat,          // a turn of a bot
  conversation,  // known, not offered yet
  workflow,      // known, not offered yet
};

// Whether a model's name alone says that it is Coze's: "coze/...", and the two names that "OpenAI
// Proxy Server for Coze" listed.
bool is_coze_model(std::string_view name);

// The hint x-model-type, else what the model's name says ("coze/bot/...", "coze/workflow/..."),
// else the configured default. Errors: bad_request, code invalid_model_type.
Result<ModelType> model_type_of(const chat::Request& request, const settings::Coze& settings);

// The hint x-bot-id, else the id in a model "coze/bot/<id>", else COZE_BOT_ID.
// Errors: bad_request, code missing_bot_id or invalid_bot_id.
Result<std::string> bot_of(const chat::Request& request, const settings::Coze& settings);

}  // namespace dragoman::coze
