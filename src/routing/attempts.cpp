#include "routing/attempts.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <random>

#include "telemetry/log.hpp"

namespace dragoman::routing {
namespace {

using std::chrono::milliseconds;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

bool may_pass(const Error& error) {
  switch (error.kind) {
    case ErrorKind::overloaded:
    case ErrorKind::upstream_unreachable: return true;
    // A refusal that the upstream put into words; a broken or cut answer might have been billed.
    case ErrorKind::upstream_failed: return error.upstream_status >= 500;
    case ErrorKind::bad_request:
    case ErrorKind::too_large:
    case ErrorKind::context_overflow:
    case ErrorKind::content_policy:
    case ErrorKind::unsupported_media:
    case ErrorKind::request_timed_out:
    case ErrorKind::unauthorized:
    case ErrorKind::forbidden:
    case ErrorKind::not_found:
    case ErrorKind::model_not_found:
    case ErrorKind::conflict:
    case ErrorKind::rate_limited:
    case ErrorKind::quota_exhausted:
    case ErrorKind::signed_out:
    case ErrorKind::upstream_unauthorized:
    case ErrorKind::timed_out:
    case ErrorKind::not_implemented:
    case ErrorKind::cancelled:
    case ErrorKind::internal: return false;
  }
  return false;
}

// Refused on our side: the upstream has not heard of it.
bool was_sent(const Error& error) {
  return error.upstream_status != 0 ||
         (error.kind != ErrorKind::bad_request && error.kind != ErrorKind::not_implemented &&
          error.kind != ErrorKind::too_large && error.kind != ErrorKind::signed_out);
}

// A sign-in service that asks for fewer calls speaks of ours: it is no limit of the client's.
Error without_credential(Error error) {
  if (error.kind == ErrorKind::rate_limited) error.kind = ErrorKind::overloaded;
  return error;
}

double random_unit() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace

std::optional<milliseconds> pause_before(int next, const Error& error, const RetryPolicy& policy,
                                         double jitter) {
  if (next > policy.max_attempts || !may_pass(error)) return std::nullopt;
  const auto grown = policy.first_pause * (1 << std::min(next - 2, 10));
  const auto capped = std::min<milliseconds>(grown, policy.max_pause);
  const auto pause = milliseconds(static_cast<std::int64_t>(capped.count() * (0.5 + jitter / 2)));
  if (!error.retry_after) return pause;
  if (*error.retry_after > policy.max_pause) return std::nullopt;
  return std::max<milliseconds>(pause, *error.retry_after);
}

Awaitable<Result<std::unique_ptr<chat::EventStream>>> open_stream(const Upstream& upstream,
                                                                  const chat::Request& request,
                                                                  chat::Transforms& transforms,
                                                                  const RetryPolicy& policy,
                                                                  int& attempts) {
  attempts = 0;
  bool renewed = false;
  auto credential = co_await upstream.credentials.get();
  for (;;) {
    if (!credential) co_return without_credential(credential.error());
    ++attempts;
    auto opened = co_await upstream.backend.open(request, **credential, transforms);
    if (opened) co_return opened;

    const Error& error = opened.error();
    if (!was_sent(error)) --attempts;
    if (error.kind == ErrorKind::upstream_unauthorized && !renewed) {
      renewed = true;
      auto newer = co_await upstream.credentials.renew(*credential);
      // Without a newer token the refusal stands, unless we know better why: signed out, offline.
      if (!newer && newer.error().kind == ErrorKind::upstream_unauthorized) co_return opened;
      credential = std::move(newer);
      continue;
    }
    const auto pause = pause_before(attempts + 1, error, policy, random_unit());
    if (!pause) co_return opened;
    log::warn("trying the upstream again", {{"upstream", upstream.backend.name()},
                                            {"attempt", attempts + 1},
                                            {"reason", to_string(error.kind)},
                                            {"detail", error.detail},
                                            {"pause_ms", pause->count()}});
    Timer timer(co_await asio::this_coro::executor);
    timer.expires_after(*pause);
    co_await timer.async_wait(as_value);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      co_return Error(ErrorKind::cancelled, "cancelled");
    }
  }
}

}  // namespace dragoman::routing
