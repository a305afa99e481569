#pragma once
// What the verbs do that talk to a service and then end. They return exit codes.

#include "settings/settings.hpp"

namespace dragoman::cli {

// Signs in to AWS CodeWhisperer: shows address, code and QR code on standard output, waits for the
// approval and stores the sign-in. 0: signed in; 1: not, with the reason on standard error.
int run_login(const settings::Settings& settings, bool qr_code);

// GET /health at the configured address, for containers. 0: it answered 200; 1: it did not.
int run_healthcheck(const settings::Settings& settings);

}  // namespace dragoman::cli
