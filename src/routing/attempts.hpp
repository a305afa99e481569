#pragma once
// Opens a stream, trying again where that can help and nothing has been shown to the client yet.
//
//   int attempts = 0;
//   auto stream = co_await open_stream(upstream, request, transforms, policy, attempts);
//   if (!stream) ...;
//
// - A refused token is renewed once, and the request sent again (upstream_unauthorized).
// - No connection, a 5xx, no capacity: up to max_attempts in all, with growing, jittered pauses.
//   A Retry-After that is longer than max_pause ends the attempts: the client is told instead.
// - Everything else fails at once. A rate limit is the client's to obey, not ours to hammer.
// After open_stream() has returned a stream nothing is ever tried again: a chat that is repeated
// is billed twice.

#include <chrono>
#include <memory>
#include <optional>

#include "backends/backend.hpp"
#include "chat/event_stream.hpp"
#include "routing/router.hpp"

namespace dragoman::routing {

struct RetryPolicy {
  int max_attempts = 3;
  std::chrono::milliseconds first_pause{250};  // doubles each time; the jitter is 50..100 % of it
  std::chrono::milliseconds max_pause{4'000};
};

// How long to wait before attempt `next` (2, 3, ...); nullopt: do not try again. `jitter` is in
// [0, 1). Pure, for tests.
std::optional<std::chrono::milliseconds> pause_before(int next, const Error& error,
                                                      const RetryPolicy& policy, double jitter);

// Errors: those of the last attempt. `attempts` counts what was sent, also when it failed.
Awaitable<Result<std::unique_ptr<chat::EventStream>>> open_stream(const Upstream& upstream,
                                                                  const chat::Request& request,
                                                                  chat::Transforms& transforms,
                                                                  const RetryPolicy& policy,
                                                                  int& attempts);

}  // namespace dragoman::routing
