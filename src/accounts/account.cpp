#include "accounts/account.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

namespace dragoman::accounts {

using namespace std::chrono_literals;
using backends::Credential;
using backends::CredentialPtr;
using backends::Token;
using std::chrono::milliseconds;

// A request that waits for a renewal. The timer is touched on the requester's thread only: the home
// thread hands its answer over by post(), so that no cancellation crosses threads.
struct Account::Waiter {
  Waiter(Executor own, std::uint64_t generation)
      : executor(own), timer(own), refused_generation(generation) {}

  const Executor executor;
  Timer timer;
  const std::uint64_t refused_generation;  // 0: any token will do
  std::optional<Answer> answer;
};

std::string_view to_string(AccountState state) {
  switch (state) {
    case AccountState::signed_out: return "signed_out";
    case AccountState::ready: return "ready";
    case AccountState::failing: return "failing";
  }
  return "signed_out";
}

Account::Account(Executor home, backends::Login& login, AccountOptions options)
    : home_(home),
      login_(login),
      options_(std::move(options)),
      watch_timer_(home),
      watch_tasks_(home),
      renewal_tasks_(home) {}

Account::~Account() = default;

// ---- any thread

CredentialPtr Account::usable(std::uint64_t refused_generation) const {
  const WallTime now = options_.wall_now();
  const std::lock_guard lock(mutex_);
  if (!shared_.credential || now >= shared_.usable_until) return nullptr;
  if (shared_.credential->generation <= refused_generation) return nullptr;
  return shared_.credential;
}

Awaitable<Account::Answer> Account::get() {
  constexpr std::uint64_t none_refused = 0;
  if (CredentialPtr credential = usable(none_refused)) co_return credential;
  co_return co_await wait_for_renewal(none_refused);
}

Awaitable<Account::Answer> Account::renew(CredentialPtr refused) {
  const std::uint64_t generation = refused ? refused->generation : 0;
  if (CredentialPtr credential = usable(generation)) co_return credential;
  co_return co_await wait_for_renewal(generation);
}

Awaitable<Account::Answer> Account::wait_for_renewal(std::uint64_t refused_generation) {
  auto executor = co_await asio::this_coro::executor;
  auto waiter = std::make_shared<Waiter>(executor, refused_generation);
  waiter->timer.expires_after(options_.wait_limit);
  // The last reference is always dropped on this thread: home moves its own back by post().
  asio::post(home_, [this, theirs = waiter]() mutable { join(std::move(theirs)); });
  auto [ec] = co_await waiter->timer.async_wait(as_value);
  if (waiter->answer) co_return std::move(*waiter->answer);
  if (ec) co_return Error(ErrorKind::cancelled, "the request was given up");
  co_return Error(ErrorKind::timed_out, "the sign-in could not be renewed in time");
}

AccountStatus Account::status() const {
  const WallTime now = options_.wall_now();
  const std::lock_guard lock(mutex_);
  AccountStatus status = shared_.status;
  status.signed_in = shared_.credential && now < shared_.usable_until;
  return status;
}

// ---- home thread

void Account::answer(WaiterPtr waiter, Answer value) {
  const Executor executor = waiter->executor;
  asio::post(executor, [theirs = std::move(waiter), value = std::move(value)]() mutable {
    theirs->answer = std::move(value);
    theirs->timer.cancel();
  });
}

void Account::answer_all(const Error& error) {
  for (WaiterPtr& waiter : std::exchange(waiters_, {})) {
    CredentialPtr credential = usable(waiter->refused_generation);
    answer(std::move(waiter), credential ? Answer(std::move(credential)) : Answer(error));
  }
}

void Account::join(WaiterPtr waiter) {
  if (closed_) {
    answer(std::move(waiter), Error(ErrorKind::cancelled, "the gateway is stopping"));
    return;
  }
  if (!token_ || ended_) check_stored();
  if (CredentialPtr credential = usable(waiter->refused_generation)) {
    answer(std::move(waiter), std::move(credential));
    return;
  }
  if (renewing_) {
    waiters_.push_back(std::move(waiter));
    return;
  }
  if (ended_) {
    answer(std::move(waiter), *ended_);
    return;
  }
  if (!token_ || !token_->renewable) {
    answer(std::move(waiter),
           Error(ErrorKind::signed_out, "the sign-in has ended: run `dragoman login`"));
    return;
  }
  const SteadyTime now = options_.steady_now();
  const bool forced = waiter->refused_generation != 0 && options_.wall_now() < usable_until_;
  // A service that refuses what was renewed a moment ago would refuse the next one too.
  if (forced && renewed_at_ && now < *renewed_at_ + options_.renewal_gap) {
    answer(std::move(waiter), Error(ErrorKind::upstream_unauthorized,
                                    "the upstream refused a token that was just renewed"));
    return;
  }
  if (next_attempt_ && now < *next_attempt_) {
    Error error = last_error_;
    error.retry_after = std::chrono::ceil<milliseconds>(*next_attempt_ - now);
    answer(std::move(waiter), std::move(error));
    return;
  }
  waiters_.push_back(std::move(waiter));
  begin_renewal();
}

void Account::start() {
  poll();
  watch_tasks_.spawn(watch());
}

void Account::poll() {
  if (closed_) return;
  check_stored();
  if (renewing_ || ended_ || !token_ || !token_->renewable) return;
  if (options_.wall_now() < due_) return;
  if (next_attempt_ && options_.steady_now() < *next_attempt_) return;
  begin_renewal();
}

Awaitable<void> Account::watch() {
  while (!closed_) {
    watch_timer_.expires_after(until_next_poll());
    auto [ec] = co_await watch_timer_.async_wait(as_value);
    if (ec) break;
    poll();
  }
}

// The wall clock may be set while we sleep, so no sleep is longer than a look at the files.
milliseconds Account::until_next_poll() const {
  constexpr milliseconds shortest = 20ms;
  milliseconds wait = options_.check_interval;
  if (token_ && token_->renewable && !ended_ && !renewing_) {
    const auto now = options_.wall_now();
    milliseconds due = due_ <= now ? 0ms : std::chrono::ceil<milliseconds>(due_ - now);
    if (next_attempt_) {
      due = std::max(due, std::chrono::ceil<milliseconds>(*next_attempt_ - options_.steady_now()));
    }
    wait = std::min(wait, due);
  }
  return std::max(wait, shortest);
}

Awaitable<void> Account::close() {
  closed_ = true;
  co_await watch_tasks_.close();
  co_await renewal_tasks_.wait();
  co_await renewal_tasks_.close();
  answer_all(Error(ErrorKind::cancelled, "the gateway is stopping"));
}

void Account::check_stored() {
  // While a renewal runs the files are its business.
  if (renewing_) return;
  const SteadyTime now = options_.steady_now();
  if (checked_at_ && now < *checked_at_ + options_.check_interval) return;
  checked_at_ = now;
  const std::uint64_t revision = login_.revision();
  if (seen_revision_ && *seen_revision_ == revision) return;
  seen_revision_ = revision;
  auto token = login_.load();
  if (token) {
    // Mostly what we have stored ourselves. After a refusal any change is worth a new attempt.
    const bool is_known = token_ && token->access.equals(token_->access.reveal());
    if (!is_known || ended_) adopt(std::move(*token));
    return;
  }
  last_error_ = token.error();
  // A file that is gone means signed out. One that cannot be read may be in the middle of being
  // written by somebody who does not replace it as a whole: what we have stays good meanwhile.
  if (revision == 0 || !token_) forget();
  publish();
}

void Account::adopt(Token token) {
  const WallTime now = options_.wall_now();
  ++generation_;
  ended_.reset();
  last_error_ = Error();
  next_attempt_.reset();
  failures_in_a_row_ = 0;
  if (token.expires_at == WallTime::max()) {
    due_ = usable_until_ = WallTime::max();
  } else {
    // Of a stored token only the rest of its life is known.
    const auto life = std::max(token.expires_at - now, WallTime::duration(0));
    due_ = token.expires_at - std::min<WallTime::duration>(options_.renew_before, life / 5);
    constexpr WallTime::duration margin = 10s;  // for the request to reach the service
    usable_until_ = token.expires_at - std::min(margin, life / 20);
  }
  token_ = std::move(token);
  Credential credential;
  credential.kind = Credential::Kind::bearer;
  credential.token = token_->access;
  credential.profile_arn = token_->profile_arn;
  credential.generation = generation_;
  {
    const std::lock_guard lock(mutex_);
    shared_.credential = std::make_shared<const Credential>(std::move(credential));
    shared_.usable_until = usable_until_;
  }
  publish();
}

void Account::forget() {
  token_.reset();
  ended_ = last_error_;
  ended_->code.clear();  // the service's word for it; ours is signed_out
  const std::lock_guard lock(mutex_);
  shared_.credential.reset();
}

void Account::begin_renewal() {
  renewing_ = true;
  renewal_began_ = options_.steady_now();
  renewal_tasks_.spawn(run_renewal());
}

Awaitable<void> Account::run_renewal() {
  Token old = *token_;
  auto renewed = co_await login_.renew(std::move(old));
  end_renewal(std::move(renewed));
}

milliseconds Account::pause() const {
  const bool calm = token_ && options_.wall_now() < usable_until_;
  const milliseconds longest = calm ? options_.longest_calm_pause : options_.longest_pause;
  milliseconds pause = options_.first_pause;
  for (unsigned i = 1; i < failures_in_a_row_ && pause < longest; ++i) pause *= 2;
  return std::min(pause, longest);
}

void Account::end_renewal(Result<Token> result) {
  renewing_ = false;
  if (result) {
    {
      const std::lock_guard lock(mutex_);
      ++shared_.status.renewals;
    }
    renewed_at_ = options_.steady_now();
    adopt(std::move(*result));
    if (options_.on_renewal) options_.on_renewal(RenewalOutcome::renewed, nullptr);
    // Whoever waited gets this token, even one whose life is over before it began.
    CredentialPtr credential;
    {
      const std::lock_guard lock(mutex_);
      credential = shared_.credential;
    }
    for (WaiterPtr& waiter : std::exchange(waiters_, {})) answer(std::move(waiter), credential);
    return;
  }
  const Error error = result.error();
  last_error_ = error;
  {
    const std::lock_guard lock(mutex_);
    ++shared_.status.failures;
  }
  const bool is_final = error.kind == ErrorKind::signed_out;
  if (is_final) {
    look_after_refusal();
  } else {
    ++failures_in_a_row_;
    // Counted from the beginning of the attempt: one that hung has been pause enough.
    next_attempt_ = renewal_began_ + pause();
  }
  publish();
  if (options_.on_renewal) {
    options_.on_renewal(is_final ? RenewalOutcome::ended : RenewalOutcome::failed, &error);
  }
  answer_all(error);
}

// The login has ended, unless another one was stored while the service was refusing this one.
void Account::look_after_refusal() {
  seen_revision_ = login_.revision();
  auto stored = login_.load();
  const bool is_other = stored && token_ && !stored->access.equals(token_->access.reveal());
  if (is_other) {
    adopt(std::move(*stored));
  } else {
    ended_ = last_error_;
    ended_->code.clear();  // the service's word for it; ours is signed_out
  }
}

void Account::publish() {
  AccountState state = AccountState::ready;
  if (ended_ || !token_) {
    state = AccountState::signed_out;
  } else if (!last_error_.message.empty()) {
    state = AccountState::failing;
  }
  const std::lock_guard lock(mutex_);
  shared_.status.state = state;
  shared_.status.expires_at.reset();
  if (token_ && token_->expires_at != WallTime::max()) {
    shared_.status.expires_at = token_->expires_at;
  }
  shared_.status.last_error = last_error_.message;
}

}  // namespace dragoman::accounts
