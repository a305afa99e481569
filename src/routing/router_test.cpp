#include "routing/router.hpp"

#include <gtest/gtest.h>

namespace dragoman::routing {
namespace {

class NamedBackend : public backends::Backend {
 public:
  explicit NamedBackend(std::string_view name) : name_(name) {}
  std::string_view name() const override { return name_; }
  Awaitable<Result<std::unique_ptr<chat::EventStream>>> open(const chat::Request&,
                                                             const backends::Credential&,
                                                             chat::Transforms&) override {
    co_return Error(ErrorKind::internal, "not asked");
  }
  std::vector<backends::ModelInfo> models() const override { return {}; }

 private:
  std::string_view name_;
};

class RouterTest : public ::testing::Test {
 protected:
  Upstream coze() {
    return {coze_, credentials_, [](const chat::Request& r) { return r.hints.bot_id.has_value(); }};
  }
  Upstream codewhisperer() {
    return {codewhisperer_, credentials_,
            [](const chat::Request& r) { return r.model.starts_with("claude-"); }};
  }
  static std::string_view picked(const Router& router, const std::string& model, bool bot = false) {
    chat::Request request;
    request.model = model;
    if (bot) request.hints.bot_id = "1";
    return router.pick(request).backend.name();
  }

  NamedBackend coze_{"coze"};
  NamedBackend codewhisperer_{"codewhisperer"};
  backends::FixedCredential credentials_{{}};
};

TEST_F(RouterTest, SendsEverythingToAnOnlyUpstream) {
  const Router router({coze()}, "codewhisperer");
  EXPECT_EQ(picked(router, "claude-sonnet-4.5"), "coze");
  EXPECT_EQ(picked(router, "anything"), "coze");
}

TEST_F(RouterTest, FollowsTheFirstClaim) {
  const Router router({coze(), codewhisperer()}, "coze");
  EXPECT_EQ(picked(router, "claude-sonnet-4.5"), "codewhisperer");
  EXPECT_EQ(picked(router, "claude-sonnet-4.5", true), "coze");
}

TEST_F(RouterTest, SendsTheRestToTheConfiguredDefault) {
  EXPECT_EQ(picked(Router({coze(), codewhisperer()}, "codewhisperer"), "x"), "codewhisperer");
  EXPECT_EQ(picked(Router({coze(), codewhisperer()}, "coze"), "x"), "coze");
}

}  // namespace
}  // namespace dragoman::routing
