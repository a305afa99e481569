#pragma once
// What a client asks, in the words all client APIs and all upstreams share.
//
// A frontend decodes its API into a Request, a backend encodes it for its service. Texts are plain
// UTF-8. Nothing here is specific to one API: what only one of them knows (the shape of its
// answers, for instance) stays in its frontend.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dragoman::chat {

enum class Role { user, assistant };

struct Turn {
  Role role = Role::user;
  std::string text;

  friend bool operator==(const Turn&, const Turn&) = default;
};

// What steers the choice of the upstream beside the model: the headers x-model-type, x-bot-id, ...
struct Hints {
  std::optional<std::string> model_type;  // chat | conversation | workflow, unchecked
  std::optional<std::string> bot_id;
  std::optional<std::string> workflow_id;
  std::optional<std::string> conversation_id;  // x-conversation-id

  friend bool operator==(const Hints&, const Hints&) = default;
};

struct Request {
  std::string model;         // as the client gave it; may be empty
  std::string instructions;  // system and developer texts, joined by a blank line; may be empty
  std::vector<Turn> turns;   // oldest first, in the client's order, neighbours may share a role
  std::optional<std::string> user;              // the client's end user, an opaque name
  std::map<std::string, std::string> metadata;  // small, for services that keep such pairs
  Hints hints;

  friend bool operator==(const Request&, const Request&) = default;
};

}  // namespace dragoman::chat
