#include "base/deadline.hpp"

namespace dragoman {

using std::chrono::steady_clock;

Deadlines::Deadlines(Executor executor) : timer_(executor) {}
Deadlines::~Deadlines() = default;

void Deadlines::arm() {
  if (armed_) return;
  armed_ = true;
  timer_.expires_after(tick);
  timer_.async_wait([this](boost::system::error_code ec) {
    if (ec) return;  // the timer dies with us
    armed_ = false;
    sweep();
  });
}

void Deadlines::sweep() {
  const auto time = steady_clock::now();
  for (cursor_ = first_; cursor_ != nullptr;) {
    Deadline& deadline = *cursor_;
    cursor_ = deadline.next_;
    if (deadline.when_ > time) continue;
    deadline.when_ = Deadline::never;
    deadline.expired_ = true;
    deadline.on_expired_();  // may destroy this deadline or any other
  }
  if (first_ != nullptr) arm();
}

Deadline::Deadline(Deadlines& owner, std::function<void()> on_expired)
    : owner_(owner), on_expired_(std::move(on_expired)), next_(owner.first_) {
  if (next_ != nullptr) next_->previous_ = this;
  owner_.first_ = this;
}

Deadline::~Deadline() {
  if (owner_.cursor_ == this) owner_.cursor_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  (previous_ != nullptr ? previous_->next_ : owner_.first_) = next_;
}

void Deadline::expires_after(steady_clock::duration wait) {
  when_ = steady_clock::now() + wait;
  expired_ = false;
  owner_.arm();
}

void Deadline::clear() {
  when_ = never;
  expired_ = false;
}

}  // namespace dragoman
