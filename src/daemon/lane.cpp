#include "daemon/lane.hpp"

#include <filesystem>

#include "backends/codewhisperer/backend.hpp"
#include "backends/codewhisperer/models.hpp"
#include "backends/coze/backend.hpp"
#include "backends/coze/select.hpp"
#include "daemon/version.hpp"

namespace dragoman::daemon {
namespace {

net::ServerLimits server_limits(const settings::Settings& settings) {
  net::ServerLimits limits;
  limits.max_head_bytes = settings.limits.head_bytes;
  limits.max_body_bytes = settings.limits.body_bytes;
  limits.max_connections = settings.limits.connections;
  limits.head_timeout = settings.limits.head_timeout;
  limits.body_stall_timeout = settings.limits.body_stall;
  limits.write_stall_timeout = settings.limits.client_stall;
  limits.error_body = serve::error_body;
  limits.error_headers = serve::error_headers();
  return limits;
}

bool is_for_coze(const chat::Request& request) {
  return request.hints.model_type || request.hints.bot_id || coze::is_coze_model(request.model);
}

}  // namespace

Result<net::ClientOptions> make_client_options(const settings::Settings& settings) {
  net::ClientOptions options;
  options.connect_timeout = settings.limits.upstream_connect;
  options.head_timeout = settings.limits.upstream_silence;
  options.silence_timeout = settings.limits.upstream_silence;
  options.no_proxy = settings.network.no_proxy;
  options.ca_file = settings.network.ca_file;
  options.user_agent = settings.network.user_agent.empty() ? "dragoman/" + std::string(version)
                                                           : settings.network.user_agent;
  if (!net::is_field_value(options.user_agent)) {
    return Error(ErrorKind::bad_request, "the user agent is not a valid header value");
  }
  std::error_code ec;
  if (!options.ca_file.empty() && !std::filesystem::is_regular_file(options.ca_file, ec)) {
    return Error(ErrorKind::bad_request, "the CA file '" + options.ca_file + "' cannot be read");
  }
  if (!settings.network.http_proxy.empty()) {
    auto proxy = net::parse_proxy(settings.network.http_proxy);
    if (!proxy) return Error(ErrorKind::bad_request, "http_proxy: " + proxy.error().message);
    options.http_proxy = std::move(*proxy);
  }
  if (!settings.network.https_proxy.empty()) {
    auto proxy = net::parse_proxy(settings.network.https_proxy);
    if (!proxy) return Error(ErrorKind::bad_request, "https_proxy: " + proxy.error().message);
    options.https_proxy = std::move(*proxy);
  }
  return options;
}

Result<std::unique_ptr<Lane>> Lane::make(net::Worker& worker, const settings::Settings& settings,
                                         const net::ClientOptions& client_options,
                                         const Credentials& credentials,
                                         serve::AppOptions app_options,
                                         std::shared_ptr<std::atomic<std::size_t>> connections) {
  std::unique_ptr<Lane> lane(new Lane(worker, client_options));
  std::vector<routing::Upstream> upstreams;
  if (credentials.coze != nullptr) {
    auto backend = coze::make_backend(lane->client_, settings.coze);
    if (!backend) return backend.error();
    upstreams.push_back({**backend, *credentials.coze, is_for_coze});
    lane->backends_.push_back(std::move(*backend));
  }
  if (credentials.codewhisperer != nullptr) {
    auto options = codewhisperer::make_options(settings.codewhisperer);
    if (!options) return options.error();
    auto backend = std::make_unique<codewhisperer::Backend>(lane->client_, std::move(*options));
    auto claims = [configured = settings.codewhisperer.models](const chat::Request& request) {
      return codewhisperer::is_codewhisperer_model(request.model, configured);
    };
    upstreams.push_back({*backend, *credentials.codewhisperer, std::move(claims)});
    lane->backends_.push_back(std::move(backend));
  }
  lane->router_.emplace(std::move(upstreams), settings.default_upstream);
  lane->app_.emplace(std::move(app_options), *lane->router_);
  serve::App& app = *lane->app_;
  net::ServerLimits limits = server_limits(settings);
  limits.connection_count = std::move(connections);
  lane->server_.emplace(worker, std::move(limits),
                        [&app](net::Exchange& exchange) { return app.handle(exchange); });
  return lane;
}

}  // namespace dragoman::daemon
