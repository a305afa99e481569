#include "backends/codewhisperer/backend.hpp"

#include <algorithm>
#include <utility>

#include "backends/codewhisperer/answer.hpp"
#include "backends/codewhisperer/models.hpp"
#include "base/ids.hpp"

namespace dragoman::codewhisperer {
namespace {

using backends::Credential;

constexpr std::string_view target = "/generateAssistantResponse";

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
  std::unique_ptr<net::HttpAnswer> opened = std::move(*answer);
  co_return co_await open_answer(std::move(opened), parser_);
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
