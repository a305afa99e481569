#pragma once
// POST /v1/chat/completions: the one loop that holds frontend, routing, backend and net together.
//
//   decode -> pick an upstream -> open (retrying where it helps) -> first batch -> answer
//
// The status line waits for the first batch of the upstream: what fails before it is an HTTP error.
// From then on every batch is encoded and sent in one write; a later failure becomes the API's own
// error chunk. Nothing is read from the upstream while the client has not taken the last write.

#include "serve/call.hpp"

namespace dragoman::serve {

Awaitable<void> answer_chat(Call& call);

}  // namespace dragoman::serve
