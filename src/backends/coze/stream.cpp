#include "backends/coze/stream.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>

#include "net/worker.hpp"

namespace dragoman::coze {
namespace {

using chat::Event;

constexpr std::chrono::milliseconds end_wait{250};
constexpr int max_end_reads = 16;

Awaitable<void> pause(std::chrono::steady_clock::duration wait) {
  const auto executor = co_await asio::this_coro::executor;
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, Executor>
      timer(executor, wait);
  co_await timer.async_wait(as_value);
}

Awaitable<void> read_rest(net::HttpAnswer& answer) {
  for (int reads = 0; reads < max_end_reads; ++reads) {
    const auto bytes = co_await answer.read();
    if (!bytes || bytes->empty()) co_return;
  }
}

bool has_type(std::string_view content_type, std::string_view type) {
  if (content_type.size() < type.size()) return false;
  return std::equal(type.begin(), type.end(), content_type.begin(), [](char a, char b) {
    return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
  });
}

// Other content types may still hold a stream; the decoder looks at the first byte of those.
bool is_refusal(const AnswerHead& head) {
  return head.status != 200 || has_type(head.content_type, "application/json") ||
         has_type(head.content_type, "text/html");
}

bool is_telling(const Event& event) { return !std::holds_alternative<chat::Started>(event); }

}  // namespace

Stream::Stream(std::unique_ptr<net::HttpAnswer> answer, simdjson::ondemand::parser& parser,
               std::string_view log_id)
    : answer_(std::move(answer)), decoder_(parser, log_id) {}

// Adds what one read brings to events_, or what is left at the end of the body.
Awaitable<Result<void>> Stream::read_events() {
  const auto bytes = co_await answer_->read();
  if (!bytes) co_return bytes.error();
  if (bytes->empty()) {
    decoder_.finish(events_);
  } else {
    decoder_.feed(*bytes, events_);
  }
  co_return Result<void>();
}

Awaitable<Result<void>> Stream::read_outcome() {
  while (std::none_of(events_.begin(), events_.end(), is_telling)) {
    auto read = co_await read_events();
    if (!read) co_return read.error();
  }
  for (Event& event : events_) {
    if (std::holds_alternative<chat::Started>(event)) continue;
    if (auto* failed = std::get_if<chat::Failed>(&event)) co_return std::move(failed->error);
    break;
  }
  co_return Result<void>();
}

Awaitable<Result<std::span<const Event>>> Stream::next() {
  if (!first_batch_taken_) {
    first_batch_taken_ = true;
    co_return std::span<const Event>(events_);
  }
  events_.clear();
  if (decoder_.ended()) {
    if (decoder_.done()) co_await read_end();
    co_return std::span<const Event>();
  }
  while (events_.empty()) {
    auto read = co_await read_events();
    if (!read) co_return read.error();
  }
  co_return std::span<const Event>(events_);
}

Awaitable<void> Stream::read_end() {
  using namespace asio::experimental::awaitable_operators;
  auto rest = read_rest(*answer_);
  auto patience = pause(end_wait);
  co_await (std::move(rest) || std::move(patience));
}

Awaitable<Result<std::unique_ptr<chat::EventStream>>> open_stream(
    std::unique_ptr<net::HttpAnswer> answer, AnswerHead head, simdjson::ondemand::parser& parser) {
  if (is_refusal(head)) {
    const auto body = co_await answer->read_all(max_refusal_bytes);
    // The status says enough when the body cannot be had.
    if (!body && head.status == 200) co_return body.error();
    co_return decode_refusal(head, body ? std::string_view(*body) : std::string_view());
  }
  auto stream = std::make_unique<Stream>(std::move(answer), parser, head.log_id);
  auto outcome = co_await stream->read_outcome();
  if (!outcome) co_return outcome.error();
  co_return std::unique_ptr<chat::EventStream>(std::move(stream));
}

}  // namespace dragoman::coze
