#include "backends/codewhisperer/signin.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace dragoman::codewhisperer {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds slow_down_step = 5s;  // RFC 8628, 3.5
constexpr milliseconds lock_deadline = 10s;
constexpr milliseconds lock_retry = 50ms;
constexpr std::chrono::seconds registration_margin = 1h;  // it must outlive the sign-in

Awaitable<void> wait_for_real(milliseconds time) {
  auto executor = co_await asio::this_coro::executor;
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, Executor>
      timer(executor);
  timer.expires_after(time);
  co_await timer.async_wait(as_value);
}

Awaitable<bool> is_cancelled() {
  auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

// The steps of one sign-in. Lives in the frame of sign_in().
class DeviceFlow {
 public:
  DeviceFlow(OidcSend& send, StateDir& dir, SignInOptions& options)
      : send_(send), dir_(dir), options_(options) {}

  Awaitable<Result<DeviceAnswer>> start() {
    auto stored = load_registration(dir_);
    const bool reused = stored && is_usable(*stored);
    if (reused) {
      registration_ = std::move(*stored);
    } else {
      auto registered = co_await register_client();
      if (!registered) co_return registered.error();
    }
    auto answer = co_await authorize();
    // A stored registration may have been dropped by the service before its time.
    if (!answer && reused && is_client_refused(answer.error())) {
      auto registered = co_await register_client();
      if (!registered) co_return registered.error();
      answer = co_await authorize();
    }
    co_return answer;
  }

  Awaitable<Result<TokenAnswer>> poll(DeviceAnswer device) {
    milliseconds interval = device.interval;
    const WallTime end = options_.clock.now() + device.expires_in;
    for (;;) {
      co_await options_.clock.wait(interval);
      const bool cancelled = co_await is_cancelled();
      if (cancelled) co_return Error(ErrorKind::cancelled, "the sign-in was given up");
      if (options_.clock.now() >= end) {
        co_return Error(ErrorKind::signed_out, "the code was not approved in time")
            .with_code("expired_token");
      }
      std::string body = encode_device_token(client(), device.device_code);
      auto reply = co_await call(token_path, std::move(body));
      Result<TokenAnswer> answer =
          reply ? decode_token(reply->status, reply->body) : Result<TokenAnswer>(reply.error());
      if (answer) co_return answer;
      const Error& error = answer.error();
      if (is_slow_down(error)) {
        interval += slow_down_step;
      } else if (!is_pending(error) && !is_passing(error)) {
        co_return answer;
      }
    }
  }

  Awaitable<Result<Tokens>> store(TokenAnswer answer) {
    auto locked = co_await lock(dir_, options_.clock);
    if (!locked) co_return locked.error();
    Tokens tokens;
    // Members of an older file that we do not know are somebody's: they stay.
    if (auto old = load_tokens(dir_)) tokens.other = old->other;
    tokens.access_token = std::move(answer.access_token);
    tokens.expires_at = options_.clock.now() + answer.expires_in;
    tokens.refresh_token = std::move(answer.refresh_token);
    tokens.region = options_.region;
    tokens.start_url = options_.start_url;
    tokens.scopes = registration_.scopes;
    // The registration first: tokens without theirs cannot be renewed.
    if (is_new_) {
      auto saved = dir_.save(registration_file, encode_registration(registration_));
      if (!saved) co_return saved.error();
    }
    auto saved = dir_.save(tokens_file, encode_tokens(tokens));
    if (!saved) co_return saved.error();
    co_return tokens;
  }

 private:
  OidcClient client() const { return {registration_.client_id, registration_.client_secret}; }

  bool is_usable(const Registration& stored) const {
    if (!stored.region.empty() && stored.region != options_.region) return false;
    const auto& end = stored.client_secret_expires_at;
    return !end || *end > options_.clock.now() + registration_margin;
  }

  Awaitable<Result<OidcReply>> call(std::string_view path, std::string body) {
    OidcCall request{.path = path, .body = std::move(body), .region = options_.region};
    co_return co_await send_(std::move(request));
  }

  Awaitable<Result<void>> register_client() {
    std::string body = encode_register(client_name, options_.scopes);
    auto reply = co_await call(register_path, std::move(body));
    if (!reply) co_return reply.error();
    auto answer = decode_register(reply->status, reply->body);
    if (!answer) co_return answer.error();
    registration_ = Registration();
    registration_.client_id = answer->client.id;
    registration_.client_secret = answer->client.secret;
    registration_.client_secret_expires_at = answer->expires_at;
    registration_.region = options_.region;
    registration_.scopes = options_.scopes;
    is_new_ = true;
    co_return Result<void>();
  }

  Awaitable<Result<DeviceAnswer>> authorize() {
    std::string body = encode_device(client(), options_.start_url);
    auto reply = co_await call(device_path, std::move(body));
    if (!reply) co_return reply.error();
    co_return decode_device(reply->status, reply->body);
  }

  OidcSend& send_;
  StateDir& dir_;
  SignInOptions& options_;
  Registration registration_;
  bool is_new_ = false;
};

// What a missing, unreadable or damaged file means to whoever needs it: a sign-in is due.
template <class T>
Result<T> load_file(const StateDir& dir, std::string_view name,
                    Result<T> (*decode)(std::string_view)) {
  auto text = dir.load(name);
  if (!text) {
    Error error = text.error();
    error.kind = ErrorKind::signed_out;
    return error;
  }
  if (!*text) {
    return Error(ErrorKind::signed_out, "there is no sign-in: run `dragoman login`");
  }
  return decode(**text);
}

}  // namespace

std::vector<std::string> default_scopes() {
  return {"codewhisperer:completions", "codewhisperer:analysis", "codewhisperer:conversations"};
}

SignInClock system_clock() {
  SignInClock clock;
  clock.wait = wait_for_real;
  return clock;
}

Awaitable<Result<Tokens>> sign_in(OidcSend send, StateDir& dir, SignInOptions options,
                                  std::function<void(const DevicePrompt&)> show) {
  DeviceFlow flow(send, dir, options);
  auto device = co_await flow.start();
  if (!device) co_return device.error();
  show({.user_code = device->user_code,
        .verification_uri = device->verification_uri,
        .verification_uri_complete = device->verification_uri_complete,
        .expires_in = device->expires_in});
  auto answer = co_await flow.poll(std::move(*device));
  if (!answer) co_return answer.error();
  co_return co_await flow.store(std::move(*answer));
}

Awaitable<Result<DirLock>> lock(StateDir& dir, SignInClock clock) {
  for (milliseconds waited{0};; waited += lock_retry) {
    auto locked = dir.try_lock();
    if (locked || locked.error().kind != ErrorKind::conflict) co_return locked;
    if (waited >= lock_deadline) co_return locked;
    co_await clock.wait(lock_retry);
    const bool cancelled = co_await is_cancelled();
    if (cancelled) co_return Error(ErrorKind::cancelled, "the renewal was given up");
  }
}

Result<Tokens> load_tokens(const StateDir& dir) {
  return load_file<Tokens>(dir, tokens_file, decode_tokens);
}

Result<Registration> load_registration(const StateDir& dir) {
  return load_file<Registration>(dir, registration_file, decode_registration);
}

}  // namespace dragoman::codewhisperer
