// Conversations and their messages, in the shapes of the golden vectors.

#include <gtest/gtest.h>

#include "emulator/coze/testing.hpp"

namespace dragoman::emulator::coze {
namespace {

using namespace testing;

TEST(CozeConversations, AreMadeWithSeedMessages) {
  Bench bench;
  const std::string made =
      bench.call("POST", "/v1/conversation/create",
                 R"({"bot_id":"7401000000000000001","meta_data":{"uuid":"newid1234"},"messages":[)"
                 R"({"role":"user","content":"hello","content_type":"text"},)"
                 R"({"role":"assistant","type":"answer","content":"hi","content_type":"text"}]})");
  expect_shape("30-conversation-create/response-1.json", made);
  EXPECT_EQ(Json(made).at("data.id"), Json(made).at("data.last_section_id"));
  const std::string list = bench.call(
      "POST", "/v1/conversation/message/list?conversation_id=" + Json(made).at("data.id"));
  EXPECT_EQ(Json(list).count("data"), 2U);
}

TEST(CozeConversations, AreMadeOfNothing) {
  Bench bench;
  expect_shape("31-conversation-create-empty/response-1.json",
               bench.call("POST", "/v1/conversation/create", "{}"));
}

TEST(CozeConversations, HaveLimits) {
  Bench bench;
  const auto code = [&](const std::string& members) {
    return bench.code("POST", "/v1/conversation/create", "{" + members + "}");
  };
  EXPECT_EQ(code(R"("name":")" + std::string(100, 'n') + "\""), "0");
  EXPECT_EQ(code(R"("name":")" + std::string(101, 'n') + "\""), "4000");
  std::string list;
  for (int i = 0; i < 16; ++i) list += R"({"role":"user","content":"x"},)";
  EXPECT_EQ(code(R"("messages":[)" + list.substr(0, list.size() - 1) + "]"), "0");
  EXPECT_EQ(code(R"("messages":[)" + list + R"({"role":"user","content":"x"}])"), "4004");
  EXPECT_EQ(code(R"("meta_data":{"k":""})"), "4003");
  EXPECT_EQ(code(R"("bot_id":"7401000000000000099")"), "4200");
}

TEST(CozeConversations, AreRetrievedRenamedAndDeleted) {
  Bench bench;
  const std::string id = Json(bench.call("POST", "/v1/conversation/create", "{}")).at("data.id");
  const std::string retrieve = "/v1/conversation/retrieve?conversation_id=" + id;
  const std::string renamed = bench.call("PUT", "/v1/conversations/" + id, R"({"name":"Second"})");
  EXPECT_EQ(Json(renamed).at("data.name"), "Second");
  EXPECT_EQ(Json(bench.call("GET", retrieve)).at("data.name"), "Second");
  EXPECT_EQ(bench.code("PUT", "/v1/conversations/" + id, "{}"), "4000");
  EXPECT_FALSE(Json(bench.call("DELETE", "/v1/conversations/" + id)).has("data"));
  EXPECT_EQ(bench.code("GET", retrieve), "4002");
}

TEST(CozeConversations, RetrievedOnesHaveTheVectorsShape) {
  Bench bench;
  const std::string id =
      Json(bench.call("POST", "/v1/conversation/create", R"({"meta_data":{"uuid":"u"}})"))
          .at("data.id");
  expect_shape("32-conversation-retrieve/response-1.json",
               bench.call("GET", "/v1/conversation/retrieve?conversation_id=" + id));
}

TEST(CozeConversations, AreListedInPages) {
  Bench bench;
  for (int i = 0; i < 3; ++i) {
    bench.call("POST", "/v1/conversation/create",
               R"({"bot_id":"7401000000000000001","meta_data":{"uuid":"u"}})");
  }
  const std::string list = "/v1/conversations?bot_id=7401000000000000001";
  expect_shape("33-conversation-list/response-1.json",
               bench.call("GET", list + "&page_num=1&page_size=20"));
  const Json first(bench.call("GET", list + "&page_size=2&sort_order=ASC"));
  const Json second(bench.call("GET", list + "&page_size=2&sort_order=ASC&page_num=2"));
  EXPECT_EQ(first.at("data.has_more"), "true");
  EXPECT_EQ(second.at("data.has_more"), "false");
  EXPECT_EQ(second.count("data.conversations"), 1U);
  EXPECT_LT(first.at("data.conversations.0.id"), second.at("data.conversations.0.id"));
  EXPECT_EQ(Json(bench.call("GET", list)).at("data.conversations.0.id"),
            second.at("data.conversations.0.id"));
  for (const char* wrong : {"&page_num=0", "&page_size=51", "&sort_order=UP", "&page_size=two"}) {
    EXPECT_EQ(bench.code("GET", list + wrong), "4000") << wrong;
  }
  EXPECT_EQ(bench.code("GET", "/v1/conversations"), "4000");
}

TEST(CozeConversations, AClearedOneBeginsANewSection) {
  Bench bench;
  const std::string id = Json(bench.call("POST", "/v1/conversation/create",
                                         R"({"messages":[{"role":"user","content":"x"}]})"))
                             .at("data.id");
  const std::string cleared = bench.call("POST", "/v1/conversations/" + id + "/clear");
  expect_shape("34-conversation-clear/response-1.json", cleared);
  const Json retrieved(bench.call("GET", "/v1/conversation/retrieve?conversation_id=" + id));
  EXPECT_EQ(retrieved.at("data.last_section_id"), Json(cleared).at("data.id"));
  // What was stored is still listed, but it is no query any more.
  EXPECT_EQ(
      Json(bench.call("POST", "/v1/conversation/message/list?conversation_id=" + id)).count("data"),
      1U);
  EXPECT_EQ(bench.code("POST", "/v3/chat?conversation_id=" + id,
                       R"({"bot_id":"7401000000000000001","user_id":"u"})"),
            "4000");
}

TEST(CozeConversations, OfOthersAreUnknown) {
  Options options;
  options.accounts.push_back({"pat_other", "1", "other"});
  Bench bench(options);
  const std::string id = Json(bench.call("POST", "/v1/conversation/create", "{}")).at("data.id");
  EXPECT_EQ(bench.code("GET", "/v1/conversation/retrieve?conversation_id=" + id, "", 1), "4002");
}

class CozeMessages : public ::testing::Test {
 protected:
  std::string target(const std::string& verb, const std::string& more = "") const {
    return "/v1/conversation/message/" + verb + "?conversation_id=" + conversation + more;
  }
  std::string create(const std::string& content) {
    return bench.call("POST", target("create"),
                      R"({"role":"user","content":")" + content + R"(","content_type":"text"})");
  }

  Bench bench;
  std::string conversation =
      Json(bench.call("POST", "/v1/conversation/create", "{}")).at("data.id");
};

TEST_F(CozeMessages, CreatedOnesHaveNoTypeAndNoBot) {
  const std::string made = create("good morning");
  expect_shape("35-message-create/response-1.json", made);
  EXPECT_EQ(Json(made).at("data.type"), "");
  EXPECT_EQ(Json(made).at("data.bot_id"), "");
}

TEST_F(CozeMessages, AreJudgedLikeThoseOfAChat) {
  EXPECT_EQ(bench.code("POST", target("create"), R"({"role":"system","content":"x"})"), "4000");
  EXPECT_EQ(bench.code("POST", target("create"), R"({"role":"user"})"), "4000");
}

TEST_F(CozeMessages, AreListedInPagesByLastId) {
  for (const char* content : {"1", "2", "3"}) create(content);
  const Json first(bench.call("POST", target("list"), R"({"order":"desc","limit":2})"));
  EXPECT_EQ(first.at("data.0.content"), "3");
  EXPECT_EQ(first.at("has_more"), "true");
  EXPECT_EQ(first.at("first_id"), first.at("data.0.id"));
  EXPECT_EQ(first.at("last_id"), first.at("data.1.id"));
  const Json second(
      bench.call("POST", target("list"),
                 R"({"order":"desc","limit":2,"after_id":")" + first.at("last_id") + "\"}"));
  EXPECT_EQ(second.count("data"), 1U);
  EXPECT_EQ(second.at("data.0.content"), "1");
  EXPECT_EQ(second.at("has_more"), "false");
}

TEST_F(CozeMessages, AreListedUpwardsToo) {
  for (const char* content : {"1", "2", "3"}) create(content);
  const Json first(bench.call("POST", target("list"), R"({"order":"asc","limit":2})"));
  EXPECT_EQ(first.at("data.0.content"), "1");
  const Json second(
      bench.call("POST", target("list"),
                 R"({"order":"asc","limit":2,"after_id":")" + first.at("last_id") + "\"}"));
  EXPECT_EQ(second.at("data.0.content"), "3");
}

TEST_F(CozeMessages, TheOnesBeforeAnIdAreTheNearest) {
  std::string last;
  for (const char* content : {"1", "2", "3", "4"}) last = Json(create(content)).at("data.id");
  const Json page(bench.call("POST", target("list"),
                             R"({"order":"asc","limit":2,"before_id":")" + last + "\"}"));
  EXPECT_EQ(page.at("data.0.content"), "2");
  EXPECT_EQ(page.at("data.1.content"), "3");
  EXPECT_EQ(page.at("has_more"), "true");
}

TEST_F(CozeMessages, AnEmptyListHasZeroIds) {
  bench.content_type = "application/x-www-form-urlencoded";
  expect_shape("37-message-list-no-body/response-1.json", bench.call("POST", target("list")));
  EXPECT_EQ(Json(bench.call("POST", target("list"))).at("last_id"), "0");
}

TEST_F(CozeMessages, TheListHasTheVectorsShape) {
  bench.stream("/v3/chat?conversation_id=" + conversation, chat_body(2));
  const auto shape = Json(bench.call("POST", target("list"))).shape();
  for (const auto& [path, kind] :
       Json(read_testdata("36-message-list-pagination/response-1.json")).shape()) {
    EXPECT_TRUE(shape.contains(path)) << path;
  }
}

TEST_F(CozeMessages, LimitAndOrderAreJudged) {
  for (const char* body :
       {R"({"limit":0})", R"({"limit":51})", R"({"order":"up"})", R"({"chat_id":7})"}) {
    EXPECT_EQ(bench.code("POST", target("list"), body), "4000") << body;
  }
}

TEST_F(CozeMessages, IntermediateOnesAreListedWhenAskedFor) {
  const auto events = bench.stream("/v3/chat?conversation_id=" + conversation, chat_body(3));
  const Json few(bench.call("POST", target("list")));
  const Json all(bench.call("POST", target("list"), R"({"include_middle_message":true})"));
  EXPECT_EQ(few.count("data"), 4U);  // the question, a card, two answers
  EXPECT_EQ(all.count("data"), 8U);  // and knowledge, call, response, end mark
  const Json of_chat(bench.call("POST", target("list"),
                                R"({"chat_id":")" + Json(events[0].data).at("id") + "\"}"));
  EXPECT_EQ(of_chat.count("data"), 4U);
}

TEST_F(CozeMessages, BothFormsOfUpdatedAtOccur) {
  std::set<std::string> kinds;
  for (int i = 0; i < 4; ++i) kinds.insert(Json(create("x")).shape().at(".data.updated_at"));
  EXPECT_EQ(kinds, (std::set<std::string>{"number", "string"}));
}

TEST_F(CozeMessages, AreRetrieved) {
  const std::string id = Json(create("q")).at("data.id");
  const std::string got = bench.call("GET", target("retrieve", "&message_id=" + id));
  EXPECT_EQ(Json(got).at("data.content"), "q");
  EXPECT_EQ(bench.code("GET", target("retrieve", "&message_id=1")), "4200");
  EXPECT_EQ(bench.code("GET", target("retrieve")), "4000");
}

TEST_F(CozeMessages, AModifiedOneStandsUnderMessage) {
  const std::string id = Json(create("q")).at("data.id");
  const std::string changed = bench.call("POST", target("modify", "&message_id=" + id),
                                         R"({"content":"changed","content_type":"text"})");
  expect_shape("39-message-modify/response-1.json", changed);
  EXPECT_EQ(Json(changed).at("message.content"), "changed");
  EXPECT_EQ(Json(bench.call("GET", target("retrieve", "&message_id=" + id))).at("data.content"),
            "changed");
}

TEST_F(CozeMessages, ADeletedAnswerTakesItsIntermediateOnesAlong) {
  bench.stream("/v3/chat?conversation_id=" + conversation, chat_body(2));
  const std::string every = R"({"include_middle_message":true,"order":"asc"})";
  const Json before(bench.call("POST", target("list"), every));
  ASSERT_EQ(before.count("data"), 5U);
  const std::string gone =
      bench.call("POST", target("delete", "&message_id=" + before.at("data.1.id")));
  EXPECT_EQ(Json(gone).at("data.type"), "answer");
  EXPECT_EQ(Json(bench.call("POST", target("list"), every)).count("data"), 1U);
}

}  // namespace
}  // namespace dragoman::emulator::coze
