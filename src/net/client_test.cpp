#include "net/client.hpp"

#include <boost/asio/this_coro.hpp>

#include "base/task_group.hpp"
#include "net/testing.hpp"

namespace dragoman::net {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

// An upstream that reads one request head for each connection and answers with prepared bytes.
class FakeUpstream {
 public:
  explicit FakeUpstream(Worker& worker)
      : worker_(worker),
        acceptor_(worker.executor(), {asio::ip::address_v4::loopback(), 0}),
        port(acceptor_.local_endpoint().port()) {}

  // Serves `answers.size()` requests; with keep, all on as few connections as the client likes, and
  // the last of them is held until the client closes it.
  Awaitable<void> serve(std::vector<std::string> answers, bool keep, std::size_t piece = 100'000) {
    std::optional<Socket> socket;
    for (std::string& answer : answers) {
      std::string request;
      if (socket) request = co_await read_until(*socket, "\r\n\r\n");
      if (request.empty()) {
        const bool stop = co_await asked_to_stop();
        if (stop) co_return;
        auto [ec, accepted] = co_await acceptor_.async_accept(as_value);
        if (ec) co_return;
        ++connections;
        socket.emplace(std::move(accepted));
        request = co_await read_until(*socket, "\r\n\r\n");
      }
      requests.push_back(request);
      for (std::size_t at = 0; at < answer.size(); at += piece) {
        co_await send_text(*socket, answer.substr(at, piece));
        if (piece < 100'000) co_await pause(worker_, 0ms);
      }
      if (!keep) socket.reset();
    }
    const bool stop = co_await asked_to_stop();
    if (socket && !stop) co_await read_to_end(*socket);
  }

  static Awaitable<bool> asked_to_stop() {
    const auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
  }

  Url url() const { return *parse_url("http://127.0.0.1:" + std::to_string(port)); }

  Worker& worker_;
  Acceptor acceptor_;
  std::uint16_t port;
  int connections = 0;
  std::vector<std::string> requests;
};

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() : upstream_(worker_), tasks_(worker_.executor()) {
    options_.silence_timeout = 300ms;
    options_.head_timeout = 300ms;
  }

  HttpRequest request(std::string body = "") {
    HttpRequest http;
    http.url = upstream_.url();
    http.method = body.empty() ? "GET" : "POST";
    http.target = "/t";
    http.body = std::move(body);
    return http;
  }
  // The whole body, or "error: <kind>".
  Awaitable<std::string> fetch(Client& client, HttpRequest http) {
    auto answer = co_await client.send(std::move(http));
    if (!answer) co_return "error: " + std::string(to_string(answer.error().kind));
    auto body = co_await (*answer)->read_all(1 << 20);
    if (!body) co_return "error: " + std::string(to_string(body.error().kind));
    co_return std::to_string((*answer)->status()) + " " + *body;
  }
  Awaitable<void> fetch_times(Client& client, int times, std::vector<std::string>& out) {
    for (int i = 0; i < times; ++i) out.push_back(co_await fetch(client, request("body")));
    co_await tasks_.close();
  }
  std::vector<std::string> fetch_all(std::vector<std::string> answers, int times, bool keep,
                                     std::size_t piece = 100'000) {
    Client client(worker_, options_);
    tasks_.spawn(upstream_.serve(std::move(answers), keep, piece));
    std::vector<std::string> out;
    run(worker_, fetch_times(client, times, out));
    return out;
  }

  Worker worker_;
  ClientOptions options_;
  FakeUpstream upstream_;
  TaskGroup tasks_;
};

const std::string ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
using Texts = std::vector<std::string>;

TEST_F(ClientTest, KeepsConnections) {
  EXPECT_EQ(fetch_all({ok, ok, ok}, 3, true), (Texts{"200 ok", "200 ok", "200 ok"}));
  EXPECT_EQ(upstream_.connections, 1);
}

TEST_F(ClientTest, OpensANewConnectionWhenTheKeptOneWasClosed) {
  EXPECT_EQ(fetch_all({ok, ok}, 2, false), (Texts{"200 ok", "200 ok"}));
  EXPECT_EQ(upstream_.connections, 2);
}

TEST_F(ClientTest, SendsHostLengthAndAgent) {
  fetch_all({ok}, 1, true);
  const std::string& head = upstream_.requests.at(0);
  EXPECT_TRUE(head.starts_with("POST /t HTTP/1.1\r\nhost: 127.0.0.1:")) << head;
  EXPECT_NE(head.find("\r\nuser-agent: dragoman\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\ncontent-length: 4\r\n"), std::string::npos);
}

TEST_F(ClientTest, ReadsChunkedAnswersHoweverTheyAreCut) {
  const std::string chunked =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\n0123456789abcdef\r\n"
      "1\r\n!\r\n0\r\n\r\n";
  for (std::size_t piece : {1U, 2U, 3U, 7U, 50U, 1000U}) {
    EXPECT_EQ(fetch_all({chunked}, 1, true, piece), Texts{"200 abc0123456789abcdef!"}) << piece;
    tasks_.~TaskGroup();
    new (&tasks_) TaskGroup(worker_.executor());
  }
}

TEST_F(ClientTest, ReadsAnswersThatEndWithTheConnection) {
  EXPECT_EQ(fetch_all({"HTTP/1.0 200 OK\r\n\r\nall of it"}, 1, false), Texts{"200 all of it"});
}

TEST_F(ClientTest, NoticesACutAtEveryByteOfFramedAnswers) {
  const std::string whole =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  std::vector<std::string> answers;
  for (std::size_t cut = 1; cut < whole.size(); ++cut) answers.push_back(whole.substr(0, cut));
  const int times = static_cast<int>(answers.size());
  for (const auto& text : fetch_all(std::move(answers), times, false)) {
    EXPECT_EQ(text, "error: upstream_failed");
  }
}

TEST_F(ClientTest, RefusesNonsense) {
  EXPECT_EQ(fetch_all({"garbage\r\n\r\n",
                       "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n"
                       "transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
                       "HTTP/1.1 200 OK\r\nx: " + std::string(100'000, 'y')},
                      3, false),
            (Texts{"error: upstream_failed", "error: upstream_failed", "error: upstream_failed"}));
}

TEST_F(ClientTest, SkipsInterimAnswersAndNeverFollowsRedirects) {
  EXPECT_EQ(fetch_all({"HTTP/1.1 100 Continue\r\n\r\n" + ok,
                       "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n"
                       "content-length: 0\r\n\r\n"},
                      2, true),
            (Texts{"200 ok", "302 "}));
}

TEST_F(ClientTest, GivesUpOnASilentUpstream) {
  EXPECT_EQ(fetch_all({"", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"}, 1, true),
            Texts{"error: timed_out"});
}

TEST_F(ClientTest, SaysThatNobodyListens) {
  upstream_.acceptor_.close();
  EXPECT_EQ(fetch_all({}, 1, true), Texts{"error: upstream_unreachable"});
}

TEST_F(ClientTest, StopsWhenItsCoroutineIsCancelled) {
  Client client(worker_, options_);
  std::string outcome;
  const auto fetch_one = [&]() -> Awaitable<void> { outcome = co_await fetch(client, request()); };
  const auto cancel_soon = [&]() -> Awaitable<void> {
    TaskGroup fetching(worker_.executor());
    fetching.spawn(fetch_one());
    while (upstream_.requests.empty()) co_await pause(worker_, 1ms);
    co_await fetching.close();
    co_await tasks_.close();
  };
  tasks_.spawn(upstream_.serve({""}, true));
  run(worker_, cancel_soon());
  EXPECT_EQ(outcome, "error: cancelled");
}

TEST(Url, ReadsWhatAnOperatorMayWrite) {
  const auto url = parse_url("https://API.example.com/prefix/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->origin(), "https://api.example.com:443");
  EXPECT_EQ(url->authority(), "api.example.com");
  EXPECT_EQ(url->path, "/prefix");
  EXPECT_EQ(parse_url("http://[::1]:8080")->authority(), "[::1]:8080");
  for (auto bad :
       {"", "ftp://x", "http://", "http://a b", "http://u:p@x", "http://x:0", "http://x:99999",
        "http://x/?q", "http://x/#f", "http://x:", "http://[::1", "http://x/\r\n"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

TEST(Proxy, ReadsCredentialsAndExemptions) {
  const auto proxy = parse_proxy("http://me:s%40crt@proxy:3128/");
  ASSERT_TRUE(proxy);
  EXPECT_TRUE(proxy->credentials.equals("me:s@crt"));
  EXPECT_EQ(proxy->url.port, 3128);
  EXPECT_EQ(parse_proxy("proxy:8080")->url.host, "proxy");
  EXPECT_FALSE(parse_proxy("socks5://proxy:1080"));
  EXPECT_TRUE(is_exempt_from_proxy("localhost, .example.com", "api.example.com"));
  EXPECT_TRUE(is_exempt_from_proxy("example.com", "example.com"));
  EXPECT_FALSE(is_exempt_from_proxy("example.com", "notexample.com"));
  EXPECT_TRUE(is_exempt_from_proxy("*", "anything"));
}

}  // namespace
}  // namespace dragoman::net
