#pragma once
// Which upstream answers a request, and how often it is tried.
//
// With one upstream everything goes there, whatever the model is called. With both, first hit wins:
//   1. x-model-type or x-bot-id, or a model of Coze's (coze/..., the two names the older gateway
//      lists)                                                            -> Coze
//   2. a model of CodeWhisperer's (codewhisperer, claude-*, its list)    -> CodeWhisperer
//   3. anything else                                                     -> the configured default
//
// A router belongs to one worker, as its backends do; the credential sources are shared.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backends/backend.hpp"
#include "chat/request.hpp"

namespace dragoman::routing {

struct Upstream {
  backends::Backend& backend;
  backends::CredentialSource& credentials;
  // Whether a model of that name, or a request with those hints, belongs here and nowhere else.
  std::function<bool(const chat::Request&)> claims;
};

class Router {
 public:
  // In the order of their claims. `fallback` is the name of the one for everything else; when it
  // is not among them, the first is. At least one.
  Router(std::vector<Upstream> upstreams, std::string_view fallback);

  const Upstream& pick(const chat::Request& request) const;
  const std::vector<Upstream>& upstreams() const { return upstreams_; }

 private:
  std::vector<Upstream> upstreams_;
  std::size_t fallback_ = 0;
};

}  // namespace dragoman::routing
