#include "backends/codewhisperer/answer.hpp"

#include <string_view>
#include <utility>

#include "backends/codewhisperer/errors.hpp"

namespace dragoman::codewhisperer {
namespace {

constexpr std::string_view event_stream_type = "application/vnd.amazon.eventstream";

bool is_event_stream(const net::Headers& headers) {
  std::string_view type = headers.get("content-type");
  type = type.substr(0, type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return net::equals_ignoring_case(type, event_stream_type);
}

Awaitable<Error> read_failure(net::HttpAnswer& answer) {
  // A body that is too long or cut says nothing; status and headers still do.
  const auto body = co_await answer.read_all(max_failure_body);
  const net::Headers& headers = answer.headers();
  HttpFailure failure;
  failure.status = answer.status();
  failure.error_type = headers.get("x-amzn-errortype");
  failure.request_id = headers.get("x-amzn-requestid");
  failure.retry_after = headers.get("retry-after");
  if (body) failure.body = *body;
  if (!body && body.error().kind == ErrorKind::cancelled) co_return body.error();
  co_return decode_http_failure(failure);
}

bool is_framed(const net::Headers& headers) {
  return headers.has("content-length") || headers.has("transfer-encoding");
}

class AnswerStream final : public chat::EventStream {
 public:
  AnswerStream(std::unique_ptr<net::HttpAnswer> answer, PayloadParser& parser)
      : answer_(std::move(answer)),
        decoder_(parser, std::string(answer_->headers().get("x-amzn-requestid")),
                 std::string(answer_->headers().get("x-amzn-codewhisperer-conversation-id"))) {}

  // Reads to the first events and keeps them for next(). The error that came in place of an
  // answer, if one did.
  Awaitable<std::optional<Error>> begin() {
    const auto batch = co_await read();
    if (!batch) co_return batch.error();
    first_ = *batch;
    for (const chat::Event& event : first_) {
      if (const auto* failed = std::get_if<chat::Failed>(&event)) co_return failed->error;
      if (std::holds_alternative<chat::TextDelta>(event) ||
          std::holds_alternative<chat::ReasoningDelta>(event)) {
        break;  // what comes now is part of an answer
      }
    }
    co_return std::nullopt;
  }

  Awaitable<Result<std::span<const chat::Event>>> next() override {
    if (!first_.empty()) co_return std::exchange(first_, {});
    co_return co_await read();
  }

 private:
  Awaitable<Result<std::span<const chat::Event>>> read() {
    while (!decoder_.done()) {
      const auto bytes = co_await answer_->read();
      if (!bytes) co_return bytes.error();
      const auto events =
          bytes->empty() ? decoder_.finish(is_framed(answer_->headers())) : decoder_.feed(*bytes);
      if (!events.empty()) co_return events;
    }
    co_return std::span<const chat::Event>();
  }

  std::unique_ptr<net::HttpAnswer> answer_;
  Decoder decoder_;
  std::span<const chat::Event> first_;
};

}  // namespace

Awaitable<Result<std::unique_ptr<chat::EventStream>>> open_answer(
    std::unique_ptr<net::HttpAnswer> answer, PayloadParser& parser) {
  if (answer->status() != 200 || !is_event_stream(answer->headers())) {
    co_return co_await read_failure(*answer);
  }
  auto stream = std::make_unique<AnswerStream>(std::move(answer), parser);
  if (const auto problem = co_await stream->begin()) co_return *problem;
  co_return std::unique_ptr<chat::EventStream>(std::move(stream));
}

}  // namespace dragoman::codewhisperer
