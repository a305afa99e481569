#include "net/client.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <openssl/ssl.h>
#include <unordered_map>
#include <vector>

#include "base/base64.hpp"
#include "net/client_connection.hpp"

namespace dragoman::net {
namespace {

using boost::system::error_code;

asio::ssl::context make_tls_context(const ClientOptions& options) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(asio::ssl::verify_peer);
  error_code ignored;
  context.set_default_verify_paths(ignored);
  if (!options.ca_file.empty()) context.load_verify_file(options.ca_file, ignored);
  constexpr unsigned char protocols[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context.native_handle(), protocols, sizeof(protocols) - 1);
  return context;
}

}  // namespace

struct Client::Impl : std::enable_shared_from_this<Impl> {
  Impl(Worker& w, ClientOptions o) : worker(w), options(std::move(o)) {}

  // Made when it is first needed: loading the system's certificates takes tens of milliseconds and
  // megabytes.
  asio::ssl::context& tls() {
    if (!tls_context) tls_context.emplace(make_tls_context(options));
    return *tls_context;
  }

  using Idle = std::vector<std::unique_ptr<ClientConnection>>;

  const Proxy* proxy_for(const Url& url) const {
    const auto& proxy = url.tls ? options.https_proxy : options.http_proxy;
    if (!proxy || is_exempt_from_proxy(options.no_proxy, url.host)) return nullptr;
    return &*proxy;
  }

  // The connection used last, the one most likely to live still.
  std::unique_ptr<ClientConnection> take(const std::string& origin) {
    auto found = idle.find(origin);
    if (found == idle.end()) return nullptr;
    Idle& connections = found->second;
    while (!connections.empty()) {
      auto connection = std::move(connections.back());
      connections.pop_back();
      if (connection->still_quiet()) return connection;
    }
    return nullptr;
  }

  void keep(const std::string& origin, std::unique_ptr<ClientConnection> connection) {
    Idle& connections = idle[origin];
    if (connections.size() >= options.max_idle_per_origin) connections.erase(connections.begin());
    // Called from inside the connection's own deadline: it may not be destroyed there and then.
    auto on_expired = [weak = weak_from_this(), executor = worker.executor(), origin] {
      asio::post(executor, [weak, origin] {
        if (auto self = weak.lock()) self->drop_closed(origin);
      });
    };
    connection->begin_idling(options.idle_timeout, std::move(on_expired));
    connections.push_back(std::move(connection));
  }

  void drop_closed(const std::string& origin) {
    auto found = idle.find(origin);
    if (found == idle.end()) return;
    std::erase_if(found->second, [](auto& connection) { return !connection->still_quiet(); });
    if (found->second.empty()) idle.erase(found);
  }

  std::string head_of(const HttpRequest& request, const Proxy* proxy) const;

  Worker& worker;
  ClientOptions options;
  std::optional<asio::ssl::context> tls_context;
  std::unordered_map<std::string, Idle> idle;
};

std::string Client::Impl::head_of(const HttpRequest& request, const Proxy* proxy) const {
  std::string head;
  head.reserve(512 + request.headers.str().size());
  head += request.method;
  head += ' ';
  if (proxy != nullptr && !request.url.tls) head += "http://" + request.url.authority();
  head += request.url.path;
  head += request.target;
  head += " HTTP/1.1\r\nhost: ";
  head += request.url.authority();
  head += "\r\nuser-agent: ";
  head += options.user_agent;
  head += "\r\n";
  head += request.headers.str();
  if (proxy != nullptr && !request.url.tls && !proxy->credentials.empty()) {
    head += "proxy-authorization: Basic " + encode_base64(proxy->credentials.reveal()) + "\r\n";
  }
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    head += "content-length: " + std::to_string(request.body.size()) + "\r\n";
  }
  head += "\r\n";
  return head;
}

namespace {

class Answer final : public HttpAnswer {
 public:
  using Keep = std::function<void(std::unique_ptr<ClientConnection>)>;

  Answer(std::unique_ptr<ClientConnection> connection, std::chrono::milliseconds timeout, Keep keep)
      : connection_(std::move(connection)), timeout_(timeout), keep_(std::move(keep)) {}
  ~Answer() override {
    if (connection_->settle()) keep_(std::move(connection_));
  }

  int status() const override { return connection_->message().status(); }
  const Headers& headers() const override { return connection_->message().headers(); }
  Awaitable<Result<PaddedBytes>> read() override { return connection_->read_body(timeout_); }

  Awaitable<Result<std::string>> read_all(std::size_t max_bytes) override {
    std::string body;
    for (;;) {
      const auto bytes = co_await read();
      if (!bytes) co_return bytes.error();
      if (bytes->empty()) co_return body;
      if (body.size() + bytes->size() > max_bytes) {
        co_return Error(ErrorKind::upstream_failed, "the upstream's answer is too long");
      }
      body += bytes->view();
    }
  }

 private:
  std::unique_ptr<ClientConnection> connection_;
  std::chrono::milliseconds timeout_;
  Keep keep_;
};

}  // namespace

Client::Client(Worker& worker, ClientOptions options)
    : impl_(std::make_shared<Impl>(worker, std::move(options))) {}
Client::~Client() = default;

const ClientOptions& Client::options() const { return impl_->options; }

std::size_t Client::idle_connections() const {
  std::size_t count = 0;
  for (const auto& [origin, connections] : impl_->idle) count += connections.size();
  return count;
}

Awaitable<Result<std::unique_ptr<HttpAnswer>>> Client::send(HttpRequest request) {
  auto impl = impl_;
  const Proxy* proxy = impl->proxy_for(request.url);
  const std::string origin = request.url.origin();
  const std::string head = impl->head_of(request, proxy);
  const bool bodiless = request.method == "HEAD";
  const auto head_timeout = request.timeout.value_or(impl->options.head_timeout);
  const auto silence_timeout = request.timeout.value_or(impl->options.silence_timeout);

  auto connection = impl->take(origin);
  for (bool reused = connection != nullptr;; reused = false) {
    if (!connection) {
      connection = std::make_unique<ClientConnection>(impl->worker, impl->options);
      auto* tls = request.url.tls ? &impl->tls() : nullptr;
      auto connected = co_await connection->connect(request.url, proxy, tls);
      if (!connected) co_return connected.error();
    }
    auto answered = co_await connection->exchange(head, request.body, bodiless, head_timeout);
    if (answered) break;
    const bool closed_while_idle =
        reused && !connection->got_bytes() && answered.error().kind == ErrorKind::upstream_failed;
    if (!closed_while_idle) co_return answered.error();
    connection.reset();
  }
  auto keep = [weak = std::weak_ptr(impl), origin](std::unique_ptr<ClientConnection> done) {
    if (auto self = weak.lock()) self->keep(origin, std::move(done));
  };
  std::unique_ptr<HttpAnswer> answer =
      std::make_unique<Answer>(std::move(connection), silence_timeout, std::move(keep));
  co_return answer;
}

}  // namespace dragoman::net
