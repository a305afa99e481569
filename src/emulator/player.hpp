#pragma once
// Gives an Answer to a client, with pauses and faults, and notices when the client leaves.
//
//   co_await asio::this_coro::throw_if_cancelled(false);    // once, at the top of the handler
//   co_await play(exchange, signals, *record, answer, script.before, script.faults);
//
// The head goes out with the first bytes, or by itself before the first pause. Every pause ends
// when the client goes or the server drains. On return the record says how it went: status, bytes
// of the body, and whether the client closed first.

#include <span>

#include "base/awaitable.hpp"
#include "emulator/answer.hpp"
#include "emulator/recorder.hpp"
#include "emulator/signals.hpp"
#include "net/server.hpp"

namespace dragoman::emulator {

// No pause lasts longer, whatever happens: a forgotten signal does not hold a connection for ever.
inline constexpr milliseconds max_pause{10 * 60 * 1000};

// All arguments must live until it completes.
Awaitable<void> play(net::Exchange& exchange, Signals& signals, Recorded& record,
                     const Answer& answer, const std::vector<Pause>& before, const Faults& faults);

// The same without pauses and faults.
Awaitable<void> play(net::Exchange& exchange, Recorded& record, const Answer& answer);

}  // namespace dragoman::emulator
