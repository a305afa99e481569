#include "routing/attempts.hpp"

#include "net/testing.hpp"

namespace dragoman::routing {
namespace {

using namespace std::chrono_literals;
using backends::Credential;
using backends::CredentialPtr;

class EmptyStream : public chat::EventStream {
 public:
  Awaitable<Result<std::span<const chat::Event>>> next() override {
    co_return std::span<const chat::Event>();
  }
};

// Fails with the given errors, one an attempt, then succeeds.
class FlakyBackend : public backends::Backend {
 public:
  std::string_view name() const override { return "flaky"; }
  Awaitable<Result<std::unique_ptr<chat::EventStream>>> open(const chat::Request&,
                                                             const Credential& credential,
                                                             chat::Transforms&) override {
    generations.push_back(credential.generation);
    if (generations.size() <= errors.size()) co_return errors[generations.size() - 1];
    std::unique_ptr<chat::EventStream> stream = std::make_unique<EmptyStream>();
    co_return stream;
  }
  std::vector<backends::ModelInfo> models() const override { return {}; }

  std::vector<Error> errors;
  std::vector<std::uint64_t> generations;  // of the credentials used
};

class Renewing : public backends::CredentialSource {
 public:
  Awaitable<Result<CredentialPtr>> get() override { co_return make(1); }
  Awaitable<Result<CredentialPtr>> renew(CredentialPtr refused) override {
    ++renewals;
    if (failure) co_return *failure;
    co_return make(refused->generation + 1);
  }
  static CredentialPtr make(std::uint64_t generation) {
    Credential credential;
    credential.generation = generation;
    return std::make_shared<const Credential>(std::move(credential));
  }
  int renewals = 0;
  std::optional<Error> failure;
};

class AttemptsTest : public ::testing::Test {
 protected:
  // "ok" or the kind of the error.
  std::string open() {
    std::string outcome;
    net::testing::run(worker_, open_into(outcome));
    return outcome;
  }
  Awaitable<void> open_into(std::string& outcome) {
    const Upstream upstream{backend_, credentials_, {}};
    const auto opened = co_await open_stream(upstream, request_, transforms_, policy_, attempts_);
    outcome = opened ? "ok" : std::string(to_string(opened.error().kind));
  }
  static Error failed(ErrorKind kind, int status = 0) {
    return Error(kind, "no").with_status(status);
  }

  net::Worker worker_;
  FlakyBackend backend_;
  Renewing credentials_;
  chat::Request request_;
  chat::Transforms transforms_;
  RetryPolicy policy_{.max_attempts = 3, .first_pause = 1ms, .max_pause = 20ms};
  int attempts_ = 0;
};

TEST_F(AttemptsTest, TriesAgainWhenTheUpstreamMayRecover) {
  backend_.errors = {failed(ErrorKind::overloaded, 503), failed(ErrorKind::upstream_failed, 500)};
  EXPECT_EQ(open(), "ok");
  EXPECT_EQ(attempts_, 3);
}

TEST_F(AttemptsTest, GivesUpAfterTheLastAttempt) {
  backend_.errors.assign(9, failed(ErrorKind::upstream_unreachable));
  EXPECT_EQ(open(), "upstream_unreachable");
  EXPECT_EQ(attempts_, 3);
}

TEST_F(AttemptsTest, NeverRepeatsWhatMayHaveBeenBilledOrWillFailAgain) {
  for (const Error& error :
       {failed(ErrorKind::upstream_failed, 200), failed(ErrorKind::timed_out),
        failed(ErrorKind::rate_limited, 429), failed(ErrorKind::quota_exhausted, 402),
        failed(ErrorKind::bad_request, 400), failed(ErrorKind::forbidden, 403)}) {
    backend_.errors.assign(9, error);
    backend_.generations.clear();
    EXPECT_EQ(open(), to_string(error.kind));
    EXPECT_EQ(backend_.generations.size(), 1U) << to_string(error.kind);
  }
}

TEST_F(AttemptsTest, CountsNothingForWhatWasNeverSent) {
  backend_.errors = {failed(ErrorKind::bad_request)};
  EXPECT_EQ(open(), "bad_request");
  EXPECT_EQ(attempts_, 0);
}

TEST_F(AttemptsTest, RenewsARefusedTokenOnce) {
  backend_.errors = {failed(ErrorKind::upstream_unauthorized, 403)};
  EXPECT_EQ(open(), "ok");
  EXPECT_EQ(backend_.generations, (std::vector<std::uint64_t>{1, 2}));

  backend_.generations.clear();
  backend_.errors.assign(9, failed(ErrorKind::upstream_unauthorized, 403));
  credentials_.renewals = 0;
  EXPECT_EQ(open(), "upstream_unauthorized");
  EXPECT_EQ(credentials_.renewals, 1);
}

TEST_F(AttemptsTest, SaysWhyThereIsNoNewerToken) {
  backend_.errors = {failed(ErrorKind::upstream_unauthorized, 403)};
  credentials_.failure = failed(ErrorKind::signed_out);
  EXPECT_EQ(open(), "signed_out");
}

TEST_F(AttemptsTest, DoesNotPassTheLimitOfTheSignInServiceOnAsTheClients) {
  backend_.errors = {failed(ErrorKind::upstream_unauthorized, 403)};
  credentials_.failure = failed(ErrorKind::rate_limited, 429);
  EXPECT_EQ(open(), "overloaded");
}

TEST(PauseBefore, GrowsWithJitterUpToItsLimit) {
  const RetryPolicy policy{.max_attempts = 20, .first_pause = 100ms, .max_pause = 400ms};
  const Error error(ErrorKind::overloaded, "");
  EXPECT_EQ(pause_before(2, error, policy, 0), 50ms);
  EXPECT_EQ(pause_before(3, error, policy, 0), 100ms);
  EXPECT_EQ(pause_before(19, error, policy, 0), 200ms);
  EXPECT_EQ(pause_before(2, error, policy, 0.5), 75ms);
  EXPECT_EQ(pause_before(21, error, policy, 0), std::nullopt);
}

TEST(PauseBefore, ObeysRetryAfterOrLeavesItToTheClient) {
  const RetryPolicy policy{.max_attempts = 3, .first_pause = 100ms, .max_pause = 4s};
  Error error(ErrorKind::overloaded, "");
  error.retry_after = 2s;
  EXPECT_EQ(pause_before(2, error, policy, 0), 2s);
  error.retry_after = 5s;
  EXPECT_EQ(pause_before(2, error, policy, 0), std::nullopt);
}

}  // namespace
}  // namespace dragoman::routing
