#include "cli/options.hpp"

#include <gtest/gtest.h>

namespace dragoman::cli {
namespace {

Call call(std::vector<std::string> arguments) {
  Parsed parsed = parse(std::move(arguments));
  if (const auto* stop = std::get_if<Stop>(&parsed)) {
    ADD_FAILURE() << stop->text;
    return {};
  }
  return std::get<Call>(std::move(parsed));
}

Stop stop(std::vector<std::string> arguments) {
  Parsed parsed = parse(std::move(arguments));
  if (const auto* result = std::get_if<Stop>(&parsed)) return *result;
  ADD_FAILURE() << "was taken";
  return {};
}

TEST(CommandLine, WithoutAVerbItServes) {
  const Call none = call({});
  EXPECT_EQ(std::get<ServeVerb>(none.verb).demo, daemon::Demo::automatic);
  EXPECT_TRUE(none.settings.empty());
  const Call port = call({"--port", "0"});
  ASSERT_TRUE(std::holds_alternative<ServeVerb>(port.verb));
  ASSERT_EQ(port.settings.size(), 1U);
  EXPECT_EQ(port.settings[0].key, "server.port");
  EXPECT_EQ(port.settings[0].value, "0");
}

TEST(CommandLine, OptionsMayStandBeforeAndBehindServe) {
  for (const auto& arguments : {std::vector<std::string>{"serve", "--port", "81", "--demo"},
                                std::vector<std::string>{"--port", "81", "--demo", "serve"},
                                std::vector<std::string>{"--port=81", "serve", "--demo"}}) {
    const Call serve = call(arguments);
    EXPECT_EQ(std::get<ServeVerb>(serve.verb).demo, daemon::Demo::always);
    ASSERT_EQ(serve.settings.size(), 1U);
    EXPECT_EQ(serve.settings[0].value, "81");
  }
  EXPECT_EQ(std::get<ServeVerb>(call({"serve", "--no-demo"}).verb).demo, daemon::Demo::never);
}

TEST(CommandLine, MockNeedsAnUpstreamAndHasItsOwnAddress) {
  const Call mock = call({"mock", "coze", "--port", "99"});
  EXPECT_EQ(std::get<MockVerb>(mock.verb).options.kind, daemon::MockOptions::Kind::coze);
  EXPECT_EQ(std::get<MockVerb>(mock.verb).options.port, 99);
  EXPECT_EQ(std::get<MockVerb>(mock.verb).options.host, "127.0.0.1");
  EXPECT_TRUE(mock.settings.empty());
  EXPECT_EQ(std::get<MockVerb>(call({"mock", "codewhisperer"}).verb).options.kind,
            daemon::MockOptions::Kind::codewhisperer);
  EXPECT_EQ(stop({"mock"}).code, 2);
  EXPECT_EQ(stop({"mock", "coze", "--port", "70000"}).code, 2);
}

TEST(CommandLine, TheOtherVerbsAreThere) {
  EXPECT_TRUE(std::get<LoginVerb>(call({"login"}).verb).qr_code);
  EXPECT_FALSE(std::get<LoginVerb>(call({"login", "--no-qr"}).verb).qr_code);
  EXPECT_EQ(std::get<ConfigVerb>(call({"config", "check"}).verb), ConfigVerb::check);
  EXPECT_EQ(std::get<ConfigVerb>(call({"config", "reference"}).verb), ConfigVerb::reference);
  const Call print = call({"config", "print", "--config", "x.toml"});
  EXPECT_EQ(std::get<ConfigVerb>(print.verb), ConfigVerb::print);
  EXPECT_EQ(print.config_file, "x.toml");
  EXPECT_TRUE(std::holds_alternative<HealthcheckVerb>(call({"healthcheck"}).verb));
  EXPECT_TRUE(std::holds_alternative<VersionVerb>(call({"version"}).verb));
  EXPECT_TRUE(std::holds_alternative<VersionVerb>(call({"--version"}).verb));
}

TEST(CommandLine, WrongCallsEndWithCodeTwoAndAHint) {
  for (const auto& arguments :
       {std::vector<std::string>{"sevre"}, std::vector<std::string>{"--nonsense"},
        std::vector<std::string>{"config"}, std::vector<std::string>{"serve", "--port"},
        std::vector<std::string>{"serve", "--demo", "--no-demo"}}) {
    const Stop result = stop(arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_NE(result.text.find("dragoman --help"), std::string::npos);
  }
}

TEST(CommandLine, HelpNamesTheVerbs) {
  const Stop help = stop({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* verb : {"serve", "login", "mock", "config", "healthcheck", "version"}) {
    EXPECT_NE(help.text.find(verb), std::string::npos) << verb;
  }
}

}  // namespace
}  // namespace dragoman::cli
