#pragma once
// A service that can answer a chat.
//
// One object a worker (it uses the worker's client); it holds no state of a request.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/credential.hpp"
#include "base/awaitable.hpp"
#include "chat/event_stream.hpp"
#include "chat/request.hpp"
#include "chat/transforms.hpp"

namespace dragoman::backends {

struct ModelInfo {
  std::string id;
  std::string owned_by;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;  // "codewhisperer", "coze": for headers, logs, metrics

  // Sends the request once and returns when the first event is known (an exception in the first
  // frame is an error here, not an event): so the caller may still choose the status, or try again.
  // What had to be dropped, changed or emulated is added to transforms.
  virtual Awaitable<Result<std::unique_ptr<chat::EventStream>>> open(
      const chat::Request& request, const Credential& credential, chat::Transforms& transforms) = 0;

  // Models to list, from configuration and what is built in.
  virtual std::vector<ModelInfo> models() const = 0;
};

}  // namespace dragoman::backends
