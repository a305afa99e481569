#pragma once
// A pulled stream of events, a batch at a time.
//
//   for (;;) {
//     auto batch = co_await stream.next();
//     if (!batch) ...;            // the transport failed; nobody calls again
//     if (batch->empty()) break;  // the end; nobody calls again
//     for (const Event& event : *batch) encoder.write(event, out);
//     co_await client.write(out);  // one read, one write
//   }
//
// A batch is what one read of the upstream brought; it and the texts in it live until the next
// call of next(), or the end of the stream object. A slow reader slows the upstream, because
// nobody asks for more. Destroying the stream closes the upstream's connection unless the answer
// was complete.

#include <span>

#include "base/awaitable.hpp"
#include "chat/event.hpp"

namespace dragoman::chat {

class EventStream {
 public:
  virtual ~EventStream() = default;
  virtual Awaitable<Result<std::span<const Event>>> next() = 0;
};

}  // namespace dragoman::chat
