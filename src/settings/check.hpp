#pragma once
// What can only be judged, or filled in, when all settings are known.

#include "settings/load.hpp"

namespace dragoman::settings {

// Adds to loaded.errors and loaded.warnings; derives endpoints and the state folder.
void check(const Environment& environment, Loaded& loaded);

}  // namespace dragoman::settings
