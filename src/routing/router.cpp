#include "routing/router.hpp"

#include <cassert>

namespace dragoman::routing {

Router::Router(std::vector<Upstream> upstreams, std::string_view fallback)
    : upstreams_(std::move(upstreams)) {
  assert(!upstreams_.empty());
  for (std::size_t i = 0; i < upstreams_.size(); ++i) {
    if (upstreams_[i].backend.name() == fallback) fallback_ = i;
  }
}

const Upstream& Router::pick(const chat::Request& request) const {
  if (upstreams_.size() == 1) return upstreams_.front();
  for (const Upstream& upstream : upstreams_) {
    if (upstream.claims(request)) return upstream;
  }
  return upstreams_[fallback_];
}

}  // namespace dragoman::routing
