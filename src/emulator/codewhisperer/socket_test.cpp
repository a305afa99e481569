// The emulator on a socket: pacing, faults, and the client that leaves.

#include <gtest/gtest.h>

#include "base/task_group.hpp"
#include "emulator/codewhisperer/emulator.hpp"
#include "emulator/codewhisperer/frame.hpp"
#include "net/testing.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

using namespace std::chrono_literals;
using net::testing::connect_to;
using net::testing::pause;
using net::testing::read_to_end;
using net::testing::read_until;
using net::testing::run;
using net::testing::send_text;
using net::testing::Socket;

std::string http(std::string_view method, std::string_view path, std::string_view body) {
  return std::string(method) + " " + std::string(path) +
         " HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
         "authorization: Bearer demo-access-token\r\nconnection: close\r\ncontent-length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string chat(std::string_view text) {
  std::string escaped;
  json::append_escaped(escaped, text);
  return http("POST", "/generateAssistantResponse",
              R"({"conversationState":{"chatTriggerType":"MANUAL","currentMessage":)"
              R"({"userInputMessage":{"content":")" +
                  escaped + "\"}}}}");
}

// The body of a chunked answer; what is there of it when it was cut.
std::string unchunk(std::string_view answer, bool* complete = nullptr) {
  if (complete != nullptr) *complete = false;
  const auto head_end = answer.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return {};
  answer.remove_prefix(head_end + 4);
  std::string body;
  while (!answer.empty()) {
    const auto line_end = answer.find("\r\n");
    if (line_end == std::string_view::npos) break;
    const std::size_t size = std::stoul(std::string(answer.substr(0, line_end)), nullptr, 16);
    if (size == 0) {
      if (complete != nullptr) *complete = true;
      break;
    }
    body += answer.substr(line_end + 2, size);
    answer.remove_prefix(std::min(answer.size(), line_end + 2 + size + 2));
  }
  return body;
}

std::string word_frame(std::string_view word) {
  return encode_event("assistantResponseEvent", R"({"content":")" + std::string(word) + "\"}");
}

struct OnASocket : ::testing::Test {
  OnASocket() : emulator_(worker_), port_(*emulator_.listen("127.0.0.1", 0)) {}

  void in_loop(Awaitable<void> test) { run(worker_, finish(std::move(test))); }
  Awaitable<void> finish(Awaitable<void> test) {
    co_await std::move(test);
    co_await emulator_.drain(0ms);
  }
  Awaitable<std::string> fetch(std::string request) {
    Socket socket = co_await connect_to(worker_, port_);
    co_await send_text(socket, std::move(request));
    std::string answer = co_await read_to_end(socket);
    co_return answer;
  }
  const Recorded& last() { return *emulator_.control().recorder.records().back(); }

  net::Worker worker_;
  CodewhispererEmulator emulator_;
  std::uint16_t port_;
};

TEST_F(OnASocket, AStreamPausesUntilItIsSignalled) {
  auto test = [](OnASocket& t) -> Awaitable<void> {
    Socket socket = co_await connect_to(t.worker_, t.port_);
    std::string request = chat(R"(!mock {"events":[{"text":"one"},{"wait":"go"},{"text":"two"}]})");
    co_await send_text(socket, std::move(request));
    const std::string first = co_await read_until(socket, "one");
    EXPECT_EQ(first.find("two"), std::string::npos);
    // By now it waits, or will: a signal that comes early is remembered.
    std::string signal = http("POST", "/_emulator/signal", R"({"name":"go"})");
    const std::string done = co_await t.fetch(std::move(signal));
    EXPECT_NE(done.find(R"({"ok":true})"), std::string::npos);
    const std::string rest = co_await read_to_end(socket);
    EXPECT_NE(rest.find("two"), std::string::npos);
    EXPECT_TRUE(rest.ends_with("0\r\n\r\n"));
    EXPECT_FALSE(t.last().closed_by_client);
  };
  in_loop(test(*this));
}

TEST_F(OnASocket, ByteByByteIsTheSameBody) {
  auto test = [](OnASocket& t) -> Awaitable<void> {
    std::string request = chat(R"(!mock {"write_bytes":1} hello)");
    const std::string answer = co_await t.fetch(std::move(request));
    EXPECT_NE(answer.find("00000001\r\n"), std::string::npos);
    bool complete = false;
    const std::string body = unchunk(answer, &complete);
    EXPECT_TRUE(body.starts_with(word_frame("hello"))) << body;
    EXPECT_TRUE(complete);
  };
  in_loop(test(*this));
}

TEST_F(OnASocket, ACutEndsTheConnectionAtTheByte) {
  auto test = [](OnASocket& t) -> Awaitable<void> {
    std::string request = chat(R"(!mock {"cut_at":10} hello)");
    const std::string answer = co_await t.fetch(std::move(request));
    bool complete = true;
    EXPECT_EQ(unchunk(answer, &complete), word_frame("hello").substr(0, 10));
    EXPECT_FALSE(complete);
    EXPECT_FALSE(t.last().closed_by_client);
  };
  in_loop(test(*this));
}

TEST_F(OnASocket, ATruncationEndsTheBodyProperly) {
  auto test = [](OnASocket& t) -> Awaitable<void> {
    std::string request = chat(R"(!mock {"truncate_clean_at":10} hello)");
    const std::string answer = co_await t.fetch(std::move(request));
    bool complete = false;
    EXPECT_EQ(unchunk(answer, &complete).size(), 10U);
    EXPECT_TRUE(complete);
  };
  in_loop(test(*this));
}

TEST_F(OnASocket, NoticesTheClientLeaving) {
  auto test = [](OnASocket& t) -> Awaitable<void> {
    {
      Socket socket = co_await connect_to(t.worker_, t.port_);
      std::string request = chat(R"(!mock {"hang_at":10} hello)");
      co_await send_text(socket, std::move(request));
      co_await read_until(socket, "\r\n\r\n0000000a\r\n");
      EXPECT_EQ(t.emulator_.control().recorder.active(), 1U);
    }
    while (t.emulator_.control().recorder.active() > 0) co_await pause(t.worker_, 1ms);
    EXPECT_TRUE(t.last().closed_by_client);
    EXPECT_TRUE(t.last().close_delay.has_value());
    EXPECT_EQ(t.last().sent_bytes, 10U);
  };
  in_loop(test(*this));
}

TEST_F(OnASocket, ADrainEndsWhatHangs) {
  auto test = [](OnASocket& t) -> Awaitable<void> {
    Socket socket = co_await connect_to(t.worker_, t.port_);
    std::string request = chat(R"(!mock {"hang_head":true} hello)");
    co_await send_text(socket, std::move(request));
    while (t.emulator_.control().recorder.active() == 0) co_await pause(t.worker_, 1ms);
    const std::size_t cut = co_await t.emulator_.drain(0ms);
    EXPECT_EQ(cut, 1U);
    const std::string answer = co_await read_to_end(socket);
    EXPECT_EQ(answer, "");
  };
  in_loop(test(*this));
}

TEST_F(OnASocket, ShowsWhatItWasAsked) {
  auto test = [](OnASocket& t) -> Awaitable<void> {
    std::string request = chat("hello");
    co_await t.fetch(std::move(request));
    std::string ask = http("GET", "/_emulator/requests?operation=chat", "");
    const std::string seen = co_await t.fetch(std::move(ask));
    EXPECT_NE(seen.find(R"("n":1,"operation":"chat")"), std::string::npos) << seen;
    EXPECT_NE(seen.find(R"("authorization":"Bearer <token>")"), std::string::npos) << seen;
    EXPECT_NE(seen.find(R"("content":"hello")"), std::string::npos) << seen;
    EXPECT_NE(seen.find(R"("running":false,"status":200)"), std::string::npos) << seen;
  };
  in_loop(test(*this));
}

}  // namespace
}  // namespace dragoman::emulator::codewhisperer
