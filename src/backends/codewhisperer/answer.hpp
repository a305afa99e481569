#pragma once
// An HTTP answer of CodeWhisperer -> a stream of chat events, or the Error it stands for.
//
// Reads until the answer has said something, so that an exception in the first frames is still an
// error: nothing has been passed on, and the call may be made again. Any status but 200, and a 200
// that is no event stream, is an error too.

#include <memory>

#include "backends/codewhisperer/decode.hpp"
#include "base/awaitable.hpp"
#include "chat/event_stream.hpp"
#include "net/client.hpp"

namespace dragoman::codewhisperer {

// The parser must outlive the stream.
Awaitable<Result<std::unique_ptr<chat::EventStream>>> open_answer(
    std::unique_ptr<net::HttpAnswer> answer, PayloadParser& parser);

}  // namespace dragoman::codewhisperer
