#pragma once
// Coze as a backend: chats with bots over POST /v3/chat, with a token of any kind as bearer.
//
//   auto backend = coze::make_backend(client, settings.coze);   // Result: the base URL may be
//   wrong
//
// Which bot: see select.hpp. Model types other than chat are known but answered not_implemented.
// The turn is always streamed; failures before the first text are errors of open().
//
// Lives on the client's worker; client and backend outlive the streams.

#include <memory>

#include "backends/backend.hpp"
#include "net/client.hpp"
#include "settings/settings.hpp"

namespace dragoman::coze {

// Errors: bad_request when COZE_BASE_URL is no URL.
Result<std::unique_ptr<backends::Backend>> make_backend(net::Client& client,
                                                        settings::Coze settings);

// The models a client may name: the two that "OpenAI Proxy Server for Coze" listed, and the
// configured bot.
std::vector<backends::ModelInfo> list_models(const settings::Coze& settings);

}  // namespace dragoman::coze
