#pragma once
// CodeWhisperer as a backend: GenerateAssistantResponse over the REST binding.
//
//   auto options = make_options(settings.codewhisperer);      // Result<Options>
//   Backend backend(client, *options);                        // one a worker
//   auto stream = co_await backend.open(request, credential, transforms);
//
// The client must outlive the backend, and the backend the streams it opened: they share its JSON
// parser. A call is sent once; the invocation id is new for each, since each is billed.
//
// open() returns when the answer has said something. What fails before is an error of open(): the
// connection, any status but 200, a 200 that is no event stream, an exception in the first frames,
// an empty answer. Later failures are events (chat::Failed), and errors of next() when the
// connection breaks.

#include <memory>
#include <string>
#include <vector>

#include "backends/backend.hpp"
#include "backends/codewhisperer/decode.hpp"
#include "backends/codewhisperer/encode.hpp"
#include "net/client.hpp"
#include "settings/settings.hpp"

namespace dragoman::codewhisperer {

struct Options {
  net::Url endpoint;
  // profile_arn of these wins over the credential's: the operator has set it.
  EncodeOptions encode;
};

// Errors: bad_request, when the endpoint is not a URL.
Result<Options> make_options(const settings::Codewhisperer& settings);

class Backend final : public backends::Backend {
 public:
  Backend(net::Client& client, Options options);

  std::string_view name() const override { return "codewhisperer"; }
  Awaitable<Result<std::unique_ptr<chat::EventStream>>> open(const chat::Request& request,
                                                             const backends::Credential& credential,
                                                             chat::Transforms& transforms) override;
  std::vector<backends::ModelInfo> models() const override;

 private:
  net::Client& client_;
  Options options_;
  PayloadParser parser_;
};

}  // namespace dragoman::codewhisperer
