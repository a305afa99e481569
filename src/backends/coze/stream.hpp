#pragma once
// One answer of POST /v3/chat as a pulled stream.
//
// open_stream() judges the head, then reads until the outcome is telling: a first text, an end or a
// failure. "The chat was created" is not telling, and neither is a tool the bot calls: the failure
// may still come, and until then the caller can choose the status or try again. So a failure before
// the first text is an error of open_stream(), not an event. Each read has the client's deadline.
//
// next() reads once (again only when a read completes no event). When the server has said that
// nothing follows, the last call also reads the end of the body, for 250 ms at most, so that the
// connection can be used again. Destroying the stream earlier closes the connection; the turn then
// goes on at Coze, and ids() is what a cancel call needs.

#include <memory>
#include <simdjson.h>
#include <span>
#include <vector>

#include "backends/coze/decode.hpp"
#include "backends/coze/errors.hpp"
#include "base/awaitable.hpp"
#include "chat/event_stream.hpp"
#include "net/client.hpp"

namespace dragoman::coze {

class Stream final : public chat::EventStream {
 public:
  // The parser must outlive the stream.
  Stream(std::unique_ptr<net::HttpAnswer> answer, simdjson::ondemand::parser& parser,
         std::string_view log_id);

  Awaitable<Result<std::span<const chat::Event>>> next() override;
  const TurnIds& ids() const { return decoder_.ids(); }

  // For open_stream(): reads until the outcome is telling.
  Awaitable<Result<void>> read_outcome();

 private:
  Awaitable<Result<void>> read_events();
  Awaitable<void> read_end();

  std::unique_ptr<net::HttpAnswer> answer_;
  Decoder decoder_;
  std::vector<chat::Event> events_;
  bool first_batch_taken_ = false;
};

// Takes over an answer whose head is known. Errors: what Coze said, by the table of errors.hpp;
// what the transport says.
Awaitable<Result<std::unique_ptr<chat::EventStream>>> open_stream(
    std::unique_ptr<net::HttpAnswer> answer, AnswerHead head, simdjson::ondemand::parser& parser);

}  // namespace dragoman::coze
