#include "accounts/account.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <thread>

namespace dragoman::accounts {
namespace {

using namespace std::chrono_literals;
using backends::CredentialPtr;
using backends::Token;
using Answer = Result<CredentialPtr>;
using WallTime = std::chrono::system_clock::time_point;
using SteadyTime = std::chrono::steady_clock::time_point;

// Both clocks, set by the test, read on any thread.
struct Clock {
  std::atomic<std::int64_t> ms{1'700'000'000'000};
  WallTime wall() const { return WallTime(std::chrono::milliseconds(ms.load())); }
  SteadyTime steady() const { return SteadyTime(std::chrono::milliseconds(ms.load())); }
  void advance(std::chrono::milliseconds by) { ms += by.count(); }
};

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

// A login whose service says what the test wants; it belongs to the home thread.
class FakeLogin : public backends::Login {
 public:
  FakeLogin(Executor home, Clock& clock) : clock_(clock), gate_(home) {
    gate_.expires_at(SteadyTime::max());
  }

  std::uint64_t revision() override { return revision_; }

  Result<Token> load() override {
    ++loads;
    if (!stored_) return Error(ErrorKind::signed_out, "there is no sign-in");
    if (damaged) return Error(ErrorKind::signed_out, "the stored sign-in is damaged");
    return *stored_;
  }

  Awaitable<Result<Token>> renew(Token old) override {
    ++renewals;
    EXPECT_FALSE(running_) << "two renewals at once";
    running_ = true;
    if (hold) co_await gate_.async_wait(as_value);
    running_ = false;
    if (failure) co_return *failure;
    spent.push_back(std::string(old.access.reveal()));
    store("token-" + std::to_string(renewals.load()), life);
    co_return *stored_;
  }

  void store(const std::string& access, std::chrono::milliseconds lives) {
    Token token;
    token.access = Secret(access);
    token.expires_at = clock_.wall() + lives;
    token.renewable = true;
    stored_ = std::move(token);
    ++revision_;
  }
  void remove() {
    stored_.reset();
    revision_ = 0;
  }
  void touch() { ++revision_; }
  void open_gate() {
    hold = false;
    gate_.cancel();
  }

  std::atomic<int> renewals = 0;
  int loads = 0;
  bool hold = false;
  bool damaged = false;
  std::optional<Error> failure;
  std::chrono::milliseconds life = 8h;
  std::vector<std::string> spent;

 private:
  Clock& clock_;
  Timer gate_;
  std::optional<Token> stored_;
  std::uint64_t revision_ = 0;
  bool running_ = false;
};

Awaitable<void> get_into(Account& account, std::optional<Answer>& out) {
  auto answer = co_await account.get();
  out = std::move(answer);
}

Awaitable<void> renew_into(Account& account, CredentialPtr refused, std::optional<Answer>& out) {
  auto answer = co_await account.renew(std::move(refused));
  out = std::move(answer);
}

Awaitable<void> close_into(Account& account, bool& done) {
  co_await account.close();
  done = true;
}

// Everything on one thread, moved on by the test.
class AccountTest : public testing::Test {
 protected:
  static AccountOptions options(Clock& clock) {
    AccountOptions options;
    options.wall_now = [&clock] { return clock.wall(); };
    options.steady_now = [&clock] { return clock.steady(); };
    return options;
  }

  void settle() {
    io_.restart();
    io_.poll();
  }

  std::optional<Answer> get() {
    std::optional<Answer> answer;
    asio::co_spawn(io_.get_executor(), get_into(account_, answer), asio::detached);
    settle();
    return answer;
  }

  std::optional<Answer> renew(CredentialPtr refused) {
    std::optional<Answer> answer;
    asio::co_spawn(io_.get_executor(), renew_into(account_, std::move(refused), answer),
                   asio::detached);
    settle();
    return answer;
  }

  static std::string text(const std::optional<Answer>& answer) {
    if (!answer) return "waiting";
    if (!*answer) return std::string(to_string(answer->error().kind));
    return std::string((**answer)->token.reveal());
  }

  void advance_and_poll(std::chrono::milliseconds by) {
    clock_.advance(by);
    account_.poll();
    settle();
  }

  asio::io_context io_{1};
  Clock clock_;
  FakeLogin login_{io_.get_executor(), clock_};
  Account account_{io_.get_executor(), login_, options(clock_)};
};

TEST_F(AccountTest, AStoredTokenIsHandedOutAsItIs) {
  login_.store("stored", 8h);
  EXPECT_EQ(text(get()), "stored");
  EXPECT_EQ(login_.renewals, 0);
  EXPECT_EQ(account_.status().state, AccountState::ready);
  EXPECT_TRUE(account_.status().signed_in);
}

TEST_F(AccountTest, WithoutALoginTheAnswerIsSignedOutUntilThereIsOne) {
  EXPECT_EQ(text(get()), "signed_out");
  EXPECT_EQ(account_.status().state, AccountState::signed_out);
  login_.store("new", 8h);
  clock_.advance(1s);
  EXPECT_EQ(text(get()), "new");
  EXPECT_EQ(account_.status().state, AccountState::ready);
  EXPECT_EQ(account_.status().last_error, "");
}

TEST_F(AccountTest, TheStoredLoginIsLookedAtOnceASecondAtMost) {
  for (int i = 0; i < 100; ++i) get();
  EXPECT_EQ(login_.loads, 1);
}

TEST_F(AccountTest, ANewLoginBesideUsIsPickedUpWithoutAnyRequestFailing) {
  login_.store("first", 8h);
  EXPECT_EQ(text(get()), "first");
  login_.store("second", 8h);
  advance_and_poll(1s);
  EXPECT_EQ(text(get()), "second");
  EXPECT_EQ(login_.renewals, 0);
}

TEST_F(AccountTest, AnExpiredTokenIsRenewedOnDemand) {
  login_.store("old", 0ms);
  EXPECT_EQ(text(get()), "token-1");
  EXPECT_EQ(login_.spent, std::vector<std::string>{"old"});
}

TEST_F(AccountTest, ALongTokenIsRenewedFiveMinutesBeforeItsEnd) {
  login_.store("old", 8h);
  account_.poll();
  advance_and_poll(8h - 301s);
  EXPECT_EQ(login_.renewals, 0);
  advance_and_poll(2s);
  EXPECT_EQ(login_.renewals, 1);
  EXPECT_EQ(text(get()), "token-1");
}

TEST_F(AccountTest, WhileTheRenewalRunsTheOldTokenIsUsed) {
  login_.store("old", 8h);
  login_.hold = true;
  account_.poll();
  advance_and_poll(8h - 200s);
  EXPECT_EQ(login_.renewals, 1);
  EXPECT_EQ(text(get()), "old");
  login_.open_gate();
  settle();
  EXPECT_EQ(text(get()), "token-1");
}

// T3: tokens that live for three seconds, ten requests a second, five minutes.
TEST_F(AccountTest, ShortTokensNeverRunOutAndAreNotRenewedTooOften) {
  login_.life = 3s;
  login_.store("first", 3s);
  account_.poll();
  constexpr int tenths = 3000;
  for (int i = 0; i < tenths; ++i) {
    advance_and_poll(100ms);
    const auto answer = get();
    ASSERT_TRUE(answer && *answer) << "after " << i << " tenths of a second";
    const WallTime end = *account_.status().expires_at;
    ASSERT_GT(end, clock_.wall() + 3s * 5 / 100) << "renewed too late";
  }
  EXPECT_LE(login_.renewals, tenths / 20);
  EXPECT_GE(login_.renewals, tenths / 30);
}

TEST_F(AccountTest, ARefusedTokenIsRenewedOnceForEachGeneration) {
  login_.store("old", 8h);
  const auto old = get();
  EXPECT_EQ(text(renew(**old)), "token-1");
  EXPECT_EQ(text(renew(**old)), "token-1");  // somebody late with the old one
  EXPECT_EQ(login_.renewals, 1);
}

TEST_F(AccountTest, ATokenRefusedRightAfterItsRenewalIsNotRenewedAgain) {
  login_.store("old", 8h);
  auto fresh = renew(**get());
  EXPECT_EQ(text(renew(**fresh)), "upstream_unauthorized");
  EXPECT_EQ(login_.renewals, 1);
  clock_.advance(2s);
  EXPECT_EQ(text(renew(**fresh)), "token-2");
}

TEST_F(AccountTest, AFailureOfTheNetworkForgetsNothing) {
  login_.store("old", 8h);
  account_.poll();
  login_.failure = Error(ErrorKind::upstream_unreachable, "no connection");
  advance_and_poll(8h - 200s);
  EXPECT_EQ(login_.renewals, 1);
  EXPECT_EQ(text(get()), "old");
  EXPECT_EQ(account_.status().state, AccountState::failing);
  EXPECT_EQ(account_.status().last_error, "no connection");

  login_.failure.reset();
  advance_and_poll(30s);
  EXPECT_EQ(text(get()), "token-2");
  EXPECT_EQ(account_.status().state, AccountState::ready);
  EXPECT_EQ(account_.status().last_error, "");
}

TEST_F(AccountTest, WhenTheTokenIsOverAFailureIsToldAtOnceWithTheTimeToWait) {
  login_.store("old", 0ms);
  login_.failure = Error(ErrorKind::upstream_failed, "nonsense");
  EXPECT_EQ(text(get()), "upstream_failed");
  const auto second = get();
  EXPECT_EQ(text(second), "upstream_failed");
  ASSERT_TRUE(second->error().retry_after);
  EXPECT_LE(*second->error().retry_after, 500ms);
  EXPECT_EQ(login_.renewals, 1);
}

// T2: back within five seconds after the service has healed, however long it was ill.
TEST_F(AccountTest, RecoversWithinFiveSeconds) {
  login_.store("old", 0ms);
  login_.failure = Error(ErrorKind::upstream_failed, "503");
  for (int i = 0; i < 600; ++i) advance_and_poll(100ms);
  const int attempts = login_.renewals;
  EXPECT_LE(attempts, 20) << "hammers a service that is ill";
  login_.failure.reset();
  for (int i = 0; i < 50; ++i) advance_and_poll(100ms);
  EXPECT_EQ(login_.renewals, attempts + 1);
  EXPECT_TRUE(account_.status().signed_in);
}

TEST_F(AccountTest, TheEndOfALoginIsFinalUntilAnotherIsStored) {
  login_.store("old", 0ms);
  login_.failure = Error(ErrorKind::signed_out, "the sign-in has ended: run `dragoman login`");
  const auto answer = get();
  EXPECT_EQ(text(answer), "signed_out");
  EXPECT_EQ(answer->error().message, "the sign-in has ended: run `dragoman login`");
  for (int i = 0; i < 600; ++i) {
    advance_and_poll(1s);
    EXPECT_EQ(text(get()), "signed_out");
  }
  EXPECT_EQ(login_.renewals, 1);
  EXPECT_EQ(account_.status().state, AccountState::signed_out);
  EXPECT_EQ(account_.status().last_error, "the sign-in has ended: run `dragoman login`");

  login_.failure.reset();
  login_.store("new", 8h);
  advance_and_poll(1s);
  EXPECT_EQ(text(get()), "new");
}

TEST_F(AccountTest, ATokenThatStillLivesIsUsedAfterTheEndOfItsLogin) {
  login_.store("old", 8h);
  account_.poll();
  login_.failure = Error(ErrorKind::signed_out, "the sign-in has ended");
  advance_and_poll(8h - 200s);
  EXPECT_EQ(text(get()), "old");
  EXPECT_EQ(account_.status().state, AccountState::signed_out);
  EXPECT_TRUE(account_.status().signed_in);
  advance_and_poll(200s);
  EXPECT_EQ(text(get()), "signed_out");
}

TEST_F(AccountTest, ALoginStoredWhileTheOldOneIsRefusedIsTaken) {
  login_.store("old", 0ms);
  login_.hold = true;
  login_.failure = Error(ErrorKind::signed_out, "the sign-in has ended");
  std::optional<Answer> answer;
  asio::co_spawn(io_.get_executor(), get_into(account_, answer), asio::detached);
  settle();
  login_.store("new", 8h);
  login_.open_gate();
  settle();
  EXPECT_EQ(text(answer), "new");
}

TEST_F(AccountTest, ADamagedFileDoesNotTakeAwayWhatWeHave) {
  login_.store("old", 8h);
  EXPECT_EQ(text(get()), "old");
  login_.damaged = true;
  login_.touch();
  advance_and_poll(1s);
  EXPECT_EQ(text(get()), "old");
  EXPECT_EQ(account_.status().last_error, "the stored sign-in is damaged");
}

TEST_F(AccountTest, ADeletedFileSignsOut) {
  login_.store("old", 8h);
  EXPECT_EQ(text(get()), "old");
  login_.remove();
  advance_and_poll(1s);
  EXPECT_EQ(text(get()), "signed_out");
}

TEST_F(AccountTest, CancellingARequestDoesNotCancelTheRenewal) {
  login_.store("old", 0ms);
  login_.hold = true;
  std::optional<Answer> impatient;
  std::optional<Answer> patient;
  TaskGroup requests(io_.get_executor());
  requests.spawn(get_into(account_, impatient));
  asio::co_spawn(io_.get_executor(), get_into(account_, patient), asio::detached);
  settle();
  requests.cancel();
  settle();
  EXPECT_EQ(text(impatient), "cancelled");
  EXPECT_EQ(text(patient), "waiting");
  login_.open_gate();
  settle();
  EXPECT_EQ(text(patient), "token-1");
  EXPECT_EQ(login_.renewals, 1);
}

TEST_F(AccountTest, CloseWaitsForARunningRenewal) {
  login_.store("old", 0ms);
  login_.hold = true;
  account_.start();
  settle();
  bool closed = false;
  asio::co_spawn(io_.get_executor(), close_into(account_, closed), asio::detached);
  settle();
  EXPECT_FALSE(closed);
  login_.open_gate();
  settle();
  EXPECT_TRUE(closed);
  EXPECT_EQ(login_.spent, std::vector<std::string>{"old"});
}

TEST_F(AccountTest, AfterCloseRequestsAreTurnedAway) {
  bool closed = false;
  asio::co_spawn(io_.get_executor(), close_into(account_, closed), asio::detached);
  settle();
  ASSERT_TRUE(closed);
  EXPECT_EQ(text(get()), "cancelled");
}

TEST_F(AccountTest, AStepOfTheWallClockCostsOneRenewalAtMost) {
  login_.store("old", 8h);
  EXPECT_EQ(text(get()), "old");
  for (auto step : {24h, -24h, 1h, -1h}) {
    clock_.advance(step);
    account_.poll();
    settle();
    EXPECT_TRUE(*get());
  }
  EXPECT_LE(login_.renewals, 1);
}

TEST_F(AccountTest, RenewalsAreReported) {
  std::vector<RenewalOutcome> outcomes;
  AccountOptions with_report = options(clock_);
  with_report.on_renewal = [&](RenewalOutcome outcome, const Error* error) {
    EXPECT_EQ(error == nullptr, outcome == RenewalOutcome::renewed);
    outcomes.push_back(outcome);
  };
  Account account(io_.get_executor(), login_, with_report);
  login_.store("old", 0ms);
  login_.failure = Error(ErrorKind::timed_out, "slow");
  account.poll();
  settle();
  clock_.advance(1s);
  login_.failure.reset();
  account.poll();
  settle();
  EXPECT_EQ(outcomes, (std::vector{RenewalOutcome::failed, RenewalOutcome::renewed}));
  EXPECT_EQ(account.status().failures, 1U);
  EXPECT_EQ(account.status().renewals, 1U);
}

// ---- T1: a stampede from several threads

struct Worker {
  asio::io_context io{1};
  asio::executor_work_guard<Executor> work{io.get_executor()};
  std::thread thread{[this] { io.run(); }};
  ~Worker() {
    work.reset();
    thread.join();
  }
};

struct Tally {
  std::atomic<int> started = 0;
  std::atomic<int> good = 0;
  std::atomic<int> bad = 0;
  std::atomic<int> done = 0;
};

Awaitable<void> refused_once(Account& account, Tally& tally) {
  auto first = co_await account.get();
  ++tally.started;
  tally.started.notify_all();
  if (first && (*first)->token.reveal() == "revoked") {
    CredentialPtr refused = *first;
    first = co_await account.renew(std::move(refused));
  }
  if (first && (*first)->token.reveal() == "token-1") {
    ++tally.good;
  } else {
    ++tally.bad;
  }
  ++tally.done;
  tally.done.notify_all();
}

void wait_until(std::atomic<int>& counter, int value) {
  for (int seen = counter.load(); seen < value; seen = counter.load()) counter.wait(seen);
}

TEST(AccountThreads, AThousandRefusedRequestsBringOneRenewal) {
  constexpr int requests = 1000;
  constexpr int threads = 4;
  Clock clock;
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < threads; ++i) workers.push_back(std::make_unique<Worker>());
  Worker& home = *workers[0];
  FakeLogin login(home.io.get_executor(), clock);
  login.store("revoked", 8h);
  login.hold = true;
  AccountOptions options;
  options.wall_now = [&clock] { return clock.wall(); };
  options.wait_limit = 60s;
  Account account(home.io.get_executor(), login, options);
  std::atomic<int> ready = 0;
  asio::post(home.io, [&] {
    account.start();
    ++ready;
    ready.notify_all();
  });
  wait_until(ready, 1);
  Tally tally;
  for (int i = 0; i < requests; ++i) {
    asio::co_spawn(workers[i % threads]->io, refused_once(account, tally), asio::detached);
  }
  wait_until(tally.started, requests);
  asio::post(home.io, [&] { login.open_gate(); });
  wait_until(tally.done, requests);
  EXPECT_EQ(tally.good, requests);
  EXPECT_EQ(tally.bad, 0);
  EXPECT_EQ(login.renewals, 1);
  EXPECT_TRUE(account.status().signed_in);

  std::atomic<int> closed = 0;
  asio::co_spawn(home.io, account.close(), [&closed](std::exception_ptr) {
    ++closed;
    closed.notify_all();
  });
  wait_until(closed, 1);
  for (auto& worker : workers) worker->work.reset();
}

}  // namespace
}  // namespace dragoman::accounts
