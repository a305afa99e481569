#include "backends/coze/select.hpp"

#include <gtest/gtest.h>

#include "backends/coze/backend.hpp"

namespace dragoman::coze {
namespace {

TEST(CozeSelect, TheHeaderNamesTheBotBeforeTheModelAndTheSettings) {
  settings::Coze settings;
  settings.bot_id = "1";
  chat::Request request;
  EXPECT_EQ(*bot_of(request, settings), "1");
  request.model = "coze/bot/2";
  EXPECT_EQ(*bot_of(request, settings), "2");
  request.hints.bot_id = "3";
  EXPECT_EQ(*bot_of(request, settings), "3");
  request.hints.bot_id = "";
  request.model = "coze/bot/";
  EXPECT_EQ(*bot_of(request, settings), "1");
}

TEST(CozeSelect, AMissingBotIsABadRequest) {
  const auto bot = bot_of(chat::Request(), settings::Coze());
  ASSERT_FALSE(bot);
  EXPECT_EQ(bot.error().kind, ErrorKind::bad_request);
  EXPECT_EQ(bot.error().code, "missing_bot_id");
  EXPECT_EQ(bot.error().param, "x-bot-id");
  EXPECT_EQ(bot.error().message, "Bot ID is required for chat completion");
}

TEST(CozeSelect, WhatIsNoBotIdIsRefusedWithoutRepeatingIt) {
  chat::Request request;
  request.model = "coze/bot/../x y";
  auto bot = bot_of(request, settings::Coze());
  ASSERT_FALSE(bot);
  EXPECT_EQ(bot.error().code, "invalid_bot_id");
  EXPECT_EQ(bot.error().param, "model");
  request.hints.bot_id = std::string(65, '1');
  bot = bot_of(request, settings::Coze());
  ASSERT_FALSE(bot);
  EXPECT_EQ(bot.error().param, "x-bot-id");
}

TEST(CozeSelect, TheModelTypeIsTheHintsThenTheModelsThenTheDefault) {
  settings::Coze settings;
  settings.default_model_type = "workflow";
  chat::Request request;
  EXPECT_EQ(*model_type_of(request, settings), ModelType::workflow);
  request.model = "coze/bot/1";
  EXPECT_EQ(*model_type_of(request, settings), ModelType::chat);
  request.model = "coze/workflow/1";
  settings.default_model_type = "chat";
  EXPECT_EQ(*model_type_of(request, settings), ModelType::workflow);
  request.hints.model_type = "conversation";
  EXPECT_EQ(*model_type_of(request, settings), ModelType::conversation);
}

TEST(CozeSelect, NoBotAnswersInPlaceOfAnother) {
  settings::Coze settings;
  settings.bot_id = "1";
  chat::Request request;
  request.model = "coze/7401000000000000002";
  const auto type = model_type_of(request, settings);
  ASSERT_FALSE(type);
  EXPECT_EQ(type.error().kind, ErrorKind::model_not_found);
  request.hints.bot_id = "2";
  EXPECT_EQ(*model_type_of(request, settings), ModelType::chat);
}

TEST(CozeSelect, AnotherModelTypeIsRefusedInTheWordsClientsKnow) {
  chat::Request request;
  request.hints.model_type = "image";
  auto type = model_type_of(request, settings::Coze());
  ASSERT_FALSE(type);
  EXPECT_EQ(type.error().kind, ErrorKind::bad_request);
  EXPECT_EQ(type.error().code, "invalid_model_type");
  EXPECT_EQ(type.error().message, "Invalid model type: image");

  request.hints.model_type = "a\x01\xFF" + std::string(100, 'b');
  type = model_type_of(request, settings::Coze());
  EXPECT_EQ(type.error().message,
            "Invalid model type: a?\xEF\xBF\xBD" + std::string(29, 'b') + "...");
}

TEST(CozeSelect, ModelNamesThatAreCozesAreKnown) {
  for (const char* name : {"coze/bot/1", "coze/workflow/1", "coze/x", "gpt-3.5-turbo", "gpt-4"}) {
    EXPECT_TRUE(is_coze_model(name)) << name;
  }
  for (const char* name : {"", "coze", "gpt-4o", "claude-sonnet-4", "my/coze/bot"}) {
    EXPECT_FALSE(is_coze_model(name)) << name;
  }
}

TEST(CozeSelect, ModelsToListAreTheOldNamesAndTheConfiguredBot) {
  settings::Coze settings;
  EXPECT_EQ(list_models(settings).size(), 2U);
  settings.bot_id = "7401";
  const auto models = list_models(settings);
  ASSERT_EQ(models.size(), 3U);
  EXPECT_EQ(models[0].id, "gpt-3.5-turbo");
  EXPECT_EQ(models[1].id, "gpt-4");
  EXPECT_EQ(models[2].id, "coze/bot/7401");
  for (const auto& model : models) EXPECT_EQ(model.owned_by, "coze-proxy");
}

}  // namespace
}  // namespace dragoman::coze
