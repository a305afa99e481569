#include "backends/codewhisperer/signin_http.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace dragoman::codewhisperer {
namespace {

using namespace std::chrono_literals;

// Registrations and tokens are a few kilobytes.
constexpr std::size_t max_reply_bytes = 256 * 1024;
// A service that hangs must not hold up the renewal for long after it has come back.
constexpr std::chrono::milliseconds reply_timeout = 4500ms;

std::string endpoint_of(std::string_view region) {
  return fmt::format("https://oidc.{}.amazonaws.com", region);
}

bool is_region(std::string_view text) {
  constexpr std::size_t longest = 32;
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Awaitable<Result<OidcReply>> send_call(net::Client& client, std::string endpoint, OidcCall call) {
  auto url = net::parse_url(endpoint);
  if (!url) co_return url.error();
  net::HttpRequest request;
  request.url = std::move(*url);
  request.method = "POST";
  request.target = call.path;
  request.headers.add("content-type", "application/json");
  request.headers.add("accept", "application/json");
  request.body = std::move(call.body);
  request.timeout = reply_timeout;
  auto answer = co_await client.send(std::move(request));
  if (!answer) co_return answer.error();
  OidcReply reply;
  reply.status = (*answer)->status();
  auto body = co_await (*answer)->read_all(max_reply_bytes);
  if (!body) co_return body.error();
  reply.body = std::move(*body);
  co_return reply;
}

}  // namespace

OidcSend make_oidc_send(net::Client& client, const settings::Codewhisperer& settings) {
  const std::string configured = settings.oidc_endpoint;
  const std::string own_region = settings.region;
  const bool follows_region = configured == endpoint_of(own_region);
  return [&client, configured, own_region, follows_region](OidcCall call) {
    const bool elsewhere = follows_region && is_region(call.region) && call.region != own_region;
    std::string endpoint = elsewhere ? endpoint_of(call.region) : configured;
    return send_call(client, std::move(endpoint), std::move(call));
  };
}

}  // namespace dragoman::codewhisperer
