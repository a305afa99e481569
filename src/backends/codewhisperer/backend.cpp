#include "backends/codewhisperer/backend.hpp"

#include <algorithm>
#include <utility>

#include "backends/codewhisperer/errors.hpp"
#include "backends/codewhisperer/models.hpp"
#include "base/ids.hpp"

namespace dragoman::codewhisperer {
namespace {

using backends::Credential;

constexpr std::string_view target = "/generateAssistantResponse";
constexpr std::string_view event_stream_type = "application/vnd.amazon.eventstream";

// User-agent, host and lengths are the client's business. No accept and no accept-encoding: the
// service answers in one form, uncompressed.
Result<net::HttpRequest> make_request(const net::Url& endpoint, std::string body,
                                      const Credential& credential) {
  net::HttpRequest http;
  http.url = endpoint;
  http.method = "POST";
  http.target = target;
  http.body = std::move(body);
  http.headers.add("content-type", "application/json");
  http.headers.add("amz-sdk-invocation-id", make_uuid());
  http.headers.add("amz-sdk-request", "attempt=1; max=1");
  // The content of these chats is not for improving the service.
  http.headers.add("x-amzn-codewhisperer-optout", "true");
  if (credential.kind == Credential::Kind::api_key) http.headers.add("tokentype", "API_KEY");
  if (!http.headers.add("authorization", "Bearer " + std::string(credential.token.reveal()))) {
    return Error(ErrorKind::signed_out,
                 "the CodeWhisperer credential has characters no token has; sign in again");
  }
  return http;
}

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
      const auto events = bytes->empty() ? decoder_.finish() : decoder_.feed(*bytes);
      if (!events.empty()) co_return events;
    }
    co_return std::span<const chat::Event>();
  }

  std::unique_ptr<net::HttpAnswer> answer_;
  Decoder decoder_;
  std::span<const chat::Event> first_;
};

}  // namespace

Result<Options> make_options(const settings::Codewhisperer& settings) {
  auto endpoint = net::parse_url(settings.endpoint);
  if (!endpoint) return endpoint.error();
  Options options;
  options.endpoint = std::move(*endpoint);
  options.encode.origin = settings.origin;
  options.encode.profile_arn = settings.profile_arn;
  options.encode.models = settings.models;
  return options;
}

Backend::Backend(net::Client& client, Options options)
    : client_(client), options_(std::move(options)) {}

Awaitable<Result<std::unique_ptr<chat::EventStream>>> Backend::open(const chat::Request& request,
                                                                    const Credential& credential,
                                                                    chat::Transforms& transforms) {
  EncodeOptions encode_options = options_.encode;
  if (encode_options.profile_arn.empty()) encode_options.profile_arn = credential.profile_arn;
  auto encoded = encode_request(request, encode_options, transforms);
  if (!encoded) co_return encoded.error();
  auto made = make_request(options_.endpoint, std::move(encoded->body), credential);
  if (!made) co_return made.error();

  net::HttpRequest http = std::move(*made);
  auto answer = co_await client_.send(std::move(http));
  if (!answer) co_return answer.error();
  if ((*answer)->status() != 200 || !is_event_stream((*answer)->headers())) {
    co_return co_await read_failure(**answer);
  }
  auto stream = std::make_unique<AnswerStream>(std::move(*answer), parser_);
  if (const auto problem = co_await stream->begin()) co_return *problem;
  co_return std::unique_ptr<chat::EventStream>(std::move(stream));
}

std::vector<backends::ModelInfo> Backend::models() const {
  constexpr std::string_view owner = "codewhisperer";
  std::vector<backends::ModelInfo> list;
  const auto add = [&](std::string_view id) {
    const bool known = std::ranges::any_of(list, [&](const auto& m) { return m.id == id; });
    if (!known) list.push_back({std::string(id), std::string(owner)});
  };
  add(default_model);
  for (const auto id : builtin_models()) add(id);
  for (const auto& id : options_.encode.models) add(id);
  return list;
}

}  // namespace dragoman::codewhisperer
