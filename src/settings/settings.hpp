#pragma once
// Everything an operator can set, with the defaults. Plain values: who reads them from where is the
// business of load.hpp; table.hpp names each setting, docs/configuration.md explains them, and a
// test compares the two.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"

namespace dragoman::settings {

using std::chrono::milliseconds;

struct Limits {
  std::size_t head_bytes = 32 * 1024;         // DRAGOMAN_MAX_HEAD_BYTES
  std::size_t body_bytes = 32 * 1024 * 1024;  // DRAGOMAN_MAX_BODY_BYTES
  std::size_t connections = 10'000;           // DRAGOMAN_MAX_CONNECTIONS
  milliseconds head_timeout{15'000};          // DRAGOMAN_HEAD_TIMEOUT
  milliseconds body_stall{35'000};            // DRAGOMAN_BODY_STALL_TIMEOUT
  // A client that reads nothing of its answer: DRAGOMAN_CLIENT_STALL_TIMEOUT
  milliseconds client_stall{60'000};
  milliseconds upstream_connect{10'000};   // DRAGOMAN_UPSTREAM_CONNECT_TIMEOUT
  milliseconds upstream_silence{120'000};  // DRAGOMAN_UPSTREAM_SILENCE_TIMEOUT
  milliseconds drain{30'000};              // DRAGOMAN_DRAIN_TIMEOUT
};

struct Server {
  std::string host = "127.0.0.1";  // DRAGOMAN_HOST
  std::uint16_t port = 3000;       // PORT
  unsigned workers = 0;            // threads; 0: one a core, four at most
  std::vector<Secret> api_keys;    // DRAGOMAN_API_KEYS, comma-separated; empty: anyone on loopback
  bool allow_anyone = false;       // DRAGOMAN_ALLOW_ANYONE: serve another address without keys
  bool cors = false;               // ENABLE_CORS
  std::vector<std::string> allowed_origins{"*"};  // ALLOWED_ORIGINS, comma-separated
  bool access_log = false;                        // ENABLE_LOGGING
  // DRAGOMAN_STATE_DIR. load() fills in the default, ~/.codewhisperer-proxy.
  std::string state_dir;
};

struct Codewhisperer {
  bool enabled = true;               // set false by CODEWHISPERER_ENABLED
  std::string region = "us-east-1";  // CODEWHISPERER_REGION: of the endpoints that are not given
  std::string endpoint = "https://q.us-east-1.amazonaws.com";  // CODEWHISPERER_ENDPOINT
  std::string oidc_endpoint =
      "https://oidc.us-east-1.amazonaws.com";                // CODEWHISPERER_OIDC_ENDPOINT
  std::string start_url = "https://view.awsapps.com/start";  // CODEWHISPERER_START_URL
  std::string profile_arn;                                   // CODEWHISPERER_PROFILE_ARN
  Secret api_key;                                            // CODEWHISPERER_API_KEY
  std::string origin = "AI_EDITOR";                          // CODEWHISPERER_ORIGIN
  std::vector<std::string> models;  // CODEWHISPERER_MODELS: routed beside the built-in ones
};

struct Coze {
  Secret api_key;                                 // COZE_API_KEY
  std::string base_url = "https://api.coze.com";  // COZE_BASE_URL
  std::string bot_id;                             // COZE_BOT_ID
  std::string workflow_id;                        // COZE_WORKFLOW_ID
  std::string space_id;                           // COZE_SPACE_ID
  std::string default_model_type = "chat";  // DEFAULT_MODEL_TYPE: chat, conversation, workflow
  std::string user_id = "dragoman";         // COZE_USER_ID: when the client names none
  // JWT mode is known but not offered yet: values that are no placeholders bring a warning.
  std::string jwt_app_id;                         // COZE_JWT_APP_ID
  std::string jwt_key_id;                         // COZE_JWT_KEY_ID
  std::string jwt_audience;                       // COZE_JWT_AUD
  Secret jwt_private_key;                         // COZE_JWT_PRIVATE_KEY
  std::string jwt_session_name = "openai-proxy";  // COZE_JWT_SESSION_NAME
};

enum class LogFormat { text, json };

struct Log {
  std::string level = "info";          // DRAGOMAN_LOG_LEVEL: debug, info, warn, error
  LogFormat format = LogFormat::text;  // DRAGOMAN_LOG_FORMAT: text, json
};

struct Network {
  std::string http_proxy;   // http_proxy, HTTP_PROXY; else ALL_PROXY
  std::string https_proxy;  // https_proxy, HTTPS_PROXY; else ALL_PROXY
  std::string no_proxy;     // no_proxy, NO_PROXY
  std::string ca_file;      // SSL_CERT_FILE
  std::string user_agent;   // DRAGOMAN_USER_AGENT; empty: "dragoman/<version>"
};

struct Settings {
  Server server;
  Limits limits;
  Codewhisperer codewhisperer;
  Coze coze;
  Log log;
  Network network;
  // Where a model goes that nothing else decides, when both upstreams are there.
  std::string default_upstream = "codewhisperer";  // DRAGOMAN_DEFAULT_UPSTREAM
};

}  // namespace dragoman::settings
