#pragma once
// The models of CodeWhisperer and the names people use for them.
//
// The service spells `claude-sonnet-4.5`; clients send `claude-sonnet-4-5`, with a date, with
// `-latest`, in the older word order, or behind the prefix `codewhisperer/`. The account decides
// which models it has: the built-in list is only what to show and to route without asking.

#include <span>
#include <string>
#include <string_view>

namespace dragoman::codewhisperer {

// Name of the account's default model, and of this upstream.
inline constexpr std::string_view default_model = "codewhisperer";

// Ids as the service spells them, `auto` first.
std::span<const std::string_view> builtin_models();

// Whether a model name belongs to this upstream: its own name, `codewhisperer/...`, a built-in or
// configured id, and the families only this upstream has (claude-..., and the older long ids).
// Case does not matter.
bool is_codewhisperer_model(std::string_view name, std::span<const std::string> configured = {});

struct ResolvedModel {
  std::string id;            // for the service; empty: leave it out, the account's default answers
  bool substituted = false;  // the client's model is unknown here; the default answers in its place
  bool suffix_dropped = false;  // "-thinking", "-high", ...: an effort the request cannot carry yet
};

// What to send for a name. Names that this upstream may know pass through, their spelling mapped;
// foreign ones (gpt-4o) resolve to the default, since a client often cannot choose its model.
// What stands behind the prefix `codewhisperer/` is always sent.
ResolvedModel resolve_model(std::string_view name, std::span<const std::string> configured = {});

}  // namespace dragoman::codewhisperer
