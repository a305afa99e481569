#include "frontends/openai/hints.hpp"

#include <algorithm>
#include <array>

namespace dragoman::openai {
namespace {

struct Name {
  std::string_view text;
  std::optional<std::string> chat::Hints::* member;
};

constexpr std::array names = {
    Name{"x-model-type", &chat::Hints::model_type},
    Name{"x-bot-id", &chat::Hints::bot_id},
    Name{"x-workflow-id", &chat::Hints::workflow_id},
    Name{"x-conversation-id", &chat::Hints::conversation_id},
};

bool same_name(std::string_view lower, std::string_view any_case) {
  return std::equal(lower.begin(), lower.end(), any_case.begin(), any_case.end(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
}

const Name* find_name(std::string_view any_case) {
  const auto* at = std::find_if(names.begin(), names.end(),
                                [&](const Name& name) { return same_name(name.text, any_case); });
  return at == names.end() ? nullptr : at;
}

Result<void> read(const json::Reader& value, std::optional<std::string>& into) {
  const auto text = value.string();
  if (!text) return text.error();
  if (!text->empty() && !into) into = *text;
  return {};
}

bool acceptable(std::string_view text) {
  const auto visible = [](char c) { return c > ' ' && c < 0x7F; };
  return text.size() <= max_hint_bytes && std::all_of(text.begin(), text.end(), visible);
}

}  // namespace

Result<void> BodyHints::take(std::string_view name, const json::Reader& value) {
  const Name* known = find_name(name);
  return known == nullptr ? Result<void>() : read(value, direct_.*known->member);
}

Result<void> BodyHints::take_extra_headers(const json::Reader& value) {
  const auto members = value.object();
  if (!members) return members.error();
  for (const auto [key, text] : *members) {
    const Name* known = find_name(key);
    if (known == nullptr || text.is_null()) continue;
    if (auto fine = read(text, nested_.*known->member); !fine) return fine;
  }
  return {};
}

Result<chat::Hints> BodyHints::merge(const chat::Hints& from_headers) const {
  using Sources = std::array<const chat::Hints*, 3>;
  const Sources header_first = {&from_headers, &direct_, &nested_};
  const Sources body_first = {&direct_, &nested_, &from_headers};
  chat::Hints chosen;
  for (const Name& name : names) {
    const bool is_type = name.member == &chat::Hints::model_type;
    for (const chat::Hints* source : is_type ? body_first : header_first) {
      const auto& value = source->*name.member;
      if (!value || value->empty()) continue;
      if (!acceptable(*value)) {
        std::string problem(name.text);
        problem += ": expected at most 256 visible ASCII characters";
        return Error(ErrorKind::bad_request, std::move(problem)).with_param(std::string(name.text));
      }
      chosen.*name.member = value;
      break;
    }
  }
  return chosen;
}

}  // namespace dragoman::openai
