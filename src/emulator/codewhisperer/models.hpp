#pragma once
// The models of the emulated account, and the answer of ListAvailableModels.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman::emulator::codewhisperer {

struct Model {
  std::string_view id;
  std::string_view name;
  double rate;  // credits, times the base price
  std::int64_t max_input_tokens;
  std::int64_t max_output_tokens;
  bool images;
  std::string_view request_fields_schema;  // JSON; empty: the model takes no further fields
};

std::span<const Model> all_models();

// nullptr when the account has no such model. Ids are compared exactly.
const Model* find_model(std::string_view id);

// What an absent modelId means.
const Model& default_model();

std::string list_models_json();

}  // namespace dragoman::emulator::codewhisperer
