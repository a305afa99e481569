#include "net/server.hpp"

#include "net/testing.hpp"

namespace dragoman::net {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using ::testing::Test;

ServerLimits small_limits() {
  ServerLimits limits;
  limits.max_head_bytes = 2048;
  limits.max_target_bytes = 512;
  limits.max_body_bytes = 10'000;
  limits.head_timeout = 300ms;
  limits.body_stall_timeout = 300ms;
  limits.error_body = [](int status, std::string_view) {
    return "refused " + std::to_string(status);
  };
  return limits;
}

// GET: the target; POST: the body; /stream: three chunks; /wait: until cancelled; /silent: nothing.
class Answers {
 public:
  Awaitable<void> operator()(Exchange& x) {
    HeaderBlock head;
    head.add("content-type", "text/plain");
    const std::string path(x.request().path);
    if (path == "/stream") {
      x.start(200, head);
      for (const char* part : {"one ", "two ", "three"}) {
        x.out() += part;
        co_await x.flush();
      }
      co_await x.finish();
    } else if (path == "/half") {
      x.start(200, head);
      x.out() += "half";
      co_await x.flush();
    } else if (path == "/wait") {
      ++waiting;
      while (!x.cancelled()) co_await pause(x.worker(), 10s);
      ++cancelled;
    } else if (path == "/finish-later") {
      co_await pause(x.worker(), 100ms);
      co_await x.respond(200, head, "later");
    } else if (path == "/silent") {
    } else if (path == "/unread") {
      co_await x.respond(401, head, "no");
    } else if (x.request().has_body) {
      const auto body = co_await x.read_body();
      if (body) {
        co_await x.respond(200, head, *body);
      } else {
        co_await x.respond(body.error().kind == ErrorKind::too_large ? 413 : 400, head, "bad");
      }
    } else {
      co_await x.respond(200, head, x.request().target);
    }
  }
  int waiting = 0;
  int cancelled = 0;
};

class ServerTest : public Test {
 protected:
  ServerTest()
      : server_(worker_, small_limits(), [this](Exchange& x) { return answers_(x); }),
        port_(*server_.listen("127.0.0.1", 0)) {}
  ~ServerTest() override { run(worker_, close()); }

  Awaitable<void> close() { co_await server_.drain(0ms); }

  // What a connection that sends this text and then waits for the end receives.
  std::string ask(std::string text) {
    std::string answer;
    run(worker_, ask_into(std::move(text), answer));
    return answer;
  }
  Awaitable<void> ask_into(std::string text, std::string& answer) {
    Socket socket = co_await connect_to(worker_, port_);
    co_await send_text(socket, std::move(text));
    answer = co_await read_to_end(socket);
  }

  Worker worker_;
  Answers answers_;
  Server server_;
  std::uint16_t port_;
};

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  const auto answer =
      ask("GET /a HTTP/1.1\r\nhost: x\r\n\r\nPOST /b HTTP/1.1\r\nhost: x\r\ncontent-length: "
          "4\r\n\r\nbody"
          "GET /c HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(count(answer, "HTTP/1.1 200 OK"), 3U);
  EXPECT_LT(answer.find("/a"), answer.find("body"));
  EXPECT_LT(answer.find("body"), answer.find("/c"));
}

TEST_F(ServerTest, JoinsChunkedBodies) {
  const auto answer =
      ask("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
          "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: 1\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("\r\n\r\nabcdefg")) << answer;
}

TEST_F(ServerTest, StreamsInChunks) {
  const auto answer = ask("GET /stream HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  EXPECT_TRUE(
      answer.ends_with("00000004\r\none \r\n00000004\r\ntwo \r\n00000005\r\nthree\r\n0\r\n\r\n"))
      << answer;
}

TEST_F(ServerTest, StreamsToHttp10WithoutChunks) {
  const auto answer = ask("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("\r\n\r\none two three")) << answer;
}

TEST_F(ServerTest, NeverEndsAStreamThatItsHandlerLeft) {
  const auto answer = ask("GET /half HTTP/1.1\r\nhost: x\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("half\r\n")) << answer;
}

TEST_F(ServerTest, AnswersForAHandlerThatDidNot) {
  EXPECT_TRUE(ask("GET /silent HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                  .starts_with("HTTP/1.1 500 "));
}

TEST_F(ServerTest, LeavesTheBodyOutOfAnswersToHead) {
  const auto answer = ask("HEAD /abc HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  EXPECT_NE(answer.find("content-length: 4\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, RefusesFramingThatTwoParsersMayReadDifferently) {
  for (const std::string head :
       {"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4, 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0x4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length:\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"
        "transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\nfolded: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\rx: y\r\n\r\n",
        "GET / HTTP/1.1\nhost: x\n\n\r\n\r\n",
        "GET / HTTP/1.1\r\n host: x\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n",
        "GET  / HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET x HTTP/1.1\r\nhost: x\r\n\r\n",
        "CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n",
        "\x16\x03\x01\x02"}) {
    const auto answer = ask(head + "GET /second HTTP/1.1\r\nhost: x\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << head << answer;
    EXPECT_EQ(count(answer, "HTTP/1.1 "), 1U) << head;
    EXPECT_NE(answer.find("connection: close"), std::string::npos);
  }
  EXPECT_TRUE(ask("GET / HTTP/2.0\r\nhost: x\r\n\r\n").starts_with("HTTP/1.1 505 "));
  EXPECT_TRUE(ask("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n")
                  .starts_with("HTTP/1.1 501 "));
  EXPECT_TRUE(ask("POST / HTTP/1.1\r\nhost: x\r\nexpect: more\r\ncontent-length: 1\r\n\r\n")
                  .starts_with("HTTP/1.1 417 "));
}

TEST_F(ServerTest, RefusesWhatIsOverALimit) {
  EXPECT_TRUE(ask("GET /" + std::string(600, 'x') + " HTTP/1.1\r\nhost: x\r\n\r\n")
                  .starts_with("HTTP/1.1 414 "));
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\nhost: x\r\nx: " + std::string(3000, 'x'))
                  .starts_with("HTTP/1.1 431 "));
  std::string many = "GET / HTTP/1.1\r\nhost: x\r\n";
  for (int i = 0; i < 120; ++i) many += "a: b\r\n";
  EXPECT_TRUE(ask(many + "\r\n").starts_with("HTTP/1.1 431 "));
  const auto declared = ask("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10001\r\n\r\n");
  EXPECT_TRUE(declared.starts_with("HTTP/1.1 413 "));
  const auto chunked =
      ask("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2711\r\n" +
          std::string(10'001, 'x'));
  EXPECT_TRUE(chunked.starts_with("HTTP/1.1 413 ")) << chunked;
}

TEST_F(ServerTest, RefusesBrokenChunks) {
  for (const std::string& chunks : std::initializer_list<std::string>{
           "x\r\n", "-1\r\n", "5\r\nabcdefgh\r\n", "FFFFFFFFFFFFFFFFF\r\n",
           "1;" + std::string(1100, 'e') + "\r\na\r\n0\r\n\r\n"}) {
    const auto answer =
        ask("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + chunks);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 4")) << chunks << answer;
  }
}

TEST_F(ServerTest, SkipsASmallBodyThatNobodyRead) {
  const auto answer =
      ask("POST /unread HTTP/1.1\r\nhost: x\r\ncontent-length: 30\r\n\r\nGET /x HTTP/1.1\r\nhost: "
          "y\r\n\r\n"
          "GET /next HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(count(answer, "HTTP/1.1 "), 2U) << answer;
  EXPECT_TRUE(answer.ends_with("/next"));
}

TEST_F(ServerTest, TellsASlowHeadThatItsTimeIsOver) {
  const auto answer = ask("GET / HTTP/1.1\r\nhost:");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
}

TEST_F(ServerTest, SendsContinueOnlyWhenTheBodyIsWanted) {
  const std::string head =
      " HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n";
  EXPECT_TRUE(ask("POST /unread" + head).starts_with("HTTP/1.1 401 "));
  std::string answer;
  const auto talk = [&]() -> Awaitable<void> {
    Socket socket = co_await connect_to(worker_, port_);
    co_await send_text(socket, "POST /" + head);
    answer = co_await read_until(socket, "\r\n\r\n");
    co_await send_text(socket, "abc");
    answer += co_await read_until(socket, "abc");
  };
  run(worker_, talk());
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")) << answer;
}

TEST_F(ServerTest, CancelsTheHandlerOfAClientThatLeft) {
  const auto leave = [&]() -> Awaitable<void> {
    {
      Socket socket = co_await connect_to(worker_, port_);
      co_await send_text(socket, "GET /wait HTTP/1.1\r\nhost: x\r\n\r\n");
      while (answers_.waiting == 0) co_await pause(worker_, 1ms);
    }
    while (answers_.cancelled == 0) co_await pause(worker_, 1ms);
  };
  run(worker_, leave());
  EXPECT_EQ(answers_.cancelled, 1);
}

TEST_F(ServerTest, NoticesThatAClientLeftWhichHadPipelined) {
  const auto leave = [&]() -> Awaitable<void> {
    {
      Socket socket = co_await connect_to(worker_, port_);
      const std::string next = "GET /next HTTP/1.1\r\nhost: x\r\nx: " + std::string(1500, 'x');
      co_await send_text(socket, "GET /wait HTTP/1.1\r\nhost: x\r\n\r\n" + next);
      while (answers_.waiting == 0) co_await pause(worker_, 1ms);
    }
    while (answers_.cancelled == 0) co_await pause(worker_, 1ms);
  };
  run(worker_, leave());
  EXPECT_EQ(answers_.cancelled, 1);
}

TEST_F(ServerTest, RefusesChunksThatDeclareTooMuchAtOnce) {
  for (const std::string size : {"2712", "ffffffffffffffff", "7fffffffffffffff"}) {
    const auto answer =
        ask("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + size + "\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
  }
}

TEST_F(ServerTest, RefusesFoldedTrailersAndOddTargets) {
  EXPECT_TRUE(ask("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
                  "0\r\nx: 1\r\n 2\r\n\r\n")
                  .starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(ask("GET /\xC3\xA9 HTTP/1.1\r\nhost: x\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

TEST_F(ServerTest, GivesTheSameAnswerHoweverTheRequestIsCut) {
  const std::string request =
      "POST /x?y=z HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
      "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  const auto body_of = [](const std::string& answer) {
    return answer.substr(answer.find("\r\n\r\n"));
  };
  const std::string expected = body_of(ask(request));
  ASSERT_EQ(expected, "\r\n\r\nhello world");
  const auto in_two = [&](std::size_t cut, std::string& answer) -> Awaitable<void> {
    Socket socket = co_await connect_to(worker_, port_);
    co_await send_text(socket, request.substr(0, cut));
    co_await pause(worker_, 1ms);
    co_await send_text(socket, request.substr(cut));
    answer = co_await read_to_end(socket);
  };
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    std::string answer;
    run(worker_, in_two(cut, answer));
    EXPECT_EQ(body_of(answer), expected) << cut;
  }
}

TEST_F(ServerTest, DrainLetsRunningAnswersEnd) {
  std::string answer;
  std::size_t cut = 99;
  const auto drain = [&]() -> Awaitable<void> {
    Socket idle = co_await connect_to(worker_, port_);
    Socket busy = co_await connect_to(worker_, port_);
    co_await send_text(busy, "GET /finish-later HTTP/1.1\r\nhost: x\r\n\r\n");
    while (server_.running_exchanges() == 0) co_await pause(worker_, 1ms);
    cut = co_await server_.drain(5s);
    answer = co_await read_to_end(busy);
  };
  run(worker_, drain());
  EXPECT_EQ(cut, 0U);
  EXPECT_NE(answer.find("connection: close"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("later"));
}

TEST_F(ServerTest, DrainDoesNotWaitForHalfAHead) {
  std::size_t cut = 99;
  const auto began = std::chrono::steady_clock::now();
  const auto drain = [&]() -> Awaitable<void> {
    Socket half = co_await connect_to(worker_, port_);
    co_await send_text(half, "GET /half-a-he");
    while (server_.open_connections() == 0) co_await pause(worker_, 1ms);
    co_await pause(worker_, 5ms);
    cut = co_await server_.drain(5s);
  };
  run(worker_, drain());
  EXPECT_EQ(cut, 0U);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 250ms);
}

TEST_F(ServerTest, DrainCutsWhatDoesNotEnd) {
  std::size_t cut = 0;
  const auto drain = [&]() -> Awaitable<void> {
    Socket busy = co_await connect_to(worker_, port_);
    co_await send_text(busy, "GET /wait HTTP/1.1\r\nhost: x\r\n\r\n");
    while (answers_.waiting == 0) co_await pause(worker_, 1ms);
    cut = co_await server_.drain(50ms);
  };
  run(worker_, drain());
  EXPECT_EQ(cut, 1U);
  EXPECT_EQ(server_.open_connections(), 0U);
}

TEST(HeaderBlock, RefusesWhatCouldEndTheLine) {
  HeaderBlock head;
  for (const std::string& bad : std::initializer_list<std::string>{
           "a\r\nb: c", "a\nb", "a\rb", std::string("a\0b", 3), "\x7f", " a"}) {
    EXPECT_FALSE(head.add("x", bad));
    EXPECT_FALSE(head.add(bad, "x"));
  }
  EXPECT_FALSE(head.add("", "x"));
  EXPECT_EQ(head.str(), "");
  EXPECT_TRUE(head.add("x", "y"));
  EXPECT_EQ(head.str(), "x: y\r\n");
}

}  // namespace
}  // namespace dragoman::net
