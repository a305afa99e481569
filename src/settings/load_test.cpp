#include "settings/load.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <set>
#include <sstream>

#include "settings/table.hpp"

namespace dragoman::settings {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Loaded load_environment(Environment environment) {
  environment.emplace("HOME", "/home/me");
  Sources sources;
  sources.environment = std::move(environment);
  return load(sources);
}

Loaded load_toml(std::string text) {
  Sources sources;
  sources.environment = {{"HOME", "/home/me"}};
  sources.toml = TextFile{"dragoman.toml", std::move(text)};
  return load(sources);
}

TEST(SettingsLoad, NothingGivenMeansTheDefaults) {
  const Loaded loaded = load_environment({});
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.settings.server.host, "127.0.0.1");
  EXPECT_EQ(loaded.settings.server.port, 3000);
  EXPECT_EQ(loaded.settings.server.state_dir, "/home/me/.codewhisperer-proxy");
  EXPECT_EQ(loaded.settings.codewhisperer.endpoint, "https://q.us-east-1.amazonaws.com");
  EXPECT_EQ(loaded.settings.limits.head_timeout, 15s);
}

TEST(SettingsLoad, CommandLineBeatsEnvironmentBeatsDotenvBeatsFile) {
  Sources sources;
  sources.environment = {{"HOME", "/h"}, {"PORT", "2"}, {"COZE_BOT_ID", "environment"}};
  sources.options = {{"--port", "server.port", "1"}};
  sources.dotenv = TextFile{".env", "PORT=3\nCOZE_BOT_ID=dotenv\nCOZE_SPACE_ID=dotenv\n"};
  sources.toml = TextFile{"d.toml",
                          "[server]\nport = 4\n[coze]\nbot_id = 'toml'\nspace_id = 'toml'\n"
                          "workflow_id = 'toml'\n"};
  const Loaded loaded = load(sources);
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.settings.server.port, 1);
  EXPECT_EQ(loaded.settings.coze.bot_id, "environment");
  EXPECT_EQ(loaded.settings.coze.space_id, "dotenv");
  EXPECT_EQ(loaded.settings.coze.workflow_id, "toml");
  EXPECT_EQ(loaded.origins.at("server.port"), "option --port");
  EXPECT_EQ(loaded.origins.at("coze.bot_id"), "environment COZE_BOT_ID");
  EXPECT_EQ(loaded.origins.at("coze.space_id"), ".env:3 COZE_SPACE_ID");
  EXPECT_EQ(loaded.origins.at("coze.workflow_id"), "d.toml:6");
}

TEST(SettingsLoad, AnEmptyVariableCountsAsNotSet) {
  Sources sources;
  sources.environment = {{"HOME", "/h"}, {"PORT", ""}, {"DEFAULT_MODEL_TYPE", " "}};
  sources.dotenv = TextFile{".env", "PORT=5\n"};
  const Loaded loaded = load(sources);
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.settings.server.port, 5);
  EXPECT_EQ(loaded.settings.coze.default_model_type, "chat");
}

TEST(SettingsLoad, ValuesOutOfRangeAreErrorsThatNameTheVariable) {
  EXPECT_THAT(load_environment({{"PORT", "65536"}}).errors,
              ElementsAre("PORT: expected a number from 0 to 65535"));
  EXPECT_THAT(load_environment({{"PORT", "-1"}}).errors, ElementsAre("PORT: expected a number"));
  EXPECT_THAT(load_environment({{"DEFAULT_MODEL_TYPE", "chats"}}).errors,
              ElementsAre("DEFAULT_MODEL_TYPE: expected one of chat, conversation, workflow"));
  EXPECT_THAT(load_environment({{"DRAGOMAN_HEAD_TIMEOUT", "0"}}).errors,
              ElementsAre("DRAGOMAN_HEAD_TIMEOUT: expected a duration from 1ms to 3600s"));
  EXPECT_THAT(load_environment({{"DRAGOMAN_LOG_LEVEL", "loud"}}).errors,
              ElementsAre("DRAGOMAN_LOG_LEVEL: expected one of debug, info, warn, error"));
  EXPECT_THAT(load_environment({{"COZE_BASE_URL", "api.coze.com"}}).errors,
              ElementsAre("COZE_BASE_URL: expected a URL that begins with http:// or https://"));
  EXPECT_THAT(load_environment({{"DRAGOMAN_HOST", "example.com"}}).errors,
              ElementsAre(HasSubstr("DRAGOMAN_HOST: expected an IP address")));
  EXPECT_THAT(load_environment({{"CODEWHISPERER_REGION", "us east"}}).errors,
              ElementsAre(HasSubstr("CODEWHISPERER_REGION")));
}

TEST(SettingsLoad, AllErrorsAreReportedAtOnce) {
  EXPECT_EQ(load_environment({{"PORT", "x"}, {"ENABLE_CORS", "maybe"}}).errors.size(), 2U);
}

TEST(SettingsLoad, AnAddressOthersReachNeedsKeysOrAnExplicitWord) {
  const auto errors = load_environment({{"DRAGOMAN_HOST", "0.0.0.0"}}).errors;
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0], HasSubstr("DRAGOMAN_API_KEYS"));
  EXPECT_THAT(errors[0], HasSubstr("DRAGOMAN_ALLOW_ANYONE=true"));
  EXPECT_THAT(load_environment({{"DRAGOMAN_HOST", "::"}}).errors.size(), 1U);
  EXPECT_THAT(
      load_environment({{"DRAGOMAN_HOST", "0.0.0.0"}, {"DRAGOMAN_API_KEYS", "k1, k2"}}).errors,
      IsEmpty());
  EXPECT_THAT(
      load_environment({{"DRAGOMAN_HOST", "0.0.0.0"}, {"DRAGOMAN_ALLOW_ANYONE", "true"}}).errors,
      IsEmpty());
}

TEST(SettingsLoad, AListOfKeysWithoutAKeyDoesNotLetEveryoneIn) {
  EXPECT_THAT(load_environment({{"DRAGOMAN_API_KEYS", " , "}}).errors,
              ElementsAre("DRAGOMAN_API_KEYS: expected at least one key"));
  EXPECT_THAT(load_environment({{"DRAGOMAN_API_KEYS", "your_api_key"}}).errors,
              ElementsAre(HasSubstr("placeholder")));
  EXPECT_THAT(load_toml("[server]\napi_keys = ['']\n").errors,
              ElementsAre("dragoman.toml:2:1: server.api_keys: expected keys that are not empty"));
}

TEST(SettingsLoad, ProxiesComeFromTheLowerCaseNameFirst) {
  const Loaded loaded = load_environment(
      {{"https_proxy", "http://a:1"}, {"HTTPS_PROXY", "http://b:1"}, {"ALL_PROXY", "http://c:1"}});
  EXPECT_EQ(loaded.settings.network.https_proxy, "http://a:1");
  EXPECT_EQ(loaded.settings.network.http_proxy, "http://c:1");
}

TEST(SettingsLoad, TheRegionDecidesEndpointsThatAreNotGiven) {
  const Loaded loaded = load_environment({{"CODEWHISPERER_REGION", "eu-central-1"},
                                          {"CODEWHISPERER_OIDC_ENDPOINT", "http://127.0.0.1:9/"}});
  EXPECT_EQ(loaded.settings.codewhisperer.endpoint, "https://q.eu-central-1.amazonaws.com");
  EXPECT_EQ(loaded.settings.codewhisperer.oidc_endpoint, "http://127.0.0.1:9");
}

TEST(SettingsLoad, AllowedOriginsAreAList) {
  const Loaded loaded =
      load_environment({{"ALLOWED_ORIGINS", "https://a.example, http://localhost:5173/"}});
  EXPECT_THAT(loaded.settings.server.allowed_origins,
              ElementsAre("https://a.example", "http://localhost:5173"));
}

TEST(SettingsLoad, PlaceholdersOfTheTemplateAreIgnoredWithAWarning) {
  const Loaded loaded = load_environment({{"COZE_API_KEY", "pat_real1"},
                                          {"COZE_BOT_ID", "your_bot_id"},
                                          {"COZE_JWT_APP_ID", "your_app_id"},
                                          {"COZE_JWT_PRIVATE_KEY", "<private key>"}});
  EXPECT_THAT(loaded.errors, IsEmpty());
  ASSERT_EQ(loaded.warnings.size(), 1U);
  EXPECT_EQ(
      loaded.warnings[0],
      "COZE_BOT_ID, COZE_JWT_APP_ID, COZE_JWT_PRIVATE_KEY: a template's placeholder, ignored");
  EXPECT_EQ(loaded.settings.coze.bot_id, "");
  EXPECT_EQ(loaded.settings.coze.jwt_app_id, "");
}

TEST(SettingsLoad, JwtModeBringsAWarningAndTheApiKeyIsUsed) {
  const Loaded loaded =
      load_environment({{"COZE_JWT_APP_ID", "1174"}, {"COZE_API_KEY", "pat_real1"}});
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings,
              ElementsAre("COZE_JWT_*: JWT sign-in is not offered by this version; "
                          "COZE_API_KEY is used"));
}

TEST(SettingsLoad, MisspeltNamesOfOurOwnBringAWarning) {
  EXPECT_THAT(load_environment({{"DRAGOMAN_API_KEY", "x"}}).warnings,
              ElementsAre("DRAGOMAN_API_KEY: unknown, ignored; did you mean DRAGOMAN_API_KEYS?"));
  EXPECT_THAT(load_environment({{"DRAGOMAN_SERVICE_HOST", "10.0.0.1"},
                                {"DRAGOMAN_PORT", "tcp://10.0.0.1:3000"},
                                {"COZE_BASE_WS_URL", "wss://api.coze.com"},
                                {"SHELL", "/bin/sh"}})
                  .warnings,
              IsEmpty());
}

TEST(SettingsLoad, TomlTakesEverySection) {
  const Loaded loaded = load_toml(R"([server]
port = 8080
api_keys = ["one", "two"]
cors = true
[limits]
body_bytes = "64MiB"
head_timeout = 2.5
drain = "1m"
[log]
format = "json"
[coze]
)");
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.settings.server.port, 8080);
  ASSERT_EQ(loaded.settings.server.api_keys.size(), 2U);
  EXPECT_EQ(loaded.settings.server.api_keys[1].reveal(), "two");
  EXPECT_TRUE(loaded.settings.server.cors);
  EXPECT_EQ(loaded.settings.limits.body_bytes, 64U * 1024 * 1024);
  EXPECT_EQ(loaded.settings.limits.head_timeout, 2500ms);
  EXPECT_EQ(loaded.settings.limits.drain, 60s);
  EXPECT_EQ(loaded.settings.log.format, LogFormat::json);
}

TEST(SettingsLoad, UnknownTomlKeysAreErrorsWithPlaceAndNearestKey) {
  EXPECT_THAT(
      load_toml("[server]\n\n  prot = 1\n").errors,
      ElementsAre("dragoman.toml:3:3: server.prot: unknown key; did you mean server.port?"));
  EXPECT_THAT(load_toml("bot_id = '1'\n").errors,
              ElementsAre("dragoman.toml:1:1: bot_id: unknown key; did you mean coze.bot_id?"));
  EXPECT_THAT(load_toml("[zzzzzzzzzzzzzzzz]\nqqqqqqqq = 1\n").errors,
              ElementsAre("dragoman.toml:2:1: zzzzzzzzzzzzzzzz.qqqqqqqq: unknown key"));
  EXPECT_THAT(load_toml("[empty]\n").errors, ElementsAre("dragoman.toml:1:2: empty: unknown key"));
}

TEST(SettingsLoad, WrongTomlTypesAreErrorsWithPlace) {
  EXPECT_THAT(load_toml("[server]\nport = '80'\nworkers = 1.5\ncors = 'yes'\n"
                        "allowed_origins = '*'\nhost = 1\napi_keys = [1]\n[limits]\n"
                        "drain = true\nbody_bytes = true\n")
                  .errors,
              UnorderedElementsAre(
                  "dragoman.toml:2:1: server.port: expected a number",
                  "dragoman.toml:3:1: server.workers: expected a number",
                  "dragoman.toml:4:1: server.cors: expected true or false",
                  "dragoman.toml:5:1: server.allowed_origins: expected a list of texts, [\"...\"]",
                  "dragoman.toml:6:1: server.host: expected a text, \"...\"",
                  "dragoman.toml:7:1: server.api_keys: expected a list of texts, [\"...\"]",
                  "dragoman.toml:9:1: limits.drain: expected a duration: \"15s\", \"500ms\", or a "
                  "number of seconds",
                  "dragoman.toml:10:1: limits.body_bytes: expected a number of bytes: 65536 or "
                  "\"32MiB\""));
}

TEST(SettingsLoad, BrokenTomlIsAnErrorWithPlace) {
  const auto errors = load_toml("[server]\nport = \n").errors;
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0], testing::StartsWith("dragoman.toml:2:"));
}

TEST(SettingsLoad, ABrokenDotenvIsAnErrorWithLine) {
  Sources sources;
  sources.dotenv = TextFile{".env", "PORT=1\nwhat\n"};
  EXPECT_THAT(load(sources).errors, ElementsAre(".env: line 2: expected NAME=value"));
}

TEST(SettingsLoad, SecretsComeFromFilesToo) {
  Sources sources;
  sources.environment = {{"HOME", "/h"}, {"DRAGOMAN_API_KEYS_FILE", "keys"}};
  sources.toml = TextFile{"d.toml", "[coze]\napi_key_file = 'pat'\n"};
  sources.read_file = [](const std::string& path) -> Result<std::string> {
    if (path == "pat") return std::string("pat_from_file\n");
    return std::string("one\ntwo\n");
  };
  const Loaded loaded = load(sources);
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.settings.coze.api_key.reveal(), "pat_from_file");
  ASSERT_EQ(loaded.settings.server.api_keys.size(), 2U);
  EXPECT_EQ(loaded.settings.server.api_keys[1].reveal(), "two");
}

TEST(SettingsLoad, ASecretGivenTwiceInOnePlaceIsAnError) {
  EXPECT_THAT(load_environment({{"COZE_API_KEY", "pat_1"}, {"COZE_API_KEY_FILE", "/f"}}).errors,
              ElementsAre("COZE_API_KEY: set together with COZE_API_KEY_FILE; keep one of them"));
}

TEST(SettingsLoad, ASecretFileThatCannotBeReadIsAnErrorNotAnOpenDoor) {
  Sources sources;
  sources.environment = {{"HOME", "/h"}, {"DRAGOMAN_API_KEYS_FILE", "missing"}};
  sources.read_file = [](const std::string&) -> Result<std::string> {
    return Error(ErrorKind::bad_request, "there is no such file");
  };
  EXPECT_THAT(load(sources).errors, ElementsAre("DRAGOMAN_API_KEYS_FILE: there is no such file"));
}

TEST(SettingsLoad, NoSecretIsEverPrinted) {
  Environment environment = {{"HOME", "/h"}};
  for (const Setting& setting : table()) {
    if (is_secret(setting)) environment[std::string(setting.names[0])] = "canary-4711";
  }
  environment["https_proxy"] = "http://me:canary-4711@proxy:1";
  const Loaded loaded = load_environment(environment);
  EXPECT_EQ(loaded.settings.coze.api_key.reveal(), "canary-4711");
  std::string all = format_settings(loaded);
  for (const std::string& line : loaded.warnings) all += line;
  for (const std::string& line : loaded.errors) all += line;
  EXPECT_THAT(all, Not(HasSubstr("canary")));
  EXPECT_THAT(all, HasSubstr("api_keys = [\"***\"]  # environment DRAGOMAN_API_KEYS"));
}

TEST(SettingsLoad, WhatIsPrintedIsAFileThatMeansTheSame) {
  const Loaded first = load_environment({{"PORT", "81"},
                                         {"ALLOWED_ORIGINS", "https://a,https://b"},
                                         {"DRAGOMAN_HEAD_TIMEOUT", "1500ms"},
                                         {"DRAGOMAN_LOG_FORMAT", "json"},
                                         {"COZE_USER_ID", "tab\tquote\"back\\slash"}});
  ASSERT_THAT(first.errors, IsEmpty());
  const Loaded second = load_toml(format_settings(first));
  EXPECT_THAT(second.errors, IsEmpty());
  for (const Setting& setting : table()) {
    EXPECT_EQ(format_value(setting, first.settings), format_value(setting, second.settings))
        << setting.key;
  }
}

TEST(SettingsTable, NamesAndKeysAreUniqueAndEverySettingHasBoth) {
  std::set<std::string_view> keys;
  std::set<std::string_view> first_names;
  for (const Setting& setting : table()) {
    EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
    EXPECT_FALSE(setting.names[0].empty()) << setting.key;
    EXPECT_TRUE(first_names.insert(setting.names[0]).second) << setting.names[0];
    EXPECT_FALSE(setting.meaning.empty()) << setting.key;
  }
}

std::string documentation() {
  std::ifstream file(DRAGOMAN_TESTDATA "/../../docs/configuration.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The block of that kind in the section of the files.
std::string documented_file(const std::string& kind) {
  const std::string text = documentation();
  const std::string fence = "```" + kind + "\n";
  const auto begin = text.find(fence, text.find("## Files")) + fence.size();
  return text.substr(begin, text.find("```", begin) - begin);
}

TEST(SettingsTable, TheDocumentedFilesWork) {
  Sources sources;
  sources.environment = {{"HOME", "/h"}};
  sources.toml = TextFile{"dragoman.toml", documented_file("toml")};
  sources.read_file = [](const std::string&) -> Result<std::string> { return std::string("key"); };
  const Loaded from_toml = load(sources);
  EXPECT_THAT(from_toml.errors, IsEmpty());
  EXPECT_EQ(from_toml.settings.limits.upstream_silence, 180s);
  EXPECT_EQ(from_toml.settings.coze.api_key.reveal(), "key");

  sources.toml.reset();
  sources.dotenv = TextFile{".env", documented_file("sh")};
  const Loaded from_dotenv = load(sources);
  EXPECT_THAT(from_dotenv.errors, IsEmpty());
  EXPECT_EQ(from_dotenv.settings.coze.bot_id, "7401000000000000001");
}

TEST(SettingsTable, TheDocumentedTableIsThisTable) {
  EXPECT_THAT(documentation(), HasSubstr(reference_markdown()))
      << "put the output of `dragoman config reference` into docs/configuration.md:\n"
      << reference_markdown();
}

TEST(SettingsLoad, AnyFilesAreReadOrRefused) {
  EXPECT_TRUE(rc::check([](const std::string& dotenv, const std::string& toml) {
    Sources sources;
    sources.dotenv = TextFile{".env", dotenv};
    sources.toml = TextFile{"d.toml", toml};
    load(sources);
  }));
}

}  // namespace
}  // namespace dragoman::settings
