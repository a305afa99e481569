#pragma once
// The operations beside chat that need no state: models, limits, profiles, customizations, and the
// service's own web search (mcp). Pure.

#include <string_view>
#include <vector>

#include "emulator/clock.hpp"
#include "emulator/codewhisperer/service_error.hpp"

namespace dragoman::emulator::codewhisperer {

struct Profile {
  std::string arn;
  std::string name;
};

struct RuntimeCall {
  std::string_view operation;  // "models", "limits", "profiles", "profile", "customizations", "mcp"
  Binding binding = Binding::rest;
  std::string_view query;
  std::string_view body;
};

Answer answer_runtime(const RuntimeCall& call, const std::vector<Profile>& profiles,
                      const Clock& clock);

}  // namespace dragoman::emulator::codewhisperer
