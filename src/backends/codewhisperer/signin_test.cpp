#include "backends/codewhisperer/signin.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <unistd.h>

#include "backends/codewhisperer/signin_login.hpp"
#include "json/reader.hpp"

namespace dragoman::codewhisperer {
namespace {

using namespace std::chrono_literals;
using backends::Token;
namespace fs = std::filesystem;

template <class T>
Awaitable<void> keep(Awaitable<T> operation, std::optional<T>& out) {
  T value = co_await std::move(operation);
  out.emplace(std::move(value));
}

// Runs to its end; time passes only in SignInClock::wait.
template <class T>
T run(Awaitable<T> operation) {
  asio::io_context io{1};
  std::optional<T> out;
  asio::co_spawn(io.get_executor(), keep(std::move(operation), out), asio::detached);
  io.run();
  return std::move(*out);
}

std::string member(const std::string& body, std::string_view key) {
  auto document = json::Document::parse(body);
  auto text = document.value().root().optional_string(key);
  return text && *text ? std::string(**text) : std::string();
}

constexpr const char* approved =
    R"({"accessToken":"ATOKEN","tokenType":"Bearer","expiresIn":28800,"refreshToken":"RTOKEN"})";
constexpr const char* pending = R"({"error":"authorization_pending"})";

// A service that gives the answers it was told to, and remembers what it was asked.
class Service {
 public:
  struct Call {
    std::string path;
    std::string body;
    std::string region;
  };

  void answer(std::string_view path, int status, std::string body) {
    answers_[std::string(path)].push_back(OidcReply{status, std::move(body)});
  }
  void fail(std::string_view path, Error error) {
    answers_[std::string(path)].push_back(std::move(error));
  }

  OidcSend send() {
    return [this](OidcCall call) { return take(std::move(call)); };
  }

  int count(std::string_view path) const {
    int count = 0;
    for (const Call& call : calls) count += call.path == path ? 1 : 0;
    return count;
  }

  std::vector<Call> calls;
  std::function<void()> before_answer;

 private:
  Awaitable<Result<OidcReply>> take(OidcCall call) {
    calls.push_back({std::string(call.path), call.body, call.region});
    if (before_answer) before_answer();
    auto& queue = answers_[std::string(call.path)];
    if (queue.empty()) co_return Error(ErrorKind::upstream_failed, "nothing to answer");
    auto reply = std::move(queue.front());
    queue.erase(queue.begin());
    co_return reply;
  }

  std::map<std::string, std::vector<Result<OidcReply>>> answers_;
};

class SignInTest : public testing::Test {
 protected:
  SignInTest() {
    std::string pattern = (fs::temp_directory_path() / "dragoman-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    dir_ = StateDir(root_ + "/state");
  }
  ~SignInTest() override { fs::remove_all(root_); }

  static Awaitable<void> pass_time(SignInTest* test, std::chrono::milliseconds time) {
    test->now_ += time;
    test->waits_.push_back(time);
    co_return;
  }

  SignInClock clock() {
    SignInClock clock;
    clock.now = [this] { return now_; };
    clock.wait = [this](std::chrono::milliseconds time) { return pass_time(this, time); };
    return clock;
  }

  Result<Tokens> sign_in_now() {
    SignInOptions options;
    options.clock = clock();
    return run(sign_in(service_.send(), dir_, std::move(options),
                       [this](const DevicePrompt& prompt) { shown_.push_back(prompt); }));
  }

  void answer_until_device() {
    service_.answer(
        register_path, 200,
        R"({"clientId":"CID","clientSecret":"CSECRET","clientSecretExpiresAt":1707776000})");
    answer_device();
  }
  void answer_device() {
    service_.answer(
        device_path, 200,
        R"({"deviceCode":"DEVCODE","userCode":"ABCD-EFGH","verificationUri":"https://device/",
            "verificationUriComplete":"https://device/?user_code=ABCD-EFGH","expiresIn":600,"interval":1})");
  }

  void store(const std::string& access, const std::string& refresh, std::chrono::seconds life) {
    Tokens tokens;
    tokens.access_token = Secret(access);
    tokens.refresh_token = Secret(refresh);
    tokens.expires_at = now_ + life;
    tokens.region = "us-east-1";
    tokens.other = {{"note", "\"kept\""}};
    ASSERT_TRUE(dir_.save(tokens_file, encode_tokens(tokens)));
    Registration registration;
    registration.client_id = "CID";
    registration.client_secret = Secret("CSECRET");
    registration.region = "us-east-1";
    ASSERT_TRUE(dir_.save(registration_file, encode_registration(registration)));
  }

  StoredLogin login(std::string profile_arn = "") {
    return StoredLogin(dir_, service_.send(), std::move(profile_arn), clock());
  }

  static std::string text(const Result<Token>& token) {
    if (!token) return std::string(to_string(token.error().kind));
    return std::string(token->access.reveal());
  }

  std::string root_;
  StateDir dir_{""};
  WallTime now_{std::chrono::seconds(1'700'000'000)};
  std::vector<std::chrono::milliseconds> waits_;
  std::vector<DevicePrompt> shown_;
  Service service_;
};

TEST_F(SignInTest, RegistersAsksShowsWaitsAndStores) {
  answer_until_device();
  service_.answer(token_path, 400, pending);
  service_.answer(token_path, 200, approved);
  const auto tokens = sign_in_now();
  ASSERT_TRUE(tokens) << tokens.error().message;
  ASSERT_EQ(shown_.size(), 1U);
  EXPECT_EQ(shown_[0].user_code, "ABCD-EFGH");
  EXPECT_EQ(shown_[0].verification_uri_complete, "https://device/?user_code=ABCD-EFGH");
  EXPECT_EQ(waits_, (std::vector<std::chrono::milliseconds>{1s, 1s}));
  EXPECT_EQ(member(service_.calls[0].body, "clientName"), "dragoman");
  EXPECT_EQ(member(service_.calls[2].body, "deviceCode"), "DEVCODE");

  const auto stored = load_tokens(dir_);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->access_token.reveal(), "ATOKEN");
  EXPECT_EQ(stored->refresh_token.reveal(), "RTOKEN");
  EXPECT_EQ(*stored->expires_at, now_ + 28800s);
  EXPECT_EQ(stored->start_url, "https://view.awsapps.com/start");
  EXPECT_EQ(stored->scopes, default_scopes());
  EXPECT_EQ(load_registration(dir_)->client_id, "CID");
}

TEST_F(SignInTest, SlowDownAddsFiveSecondsForGood) {
  answer_until_device();
  service_.answer(token_path, 400, R"({"error":"slow_down"})");
  service_.answer(token_path, 400, pending);
  service_.answer(token_path, 400, R"({"error":"slow_down"})");
  service_.answer(token_path, 200, approved);
  EXPECT_TRUE(sign_in_now());
  EXPECT_EQ(waits_, (std::vector<std::chrono::milliseconds>{1s, 6s, 6s, 11s}));
}

TEST_F(SignInTest, FailuresOfTheNetworkAreWaitedOut) {
  answer_until_device();
  service_.fail(token_path, Error(ErrorKind::upstream_unreachable, "no connection"));
  service_.answer(token_path, 500, R"({"error":"server_error"})");
  service_.answer(token_path, 502, "<html>");
  service_.answer(token_path, 200, approved);
  EXPECT_TRUE(sign_in_now());
}

TEST_F(SignInTest, ACodeNobodyApprovesExpires) {
  answer_until_device();
  for (int i = 0; i < 700; ++i) service_.answer(token_path, 400, pending);
  const auto tokens = sign_in_now();
  ASSERT_FALSE(tokens);
  EXPECT_EQ(tokens.error().code, "expired_token");
  EXPECT_LT(service_.count(token_path), 601);
}

TEST_F(SignInTest, ARefusalEndsItAndLeavesTheOlderSignInAlone) {
  store("OLD", "OLDREFRESH", 3600s);
  const auto before = dir_.revision(tokens_file);
  answer_device();
  service_.answer(token_path, 400, R"({"error":"access_denied"})");
  const auto tokens = sign_in_now();
  ASSERT_FALSE(tokens);
  EXPECT_EQ(tokens.error().kind, ErrorKind::forbidden);
  EXPECT_EQ(dir_.revision(tokens_file), before);
}

TEST_F(SignInTest, AStoredRegistrationWithoutEndIsUsed) {
  store("OLD", "OLDREFRESH", 3600s);
  answer_device();
  service_.answer(token_path, 200, approved);
  ASSERT_TRUE(sign_in_now());
  EXPECT_EQ(service_.count(register_path), 0);
  EXPECT_EQ(load_tokens(dir_)->other, (OtherMembers{{"note", "\"kept\""}}));
}

TEST_F(SignInTest, ARefusedRegistrationIsMadeAnew) {
  store("OLD", "OLDREFRESH", 3600s);
  service_.answer(device_path, 401, R"({"error":"invalid_client"})");
  service_.answer(register_path, 200, R"({"clientId":"CID2","clientSecret":"CSECRET2"})");
  answer_device();
  service_.answer(token_path, 200, approved);
  ASSERT_TRUE(sign_in_now());
  EXPECT_EQ(load_registration(dir_)->client_id, "CID2");
}

TEST_F(SignInTest, ARegistrationOfAnotherRegionOrAnEndedOneIsMadeAnew) {
  Registration ended;
  ended.client_id = "OLD";
  ended.client_secret = Secret("OLD");
  ended.client_secret_expires_at = now_ + 10min;
  ASSERT_TRUE(dir_.save(registration_file, encode_registration(ended)));
  answer_until_device();
  service_.answer(token_path, 200, approved);
  ASSERT_TRUE(sign_in_now());
  EXPECT_EQ(service_.count(register_path), 1);

  ended.client_secret_expires_at.reset();
  ended.region = "eu-west-1";
  ASSERT_TRUE(dir_.save(registration_file, encode_registration(ended)));
  answer_until_device();
  service_.answer(token_path, 200, approved);
  ASSERT_TRUE(sign_in_now());
  EXPECT_EQ(service_.count(register_path), 2);
}

// ---- renewal

TEST_F(SignInTest, ARenewedTokenIsStoredBeforeItIsReturned) {
  store("OLD", "OLDREFRESH", 10s);
  service_.answer(token_path, 200,
                  R"({"accessToken":"NEW","expiresIn":3600,"refreshToken":"NEWREFRESH"})");
  StoredLogin stored = login("arn:profile");
  const auto token = run(stored.renew(*stored.load()));
  EXPECT_EQ(text(token), "NEW");
  EXPECT_EQ(token->expires_at, now_ + 3600s);
  EXPECT_EQ(token->profile_arn, "arn:profile");
  EXPECT_EQ(member(service_.calls[0].body, "refreshToken"), "OLDREFRESH");
  EXPECT_EQ(member(service_.calls[0].body, "clientId"), "CID");
  EXPECT_EQ(service_.calls[0].region, "us-east-1");
  const auto file = load_tokens(dir_);
  EXPECT_EQ(file->access_token.reveal(), "NEW");
  EXPECT_EQ(file->refresh_token.reveal(), "NEWREFRESH");
  EXPECT_EQ(file->other, (OtherMembers{{"note", "\"kept\""}}));
}

TEST_F(SignInTest, AnAnswerWithoutARefreshTokenKeepsTheOldOne) {
  store("OLD", "OLDREFRESH", 10s);
  service_.answer(token_path, 200, R"({"accessToken":"NEW","expiresIn":3600})");
  StoredLogin stored = login();
  ASSERT_TRUE(run(stored.renew(*stored.load())));
  EXPECT_EQ(load_tokens(dir_)->refresh_token.reveal(), "OLDREFRESH");
}

TEST_F(SignInTest, WhatAnotherProcessHasRenewedIsTakenWithoutAsking) {
  store("OLD", "OLDREFRESH", 10s);
  StoredLogin stored = login();
  const Token old = *stored.load();
  store("THEIRS", "THEIRREFRESH", 3600s);
  EXPECT_EQ(text(run(stored.renew(old))), "THEIRS");
  EXPECT_TRUE(service_.calls.empty());
}

TEST_F(SignInTest, PassingFailuresLeaveTheFilesAlone) {
  store("OLD", "OLDREFRESH", 10s);
  StoredLogin stored = login();
  const auto before = dir_.revision(tokens_file);
  service_.fail(token_path, Error(ErrorKind::timed_out, "slow"));
  service_.answer(token_path, 429, "");
  service_.answer(token_path, 500, R"({"error":"server_error"})");
  service_.answer(token_path, 200, "<html>");
  service_.answer(token_path, 200, R"({"accessTok)");
  service_.fail(token_path, Error(ErrorKind::upstream_failed, "reset"));
  for (const char* expected : {"timed_out", "rate_limited", "upstream_failed", "upstream_failed",
                               "upstream_failed", "upstream_failed"}) {
    EXPECT_EQ(text(run(stored.renew(*stored.load()))), expected);
  }
  EXPECT_EQ(dir_.revision(tokens_file), before);
}

TEST_F(SignInTest, TheEndOfTheSignInIsToldAfterOneTry) {
  for (const char* word : {"invalid_grant", "invalid_client", "invalid_request"}) {
    Service service;
    service.answer(token_path, 400, std::string(R"({"error":")") + word + "\"}");
    store("OLD", "OLDREFRESH", 10s);
    StoredLogin stored(dir_, service.send(), "", clock());
    const auto token = run(stored.renew(*stored.load()));
    EXPECT_EQ(text(token), "signed_out");
    EXPECT_EQ(token.error().message, "the sign-in has ended: run `dragoman login`");
    EXPECT_EQ(token.error().code, word);
    EXPECT_EQ(service.calls.size(), 1U);
    EXPECT_TRUE(load_tokens(dir_)) << "nothing is deleted";
  }
}

TEST_F(SignInTest, AfterARefusalWhatSomebodyElseStoredMeanwhileIsUsed) {
  store("OLD", "OLDREFRESH", 10s);
  StoredLogin stored = login();
  service_.answer(token_path, 400, R"({"error":"invalid_grant"})");
  service_.before_answer = [this] { store("THEIRS", "THEIRREFRESH", 3600s); };
  EXPECT_EQ(text(run(stored.renew(*stored.load()))), "THEIRS");
  EXPECT_EQ(service_.calls.size(), 1U);
}

TEST_F(SignInTest, AfterARefusalARotatedRefreshTokenIsTriedOnce) {
  store("OLD", "OLDREFRESH", 10s);
  StoredLogin stored = login();
  service_.answer(token_path, 400, R"({"error":"invalid_grant"})");
  service_.answer(token_path, 200, R"({"accessToken":"NEW","expiresIn":60})");
  service_.before_answer = [this] { store("OLD", "ROTATED", 10s); };
  EXPECT_EQ(text(run(stored.renew(*stored.load()))), "NEW");
  EXPECT_EQ(member(service_.calls[1].body, "refreshToken"), "ROTATED");
}

TEST_F(SignInTest, ATokenThatCannotBeStoredIsStoredByTheNextRenewal) {
  store("OLD", "OLDREFRESH", 10s);
  bool disk_full = true;
  StateDir full(dir_.path());
  full.before_step = [&](SaveStep step) { return !(disk_full && step == SaveStep::write); };
  StoredLogin stored(full, service_.send(), "", clock());
  service_.answer(token_path, 200,
                  R"({"accessToken":"NEW","expiresIn":3600,"refreshToken":"NEWREFRESH"})");
  const Token old = *stored.load();
  EXPECT_EQ(text(run(stored.renew(old))), "internal");
  EXPECT_EQ(load_tokens(dir_)->access_token.reveal(), "OLD");
  EXPECT_EQ(text(run(stored.renew(old))), "internal");
  disk_full = false;
  EXPECT_EQ(text(run(stored.renew(old))), "NEW");
  EXPECT_EQ(load_tokens(dir_)->refresh_token.reveal(), "NEWREFRESH");
  EXPECT_EQ(service_.calls.size(), 1U) << "the old refresh token is spent";
}

TEST_F(SignInTest, RenewalWaitsForAnotherHolderAndGivesUpInTheEnd) {
  store("OLD", "OLDREFRESH", 10s);
  StoredLogin stored = login();
  auto held = dir_.try_lock();
  ASSERT_TRUE(held);
  const WallTime before = now_;
  EXPECT_EQ(text(run(stored.renew(*stored.load()))), "conflict");
  EXPECT_EQ(now_ - before, 10s);
  EXPECT_TRUE(service_.calls.empty());
}

TEST_F(SignInTest, ADamagedFileIsNeitherUsedNorDeleted) {
  store("OLD", "OLDREFRESH", 10s);
  StoredLogin stored = login();
  const Token old = *stored.load();
  std::string damaged = **dir_.load(tokens_file);
  damaged[damaged.find("OLDREFRESH")] = 'X';
  std::ofstream(root_ + "/state/tokens.json") << damaged;
  EXPECT_EQ(text(stored.load()), "signed_out");
  EXPECT_EQ(text(run(stored.renew(old))), "signed_out");
  EXPECT_TRUE(service_.calls.empty());
  EXPECT_EQ(**dir_.load(tokens_file), damaged);
}

TEST_F(SignInTest, WithoutFilesTheHintIsToSignIn) {
  StoredLogin stored = login();
  EXPECT_EQ(stored.revision(), 0U);
  EXPECT_EQ(stored.load().error().message, "there is no sign-in: run `dragoman login`");
}

TEST_F(SignInTest, ATokenOfUnknownAgeIsRenewedFirst) {
  ASSERT_TRUE(dir_.save(tokens_file, R"({"access_token":"A","refresh_token":"R"})"));
  EXPECT_LT(login().load()->expires_at, now_);
  ASSERT_TRUE(dir_.save(tokens_file, R"({"access_token":"A"})"));
  const auto token = login().load();
  EXPECT_EQ(token->expires_at, WallTime::max());
  EXPECT_FALSE(token->renewable);
}

// T2, G1, G2: no secret in any error.
TEST_F(SignInTest, ErrorsHoldNoSecret) {
  store("canary-access", "canary-refresh", 10s);
  StoredLogin stored = login();
  for (const char* body : {R"({"error":"invalid_grant","error_description":"canary-refresh"})",
                           R"({"canary":"canary-refresh"})", "canary-refresh"}) {
    service_.answer(token_path, 400, body);
    const auto token = run(stored.renew(*stored.load()));
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().message.find("canary"), std::string::npos);
    EXPECT_EQ(token.error().detail.find("canary"), std::string::npos);
  }
}

}  // namespace
}  // namespace dragoman::codewhisperer
