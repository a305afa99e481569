// Lists, routes, tokens and envelopes.

#include <gtest/gtest.h>

#include "emulator/coze/testing.hpp"

namespace dragoman::emulator::coze {
namespace {

using namespace testing;

TEST(CozeCatalog, HasTheVectorsShapes) {
  Bench bench;
  const std::string space = "7408000000000000001";
  expect_shape("90-bots-list-v1/response-1.json",
               bench.call("GET", "/v1/space/published_bots_list?space_id=" + space));
  expect_shape("91-bots-list-v2/response-1.json",
               bench.call("GET", "/v1/bots?publish_status=all&workspace_id=" + space));
  expect_shape("94-workspaces-list/response-1.json", bench.call("GET", "/v1/workspaces"));
  expect_shape("95-users-me/response-1.json", bench.call("GET", "/v1/users/me"));
}

TEST(CozeCatalog, ABotHasTheVectorsMembers) {
  Bench bench;
  const auto one = Json(bench.call("GET", "/v1/bots/7401000000000000001")).shape();
  EXPECT_EQ(one,
            Json(bench.call("GET", "/v1/bot/get_online_info?bot_id=7401000000000000001")).shape());
  for (const auto& [path, kind] :
       Json(read_testdata("93-bot-retrieve-v2/response-1.json")).shape()) {
    if (path.find("_list[]") != std::string::npos) continue;  // ours has no plugins and workflows
    EXPECT_TRUE(one.contains(path) && one.at(path) == kind) << path;
  }
}

TEST(CozeCatalog, DraftsAreShownOnlyWhenAskedFor) {
  Bench bench;
  const std::string list = "/v1/bots?page_size=50&workspace_id=7408000000000000001";
  EXPECT_EQ(Json(bench.call("GET", list)).count("data.items"), 20U);
  EXPECT_EQ(Json(bench.call("GET", list + "&publish_status=unpublished_draft")).count("data.items"),
            1U);
  EXPECT_EQ(Json(bench.call("GET", list + "&publish_status=all")).at("data.total"), "21");
  EXPECT_EQ(bench.code("GET", "/v1/bots/7401000000000000021"), "4200");
  EXPECT_EQ(bench.code("GET", "/v1/bots/7401000000000000021?is_published=false"), "0");
}

TEST(CozeCatalog, BotsComeInPagesByEitherName) {
  Bench bench;
  const std::string list = "/v1/bots?page_size=15&workspace_id=7408000000000000001";
  EXPECT_EQ(Json(bench.call("GET", list)).count("data.items"), 15U);
  EXPECT_EQ(Json(bench.call("GET", list + "&page_num=2")).count("data.items"), 5U);
  EXPECT_EQ(Json(bench.call("GET", list + "&page_index=2")).count("data.items"), 5U);
}

TEST(CozeCatalog, AForeignWorkspaceNeedsAPermission) {
  Bench bench;
  EXPECT_EQ(bench.code("GET", "/v1/bots?workspace_id=1"), "4101");
  EXPECT_EQ(bench.code("GET", "/v1/bots"), "4000");
}

TEST(CozeRoutes, UnknownOnesAreNone) {
  std::string_view id;
  for (const char* path : {"/", "/v3/chats", "/v1/conversations/", "/v1/conversations/1/clear/2",
                           "/v1/workflow/run", "/v1/files/upload"}) {
    EXPECT_EQ(find_route("POST", path, id), nullptr) << path;
  }
  EXPECT_EQ(find_route("GET", "/v3/chat", id), nullptr);
  EXPECT_NE(find_route("DELETE", "/v1/conversations/12", id), nullptr);
  EXPECT_EQ(id, "12");
}

TEST(CozeService, TokensOpenTheirAccounts) {
  Bench bench;
  const Account* account = bench.service.authenticate("Bearer pat_emulator");
  ASSERT_NE(account, nullptr);
  EXPECT_EQ(account->user_id, "2478774393250001");
  EXPECT_NE(bench.service.authenticate("bearer pat_emulator"), nullptr);
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer pat_other", "Basic pat_emulator",
                            "pat_emulator", "Bearer pat_emulator "}) {
    EXPECT_EQ(bench.service.authenticate(wrong), nullptr) << wrong;
  }
}

TEST(CozeService, EnvelopesEndWithoutALineBreak) {
  EXPECT_EQ(make_envelope(Refusal{4000, "no"}, "L"),
            R"({"code":4000,"msg":"no","detail":{"logid":"L"}})");
  EXPECT_EQ(make_envelope("", "L"), R"({"code":0,"msg":"","detail":{"logid":"L"}})");
}

TEST(CozeQuery, EscapesAreUndoneAndBrokenOnesStay) {
  const Query query("a=1%202+3&b=100%&c=%zz&d&e=x=y&a=second");
  EXPECT_EQ(query.text("a"), "1 2 3");
  EXPECT_EQ(query.text("b"), "100%");
  EXPECT_EQ(query.text("c"), "%zz");
  EXPECT_TRUE(query.has("d"));
  EXPECT_EQ(query.text("e"), "x=y");
  EXPECT_EQ(query.text("f", "none"), "none");
}

}  // namespace
}  // namespace dragoman::emulator::coze
