#pragma once
// Bodies of GET /v1/models and GET /v1/models/{id}.
//
//   std::string list = encode_models(models, started_at);
//   auto id = decode_model_id("coze%2F7401");    // the rest of the path: "coze/7401"
//
// Ids may hold slashes; clients send those bare or as %2F.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace dragoman::openai {

struct Model {
  std::string id;
  std::string owned_by;
  // Adds permission, root and parent, which the API had in 2023 and some programs still read.
  bool old_members = false;
};

// created: Unix seconds, the same for all.
std::string encode_models(std::span<const Model> models, std::int64_t created);
std::string encode_model(const Model& model, std::int64_t created);

// The id in what follows "/v1/models/", percent escapes resolved. Errors: model_not_found for
// broken escapes, bytes that are not UTF-8, nothing, or more than max_model_id_bytes.
inline constexpr std::size_t max_model_id_bytes = 256;
Result<std::string> decode_model_id(std::string_view path_rest);

}  // namespace dragoman::openai
