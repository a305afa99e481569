#pragma once
// Everything one worker needs to serve clients: from the pool of upstream connections to the
// listening socket. Nothing in a lane is shared with another one but the credentials and the count
// of client connections.
//
// Built top to bottom before the worker's thread starts; dies in reverse after it has ended.

#include <memory>
#include <optional>
#include <vector>

#include "backends/backend.hpp"
#include "net/client.hpp"
#include "net/server.hpp"
#include "routing/router.hpp"
#include "serve/app.hpp"
#include "settings/settings.hpp"

namespace dragoman::daemon {

// One of them is there at least.
struct Credentials {
  backends::CredentialSource* codewhisperer = nullptr;
  backends::CredentialSource* coze = nullptr;
};

// Errors: bad_request for settings that cannot be used (a proxy, a CA file).
Result<net::ClientOptions> make_client_options(const settings::Settings& settings);

class Lane {
 public:
  // Errors: those of the backends' settings.
  static Result<std::unique_ptr<Lane>> make(net::Worker& worker, const settings::Settings& settings,
                                            const net::ClientOptions& client_options,
                                            const Credentials& credentials,
                                            serve::AppOptions app_options,
                                            std::shared_ptr<std::atomic<std::size_t>> connections);

  net::Server& server() { return *server_; }

 private:
  Lane(net::Worker& worker, const net::ClientOptions& options) : client_(worker, options) {}

  net::Client client_;
  std::vector<std::unique_ptr<backends::Backend>> backends_;
  std::optional<routing::Router> router_;
  std::optional<serve::App> app_;
  std::optional<net::Server> server_;
};

}  // namespace dragoman::daemon
