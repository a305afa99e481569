#pragma once
// The OIDC service over HTTP.

#include "backends/codewhisperer/signin.hpp"
#include "net/client.hpp"
#include "settings/settings.hpp"

namespace dragoman::codewhisperer {

// `client` belongs to the worker the calls are made on, and outlives them. A login of another
// region than the configured one is sent to that region's service, unless the endpoint is given
// explicitly. A call ends within the client's connect timeout and 4.5 s for the answer.
// Errors: bad_request (the endpoint is no URL, or the region no region), and those of the client.
OidcSend make_oidc_send(net::Client& client, const settings::Codewhisperer& settings);

}  // namespace dragoman::codewhisperer
