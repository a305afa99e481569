#pragma once
// An exchange that tells when the body reaches an offset, just before those bytes go out.
//
//   WatchedExchange watched(exchange, turn.ends_at, [&] { world.settle(chat); });
//   co_await play(watched, ...);
//
// So the chat has ended before its client can read that it has, and the client's next call never
// finds the conversation busy.

#include <functional>
#include <optional>

#include "net/server.hpp"

namespace dragoman::emulator::coze {

class WatchedExchange final : public net::Exchange {
 public:
  // The exchange must outlive this one. `reached` is called at most once.
  WatchedExchange(net::Exchange& exchange, std::optional<std::size_t> offset,
                  std::function<void()> reached)
      : exchange_(exchange), offset_(offset), reached_(std::move(reached)) {}

  const net::Request& request() const override { return exchange_.request(); }
  net::Worker& worker() override { return exchange_.worker(); }
  std::string peer_address() const override { return exchange_.peer_address(); }
  Awaitable<Result<std::string_view>> read_body() override { return exchange_.read_body(); }
  Awaitable<bool> respond(int status, const net::HeaderBlock& head,
                          std::string_view body) override {
    return exchange_.respond(status, head, body);
  }
  void start(int status, const net::HeaderBlock& head) override { exchange_.start(status, head); }
  std::string& out() override { return exchange_.out(); }
  Awaitable<bool> flush() override {
    count();
    return exchange_.flush();
  }
  Awaitable<bool> finish() override {
    count();
    return exchange_.finish();
  }
  bool answered() const override { return exchange_.answered(); }
  bool cancelled() const override { return exchange_.cancelled(); }
  Awaitable<bool> write_raw(std::string_view bytes) override { return exchange_.write_raw(bytes); }
  void abort(bool reset) override { exchange_.abort(reset); }

 private:
  void count() {
    sent_ += exchange_.out().size();
    if (!offset_ || sent_ <= *offset_) return;
    offset_.reset();
    reached_();
  }

  net::Exchange& exchange_;
  std::optional<std::size_t> offset_;
  std::function<void()> reached_;
  std::size_t sent_ = 0;
};

}  // namespace dragoman::emulator::coze
