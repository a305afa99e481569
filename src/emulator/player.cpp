#include "emulator/player.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <variant>

#include "emulator/clock.hpp"

namespace dragoman::emulator {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;

// One answer under way.
class Play {
 public:
  Play(net::Exchange& exchange, Signals& signals, Recorded& record)
      : exchange_(exchange), signals_(signals), record_(record) {}

  Awaitable<void> run(const Answer& answer, const std::vector<Pause>& before,
                      const Faults& faults) {
    bool here = true;
    for (const Pause& pause : before) {
      here = co_await sleep(pause);
      if (!here) break;
    }
    if (here && faults.hang_head) {
      co_await hang();
      here = false;
    }
    if (here) {
      if (answer.streamed || faults.any()) {
        co_await stream(answer, faults);
      } else {
        co_await respond(answer);
      }
    }
    note_end();
  }

 private:
  net::HeaderBlock head_of(const Answer& answer) const {
    net::HeaderBlock head;
    for (const HeaderField& field : answer.headers) head.add(field.name, field.value);
    return head;
  }

  Awaitable<void> respond(const Answer& answer) {
    std::string body;
    for (const Piece& piece : answer.body)
      if (const auto* bytes = std::get_if<Bytes>(&piece)) body += bytes->bytes;
    net::HeaderBlock head = head_of(answer);
    const bool sent = co_await exchange_.respond(answer.status, head, body);
    if (sent) note_sent(answer.status, body.size());
    complete_ = sent;
  }

  Awaitable<void> stream(const Answer& answer, const Faults& faults) {
    const std::vector<Move> moves = plan_moves(answer.body, faults);
    net::HeaderBlock head = head_of(answer);
    exchange_.start(answer.status, head);
    status_ = answer.status;
    for (const Move& move : moves) {
      const bool going_on = co_await make(move, faults.write_bytes);
      if (!going_on) co_return;
    }
  }

  // False: nothing more is to be done.
  Awaitable<bool> make(const Move& move, std::size_t write_bytes) {
    if (const auto* bytes = std::get_if<Bytes>(&move)) {
      const bool sent = co_await write(bytes->bytes, write_bytes);
      co_return sent;
    }
    if (const auto* delay = std::get_if<DelayStep>(&move)) {
      const bool head_sent = co_await send_head();
      if (!head_sent) co_return false;
      const Pause pause = *delay;
      const bool here = co_await sleep(pause);
      co_return here;
    }
    if (const auto* wait = std::get_if<WaitStep>(&move)) {
      const bool head_sent = co_await send_head();
      if (!head_sent) co_return false;
      const Pause pause = *wait;
      const bool here = co_await sleep(pause);
      co_return here;
    }
    if (const auto* cut = std::get_if<CutMove>(&move)) {
      // The client must have the head and what precedes the cut, else it sees another fault.
      const bool head_sent = co_await send_head();
      if (head_sent) exchange_.abort(cut->reset);
      complete_ = head_sent;
      co_return false;
    }
    if (std::holds_alternative<HangMove>(move)) {
      const bool head_sent = co_await send_head();
      if (head_sent) co_await hang();
      co_return false;
    }
    const bool ended = co_await exchange_.finish();
    if (ended) note_sent(status_, 0);
    complete_ = ended;
    co_return false;
  }

  Awaitable<bool> send_head() {
    if (head_sent_) co_return true;
    const bool sent = co_await exchange_.flush();
    if (sent) note_sent(status_, 0);
    co_return sent;
  }

  Awaitable<bool> write(const std::string& bytes, std::size_t write_bytes) {
    const std::size_t step = write_bytes == 0 ? bytes.size() : write_bytes;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      const std::string_view part = std::string_view(bytes).substr(at, step);
      exchange_.out() += part;
      const bool sent = co_await exchange_.flush();
      if (!sent) co_return false;
      note_sent(status_, part.size());
      // A write that fits the socket's buffer completes at once: let other connections have their
      // turn, and the client's leaving be noticed.
      co_await asio::post(exchange_.worker().executor(), as_value);
    }
    co_return !exchange_.cancelled();
  }

  // False: the client has gone.
  Awaitable<bool> sleep(const Pause& pause) {
    Executor executor = exchange_.worker().executor();
    if (const auto* delay = std::get_if<DelayStep>(&pause)) {
      Timer timer(executor);
      timer.expires_after(delay->duration);
      auto [ec] = co_await timer.async_wait(as_value);
      static_cast<void>(ec);
    } else {
      std::string name = std::get<WaitStep>(pause).signal;
      co_await signals_.wait(executor, std::move(name), max_pause);
    }
    co_return !exchange_.cancelled();
  }

  Awaitable<void> hang() {
    Timer timer(exchange_.worker().executor());
    timer.expires_after(max_pause);
    auto [ec] = co_await timer.async_wait(as_value);
    static_cast<void>(ec);
    // Still here after so long: end it without an answer.
    if (!exchange_.cancelled()) {
      exchange_.abort(false);
      complete_ = true;
    }
  }

  void note_sent(int status, std::size_t body_bytes) {
    head_sent_ = true;
    record_.status = status;
    record_.sent_bytes += body_bytes;
    last_sent_ = SteadyClock::now();
  }

  void note_end() {
    if (complete_) return;
    record_.closed_by_client = true;
    record_.close_delay = std::chrono::duration_cast<milliseconds>(SteadyClock::now() - last_sent_);
    record_.closed_at_ms = Clock().now_ms();
  }

  net::Exchange& exchange_;
  Signals& signals_;
  Recorded& record_;
  SteadyClock::time_point last_sent_ = SteadyClock::now();
  int status_ = 0;
  bool head_sent_ = false;
  bool complete_ = false;  // we ended it, one way or the other
};

}  // namespace

Awaitable<void> play(net::Exchange& exchange, Signals& signals, Recorded& record,
                     const Answer& answer, const std::vector<Pause>& before, const Faults& faults) {
  Play one(exchange, signals, record);
  co_await one.run(answer, before, faults);
}

Awaitable<void> play(net::Exchange& exchange, Recorded& record, const Answer& answer) {
  Signals nobody;
  const std::vector<Pause> before;
  const Faults faults;
  co_await play(exchange, nobody, record, answer, before, faults);
}

}  // namespace dragoman::emulator
