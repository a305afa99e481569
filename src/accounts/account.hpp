#pragma once
// One upstream login, shared by all workers: hands out its token and keeps it fresh.
//
//   Account account(home.executor(), login, options);   // `login` is used on home's thread only
//   account.start();                                     // on home's thread
//   auto credential = co_await account.get();            // on any worker's thread
//   ...
//   co_await account.close();                            // on home's thread, before it is
//   destroyed
//
// The token is renewed ahead of its end: five minutes before, or after four fifths of a shorter
// life. However many requests wait, on whatever threads, one renewal runs; it is never cancelled by
// a request that goes away, and close() waits for it, since a refresh token may be spent once. A
// renewal that fails for a passing reason is tried again with growing pauses, and meanwhile the old
// token is used as long as it lives. When the service says that the login has ended, nothing is
// tried until the stored login changes. The stored login is looked at once a second: a `dragoman
// login` beside a running server takes effect by itself.
//
// Threads: get(), renew() and status() may be called on any thread; everything else belongs to the
// home thread. Workers must outlive the account, and so must `login`.

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backends/credential.hpp"
#include "backends/login.hpp"
#include "base/task_group.hpp"

namespace dragoman::accounts {

enum class AccountState {
  signed_out,  // no login, or it has ended: the operator must run `dragoman login`
  ready,       // a token is there, or will be when one is asked for
  failing,     // renewals fail for a passing reason and are being tried again
};

std::string_view to_string(AccountState state);

// For /health, metrics and the log. Holds no secret.
struct AccountStatus {
  AccountState state = AccountState::signed_out;
  bool signed_in = false;  // a token that is good now is there
  std::optional<std::chrono::system_clock::time_point> expires_at;  // of that token, when known
  std::string last_error;  // message of the last failure; empty after a success
  std::uint64_t renewals = 0;
  std::uint64_t failures = 0;
};

// How a renewal ended, for log and metrics.
enum class RenewalOutcome { renewed, failed, ended };

struct AccountOptions {
  std::chrono::milliseconds renew_before{300'000};  // at most; a fifth of the life when shorter
  std::chrono::milliseconds check_interval{1'000};  // between looks at the stored login
  std::chrono::milliseconds wait_limit{9'500};      // of a request for a renewal
  std::chrono::milliseconds first_pause{500};       // after a failed renewal; doubles
  std::chrono::milliseconds longest_pause{4'000};   // when no token is left
  std::chrono::milliseconds longest_calm_pause{30'000};  // while the old token lives
  std::chrono::milliseconds renewal_gap{1'000};  // least, between a renewal and a forced one
  std::function<std::chrono::system_clock::time_point()> wall_now = std::chrono::system_clock::now;
  std::function<std::chrono::steady_clock::time_point()> steady_now =
      std::chrono::steady_clock::now;
  // Called on the home thread; the error is null after a success.
  std::function<void(RenewalOutcome, const Error*)> on_renewal;
};

class Account : public backends::CredentialSource {
 public:
  Account(Executor home, backends::Login& login, AccountOptions options = {});
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;
  ~Account() override;

  // Loads the stored login and begins to keep it fresh.
  void start();
  // Looks at the stored login and the clocks, and begins a renewal that is due. start() calls it
  // again and again.
  void poll();
  // Ends the watch, waits for a running renewal, and answers who still waits with `cancelled`.
  Awaitable<void> close();

  Awaitable<Result<backends::CredentialPtr>> get() override;
  Awaitable<Result<backends::CredentialPtr>> renew(backends::CredentialPtr refused) override;
  AccountStatus status() const;

 private:
  using WallTime = std::chrono::system_clock::time_point;
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>, Executor>;
  using Answer = Result<backends::CredentialPtr>;
  struct Waiter;
  using WaiterPtr = std::shared_ptr<Waiter>;

  // What other threads see.
  struct Shared {
    backends::CredentialPtr credential;
    WallTime usable_until{};
    AccountStatus status;
  };

  backends::CredentialPtr usable(std::uint64_t refused_generation) const;
  Awaitable<Answer> wait_for_renewal(std::uint64_t refused_generation);
  void join(WaiterPtr waiter);
  static void answer(WaiterPtr waiter, Answer value);

  void check_stored();
  void look_after_refusal();
  void adopt(backends::Token token);
  void forget();
  void begin_renewal();
  Awaitable<void> run_renewal();
  void end_renewal(Result<backends::Token> result);
  void answer_all(const Error& error);
  Awaitable<void> watch();
  std::chrono::milliseconds until_next_poll() const;
  void publish();
  std::chrono::milliseconds pause() const;

  const Executor home_;
  backends::Login& login_;
  const AccountOptions options_;

  // Home thread only.
  std::optional<backends::Token> token_;
  std::uint64_t generation_ = 0;
  WallTime due_{};
  WallTime usable_until_{};
  std::optional<std::uint64_t> seen_revision_;
  std::optional<SteadyTime> checked_at_;
  bool renewing_ = false;
  SteadyTime renewal_began_{};
  std::optional<SteadyTime> renewed_at_;
  std::optional<SteadyTime> next_attempt_;  // unset: at once
  unsigned failures_in_a_row_ = 0;
  std::optional<Error> ended_;  // final, until the stored login changes
  Error last_error_;
  std::vector<WaiterPtr> waiters_;
  bool closed_ = false;
  Timer watch_timer_;
  TaskGroup watch_tasks_;
  TaskGroup renewal_tasks_;  // apart, because they are waited for and never cancelled

  // A lock held for the copy of a pointer: std::atomic<std::shared_ptr> does the same inside.
  mutable std::mutex mutex_;
  Shared shared_;
};

}  // namespace dragoman::accounts
