#include "backends/codewhisperer/signin_http.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

#include "backends/codewhisperer/signin_login.hpp"
#include "net/server.hpp"
#include "net/testing.hpp"

namespace dragoman::codewhisperer {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct Seen {
  std::string method;
  std::string target;
  std::string content_type;
  std::string body;
};

// An OIDC service on loopback that approves at the second question.
class Service {
 public:
  explicit Service(net::Worker& worker)
      : server_(worker, net::ServerLimits{}, [this](net::Exchange& x) { return answer(x); }) {
    auto port = server_.listen("127.0.0.1", 0);
    url = "http://127.0.0.1:" + std::to_string(port.value());
  }

  Awaitable<void> close() { co_await server_.drain(0ms); }

  std::string url;
  std::vector<Seen> seen;
  std::string big_answer;

 private:
  Awaitable<void> answer(net::Exchange& x) {
    auto body = co_await x.read_body();
    if (!body) co_return;
    const net::Request& request = x.request();
    seen.push_back({std::string(request.method), std::string(request.target),
                    std::string(request.headers.get("content-type")), std::string(*body)});
    int status = 200;
    std::string json = big_answer;
    if (!json.empty()) {
    } else if (request.path == register_path) {
      json = R"({"clientId":"CID","clientSecret":"CSECRET"})";
    } else if (request.path == device_path) {
      json = R"({"deviceCode":"D","userCode":"U","verificationUri":"https://x/","interval":1})";
    } else if (++questions_ == 1) {
      status = 400;
      json = R"({"error":"authorization_pending"})";
    } else {
      json = R"({"accessToken":"ATOKEN","expiresIn":3600,"refreshToken":"RTOKEN"})";
    }
    net::HeaderBlock head;
    head.add("content-type", "application/json");
    co_await x.respond(status, head, json);
  }

  int questions_ = 0;
  net::Server server_;
};

Awaitable<void> no_time(std::chrono::milliseconds) { co_return; }

class SignInHttpTest : public testing::Test {
 protected:
  SignInHttpTest() { settings_.oidc_endpoint = service_.url; }
  ~SignInHttpTest() override { fs::remove_all(root_); }

  static std::string make_root() {
    std::string pattern = (fs::temp_directory_path() / "dragoman-test-XXXXXX").string();
    return ::mkdtemp(pattern.data());
  }

  static Awaitable<void> sign_in_and_renew(SignInHttpTest& test) {
    SignInOptions options;
    options.clock.wait = no_time;
    auto send = make_oidc_send(test.client_, test.settings_);
    std::string shown;
    auto show = [&shown](const DevicePrompt& prompt) { shown = prompt.user_code; };
    auto tokens = co_await sign_in(send, test.dir_, options, show);
    EXPECT_TRUE(tokens);
    EXPECT_EQ(shown, "U");
    StoredLogin login(test.dir_, send, "");
    backends::Token old = login.load().value();
    auto renewed = co_await login.renew(std::move(old));
    EXPECT_TRUE(renewed);
    co_await test.service_.close();
  }

  static Awaitable<void> call_once(SignInHttpTest& test, Result<OidcReply>& out) {
    auto send = make_oidc_send(test.client_, test.settings_);
    OidcCall call{.path = token_path, .body = "{}", .region = "us-east-1"};
    out = co_await send(std::move(call));
    co_await test.service_.close();
  }

  const std::string root_ = make_root();  // before dir_, which is inside it
  net::Worker worker_;
  Service service_{worker_};
  net::Client client_{worker_, net::ClientOptions{}};
  StateDir dir_{root_ + "/state"};
  settings::Codewhisperer settings_;
};

TEST_F(SignInHttpTest, SignsInAndRenewsOverHttp) {
  net::testing::run(worker_, sign_in_and_renew(*this));
  ASSERT_EQ(service_.seen.size(), 5U);
  const std::vector<std::string> targets = {"/client/register", "/device_authorization", "/token",
                                            "/token", "/token"};
  for (std::size_t i = 0; i < targets.size(); ++i) {
    EXPECT_EQ(service_.seen[i].method, "POST");
    EXPECT_EQ(service_.seen[i].target, targets[i]);
    EXPECT_EQ(service_.seen[i].content_type, "application/json");
  }
  EXPECT_NE(service_.seen[4].body.find("\"refreshToken\":\"RTOKEN\""), std::string::npos);
}

TEST_F(SignInHttpTest, AnEndlessAnswerIsCutOff) {
  service_.big_answer = std::string(300 * 1024, ' ');
  Result<OidcReply> reply = OidcReply{};
  net::testing::run(worker_, call_once(*this, reply));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::upstream_failed);
}

TEST_F(SignInHttpTest, AServiceThatCannotBeReachedIsAPassingFailure) {
  settings_.oidc_endpoint = "http://127.0.0.1:1";
  Result<OidcReply> reply = OidcReply{};
  net::testing::run(worker_, call_once(*this, reply));
  ASSERT_FALSE(reply);
  EXPECT_TRUE(is_passing(reply.error()));
}

}  // namespace
}  // namespace dragoman::codewhisperer
