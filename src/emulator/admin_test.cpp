#include "emulator/admin.hpp"

#include <gtest/gtest.h>

namespace dragoman::emulator {
namespace {

class AdminRoutes : public ::testing::Test {
 protected:
  AdminRoutes() : admin(control, hooks()) {}

  static AdminHooks hooks() {
    AdminHooks hooks;
    hooks.operations = {"chat", "token"};
    hooks.post = [](std::string_view route,
                    const json::Reader&) -> std::optional<Result<std::string>> {
      if (route != "own") return std::nullopt;
      return Result<std::string>(R"({"own":1})");
    };
    hooks.state = [](json::Writer& out) { out.key("mine").number(7); };
    return hooks;
  }

  std::string call(std::string_view method, std::string_view route, std::string_view body = "",
                   std::string_view query = "") {
    auto answer = admin.answer(method, "/_emulator/" + std::string(route), query, body);
    return std::to_string(answer.status) + " " + std::get<Bytes>(answer.body.at(0)).bytes;
  }

  Control control;
  Admin admin;
};

TEST_F(AdminRoutes, QueueScriptsForEachOperation) {
  EXPECT_EQ(call("POST", "script",
                 R"({"operation":"chat","times":2,"answer":{"status":500,"body":"a"}})"),
            R"(200 {"ok":true})");
  EXPECT_EQ(call("POST", "script", R"({"operation":"chat","answer":{"status":501,"body":"b"}})"),
            R"(200 {"ok":true})");
  EXPECT_FALSE(control.scripts.take("token"));
  EXPECT_EQ(control.scripts.take("chat")->status, 500);
  EXPECT_EQ(control.scripts.take("chat")->status, 500);
  EXPECT_EQ(control.scripts.take("chat")->status, 501);
  EXPECT_FALSE(control.scripts.take("chat"));
}

TEST_F(AdminRoutes, SayWhatIsWrongWithAScript) {
  EXPECT_EQ(call("POST", "script", R"({"operation":"chat","answer":{"events":[{"txt":1}]}})"),
            R"(400 {"error":"answer.events.0.txt: is not a step of this emulator"})");
  EXPECT_EQ(call("POST", "script", R"({"operation":"tea","answer":{}})"),
            R"(400 {"error":"operation: is not an operation of this emulator"})");
  EXPECT_EQ(call("POST", "script", R"({"operation":"chat","times":0,"answer":{}})"),
            R"(400 {"error":"times: must be between 1 and 1000000"})");
  EXPECT_TRUE(call("POST", "script", R"({"operation":"chat"})").starts_with("400 "));
  EXPECT_TRUE(call("POST", "script", "nonsense").starts_with("400 "));
}

TEST_F(AdminRoutes, MoveTheClock) {
  const auto before = control.clock.now();
  EXPECT_EQ(call("POST", "clock", R"({"advance_ms":3600000})"), R"(200 {"ok":true})");
  EXPECT_GE(control.clock.now() - before, std::chrono::hours(1));
}

TEST_F(AdminRoutes, ShowStateWithTheEmulatorsOwnMembers) {
  control.recorder.begin("chat", net::Request(), "");
  const std::string state = call("GET", "state");
  EXPECT_TRUE(
      state.starts_with(R"(200 {"active":1,"requests":1,"counters":{"chat":1},"queued":{},)"))
      << state;
  EXPECT_NE(state.find(R"("mine":7)"), std::string::npos) << state;
}

TEST_F(AdminRoutes, ShowRequestsOfOneOperation) {
  control.recorder.begin("chat", net::Request(), "");
  EXPECT_EQ(call("GET", "requests", "", "x=1&operation=token"), "200 []");
  EXPECT_NE(call("GET", "requests"), "200 []");
}

TEST_F(AdminRoutes, ResetEverything) {
  control.recorder.begin("chat", net::Request(), "");
  control.scripts.push("chat", Script());
  control.clock.advance(std::chrono::hours(5));
  EXPECT_EQ(call("POST", "reset"), R"(200 {"ok":true})");
  EXPECT_EQ(control.recorder.requests(), 0U);
  EXPECT_FALSE(control.scripts.take("chat"));
  EXPECT_LT(control.clock.now() - std::chrono::system_clock::now(), std::chrono::hours(1));
}

TEST_F(AdminRoutes, PassOnToTheEmulatorsOwn) {
  EXPECT_EQ(call("POST", "own"), R"(200 {"own":1})");
  EXPECT_EQ(call("POST", "other"), R"(404 {"error":"no such route"})");
  EXPECT_EQ(call("GET", "own"), R"(405 {"error":"use POST"})");
}

}  // namespace
}  // namespace dragoman::emulator
