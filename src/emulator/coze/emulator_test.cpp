// The emulator behind real sockets.

#include "emulator/coze/emulator.hpp"

#include <functional>
#include <gtest/gtest.h>

#include "emulator/coze/testing.hpp"
#include "net/testing.hpp"

namespace dragoman::emulator::coze {
namespace {

using namespace testing;
namespace nt = net::testing;

struct Got {
  int status = 0;
  std::string head;
  std::string body;    // de-chunked
  bool ended = false;  // properly: a last chunk, or all of the content-length
};

Got parse_answer(const std::string& raw) {
  Got got;
  const auto split = raw.find("\r\n\r\n");
  if (split == std::string::npos) return got;
  got.head = raw.substr(0, split + 2);
  got.status = std::stoi(raw.substr(9, 3));
  std::string_view rest = std::string_view(raw).substr(split + 4);
  if (got.head.find("chunked") == std::string::npos) {
    got.body = rest;
    got.ended = true;
    return got;
  }
  for (;;) {
    const auto line = rest.find("\r\n");
    if (line == std::string_view::npos) return got;
    const std::size_t size = std::stoul(std::string(rest.substr(0, line)), nullptr, 16);
    rest.remove_prefix(line + 2);
    got.ended = size == 0;
    if (size == 0 || rest.size() < size + 2) return got;
    got.body += rest.substr(0, size);
    rest.remove_prefix(size + 2);
  }
}

std::string header_of(const Got& got, const std::string& name) {
  const auto at = got.head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const auto begin = at + name.size() + 4;
  return got.head.substr(begin, got.head.find("\r\n", begin) - begin);
}

class CozeEmulatorSockets : public ::testing::Test {
 protected:
  // Runs one call to its end.
  Got fetch(const std::string& method, const std::string& target, const std::string& body = "",
            const std::string& headers = "authorization: Bearer pat_emulator\r\n") {
    std::string raw;
    nt::run(worker, ask(make_request(method, target, body, headers), raw));
    return parse_answer(raw);
  }

  Got chat(int bot, const std::string& members = R"("stream":true)",
           const std::string& question = "Hello big world") {
    return fetch("POST", "/v3/chat", chat_body(bot, members, question));
  }

  static std::string make_request(const std::string& method, const std::string& target,
                                  const std::string& body, const std::string& headers) {
    return method + " " + target + " HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" +
           "content-type: application/json\r\n" + headers +
           "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  Awaitable<void> ask(std::string request, std::string& raw) {
    auto socket = co_await nt::connect_to(worker, port());
    co_await nt::send_text(socket, std::move(request));
    raw = co_await nt::read_to_end(socket);
  }

  std::uint16_t port() {
    if (!server) {
      emulator.emplace(worker, options);
      server.emplace(worker, net::ServerLimits(), emulator->handler());
      port_ = server->listen("127.0.0.1", 0).value();
    }
    return port_;
  }

  ~CozeEmulatorSockets() override {
    if (server) nt::run(worker, stop());
  }
  Awaitable<void> stop() { co_await server->drain(std::chrono::milliseconds(0)); }

  Options options;
  net::Worker worker;
  std::optional<CozeEmulator> emulator;
  std::optional<net::Server> server;
  std::uint16_t port_ = 0;
};

TEST_F(CozeEmulatorSockets, StreamsAChat) {
  const Got got = chat(1);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(header_of(got, "content-type"), "text/event-stream");
  EXPECT_EQ(header_of(got, "cache-control"), "no-cache");
  EXPECT_EQ(header_of(got, "x-tt-logid").size(), 34U);
  EXPECT_TRUE(got.ended);
  const auto events = read_strictly(got.body);
  ASSERT_EQ(events.size(), 9U);
  EXPECT_EQ(events.back().name, "done");
}

TEST_F(CozeEmulatorSockets, RefusesUnknownTokens) {
  for (const std::string headers : {"", "authorization: Bearer pat_wrong\r\n"}) {
    const Got got = fetch("GET", "/v1/users/me", "", headers);
    EXPECT_EQ(got.status, 401);
    EXPECT_EQ(Json(got.body).at("code"), "4100");
    EXPECT_EQ(Json(got.body).at("detail.logid"), header_of(got, "x-tt-logid"));
  }
}

TEST_F(CozeEmulatorSockets, RefusesTokensTheOtherWayWhenChosen) {
  options.refused_token_code = 700012006;
  options.refused_token_status = 200;
  const Got got = fetch("GET", "/nowhere", "", "");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(Json(got.body).at("code"), "700012006");
  EXPECT_EQ(Json(got.body).at("msg"), "access token invalid");
}

TEST_F(CozeEmulatorSockets, AnswersUnknownPathsInAnEnvelope) {
  const Got got = fetch("POST", "/v1/workflow/run", "{}");
  EXPECT_EQ(got.status, 404);
  EXPECT_EQ(Json(got.body).at("code"), "4200");
  EXPECT_TRUE(got.body.ends_with("}"));
}

TEST_F(CozeEmulatorSockets, EveryAnswerHasALogIdOfItsOwn) {
  const Got first = fetch("GET", "/v1/users/me");
  const Got second = fetch("GET", "/v1/users/me");
  EXPECT_EQ(Json(first.body).at("detail.logid"), header_of(first, "x-tt-logid"));
  EXPECT_NE(header_of(first, "x-tt-logid"), header_of(second, "x-tt-logid"));
}

TEST_F(CozeEmulatorSockets, CutsOneBotInMidStream) {
  const Got got = chat(9);
  EXPECT_EQ(got.status, 200);
  EXPECT_FALSE(got.ended);
  EXPECT_EQ(names_of(read_strictly(got.body)),
            "conversation.chat.created\nconversation.chat.in_progress\n"
            "conversation.message.delta\nconversation.message.delta\n");
}

TEST_F(CozeEmulatorSockets, WritesByteByByte) {
  const Got got = chat(16, R"("stream":true)", "a");
  EXPECT_TRUE(got.ended);
  EXPECT_EQ(read_strictly(got.body).back().name, "done");
}

TEST_F(CozeEmulatorSockets, AQueuedScriptIsUsedOnce) {
  const Got queued = fetch("POST", "/_emulator/script",
                           R"({"operation":"chat","answer":{"status":503,"body":"busy"}})", "");
  ASSERT_EQ(queued.status, 200) << queued.body;
  const Got first = chat(1);
  EXPECT_EQ(first.status, 503);
  EXPECT_EQ(first.body, "busy");
  EXPECT_EQ(chat(1).status, 200);
}

TEST_F(CozeEmulatorSockets, ScriptsForOtherCallsHaveNoEvents) {
  const Got refused =
      fetch("POST", "/_emulator/script", R"({"operation":"bots","answer":{"events":[]}})", "");
  EXPECT_EQ(refused.status, 400);
  fetch("POST", "/_emulator/script",
        R"({"operation":"user","answer":{"status":429,"body":"{\"code\":4013}"}})", "");
  EXPECT_EQ(fetch("GET", "/v1/users/me").status, 429);
  EXPECT_EQ(fetch("GET", "/v1/users/me").status, 200);
}

TEST_F(CozeEmulatorSockets, RemembersRequestsWithoutTokens) {
  chat(1);
  const Got got = fetch("GET", "/_emulator/requests", "", "");
  const Json records(got.body);
  EXPECT_EQ(records.at("0.operation"), "chat");
  EXPECT_EQ(records.at("0.headers.authorization"), "Bearer <token>");
  EXPECT_EQ(records.at("0.body.user_id"), "user-1");
  EXPECT_EQ(got.body.find("pat_emulator"), std::string::npos);
}

TEST_F(CozeEmulatorSockets, StateCountsAndResetForgets) {
  chat(1);
  const Json before(fetch("GET", "/_emulator/state", "", "").body);
  EXPECT_EQ(before.at("counters.chat"), "1");
  EXPECT_EQ(before.at("conversations"), "1");
  EXPECT_EQ(fetch("POST", "/_emulator/reset", "{}", "").status, 200);
  const Json after(fetch("GET", "/_emulator/state", "", "").body);
  EXPECT_EQ(after.at("conversations"), "0");
  EXPECT_EQ(after.at("requests"), "0");
}

// Each reads something, then does the next; the sockets close at the end.
TEST_F(CozeEmulatorSockets, AnAbandonedChatKeepsItsConversationBusyUntilItIsCancelled) {
  const Got first = chat(1);
  const Json made(read_strictly(first.body)[0].data);
  const std::string conversation = made.at("conversation_id");
  const std::string target = "/v3/chat?conversation_id=" + conversation;

  // A client that leaves in the middle of the next turn.
  const std::string leaving = make_request(
      "POST", target,
      chat_body(1, R"("stream":true)", R"(!mock {"events":[{"text":"a"},{"wait":"never"}]})"),
      "authorization: Bearer pat_emulator\r\n");
  std::string begun;
  struct Leave {
    static Awaitable<void> run(net::Worker& worker, std::uint16_t port, std::string request,
                               std::string& begun) {
      auto socket = co_await nt::connect_to(worker, port);
      co_await nt::send_text(socket, std::move(request));
      begun = co_await nt::read_until(socket, "message.delta");
    }
  };
  nt::run(worker, Leave::run(worker, port(), leaving, begun));
  const auto id_at = begun.find("\"id\":\"") + 6;
  const std::string chat_id = begun.substr(id_at, 19);

  EXPECT_EQ(Json(fetch("POST", target, chat_body(1, R"("stream":false)")).body).at("code"), "4016");
  const Got cancelled =
      fetch("POST", "/v3/chat/cancel",
            R"({"conversation_id":")" + conversation + R"(","chat_id":")" + chat_id + R"("})");
  EXPECT_EQ(Json(cancelled.body).at("data.status"), "canceled");
  EXPECT_EQ(Json(fetch("POST", target, chat_body(1, R"("stream":false)")).body).at("code"), "0");
}

TEST_F(CozeEmulatorSockets, AnAbandonedChatEndsByItselfWhenTimePasses) {
  const Got cut = chat(9);
  const std::string target =
      "/v3/chat?conversation_id=" + Json(read_strictly(cut.body)[0].data).at("conversation_id");
  const std::string body = chat_body(1, R"("stream":false)");
  EXPECT_EQ(Json(fetch("POST", target, body).body).at("code"), "4016");
  fetch("POST", "/_emulator/clock", R"({"advance_ms":60000})", "");
  EXPECT_EQ(Json(fetch("POST", target, body).body).at("code"), "0");
}

TEST_F(CozeEmulatorSockets, TheConversationIsFreeBeforeTheEndCanBeRead) {
  const Got first = chat(1);
  const std::string target =
      "/v3/chat?conversation_id=" + Json(read_strictly(first.body)[0].data).at("conversation_id");
  // The body hangs right behind its last byte: the stream has not ended, but the chat has.
  struct Read {
    static Awaitable<void> run(net::Worker& worker, std::uint16_t port, std::string first,
                               std::string second, std::string& answer) {
      auto hanging = co_await nt::connect_to(worker, port);
      co_await nt::send_text(hanging, std::move(first));
      co_await nt::read_until(hanging, "event:done");
      auto next = co_await nt::connect_to(worker, port);
      co_await nt::send_text(next, std::move(second));
      answer = co_await nt::read_until(next, "}}");
    }
  };
  const std::string token = "authorization: Bearer pat_emulator\r\n";
  const std::string hanging = make_request(
      "POST", target, chat_body(1, R"("stream":true)", R"(!mock {"hang_at":1000000} hi)"), token);
  const std::string next = make_request("POST", target, chat_body(1, R"("stream":false)"), token);
  std::string answer;
  nt::run(worker, Read::run(worker, port(), hanging, next, answer));
  EXPECT_NE(answer.find(R"("code":0)"), std::string::npos) << answer;
}

}  // namespace
}  // namespace dragoman::emulator::coze
