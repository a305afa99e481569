#include "frontends/openai/chat_decode.hpp"

#include <algorithm>
#include <array>
#include <bitset>

#include "base/utf8.hpp"
#include "frontends/openai/hints.hpp"
#include "frontends/openai/messages.hpp"
#include "json/reader.hpp"

namespace dragoman::openai {
namespace {

using chat::Transform;
using json::Reader;

struct Draft {
  ChatCall call;
  bool has_messages = false;
  bool include_usage = false;
  std::optional<std::string> safety_identifier;
  BodyHints hints;
};

Error unsupported(const Reader& at, std::string_view problem) {
  return at.error(problem).with_code("unsupported_parameter");
}

// Kinds of values, as checks.

Result<void> boolean(const Reader& value) {
  if (auto read = value.boolean(); !read) return read.error();
  return {};
}
Result<void> integer(const Reader& value) {
  if (auto read = value.integer(); !read) return read.error();
  return {};
}
Result<void> number(const Reader& value) {
  if (auto read = value.number(); !read) return read.error();
  return {};
}
Result<void> string(const Reader& value) {
  if (auto read = value.string(); !read) return read.error();
  return {};
}
Result<void> strings(const Reader& value) {
  const auto items = value.array();
  if (!items) return items.error();
  for (const Reader item : *items) {
    if (auto fine = string(item); !fine) return fine;
  }
  return {};
}
Result<void> string_or_strings(const Reader& value) {
  if (value.kind() == Reader::Kind::string) return {};
  if (value.kind() == Reader::Kind::array) return strings(value);
  return value.error("expected a string or an array of strings");
}
Result<void> map_of_numbers(const Reader& value) {
  const auto members = value.object();
  if (!members) return members.error();
  for (const auto [key, bias] : *members) {
    if (auto fine = number(bias); !fine) return fine;
  }
  return {};
}

// What to do with a member that is there and not null. `name` is the table's, never the input's.
using Take = Result<void> (*)(std::string_view name, const Reader& value, Draft& draft);

template <Result<void> (*check)(const Reader&)>
Result<void> drop(std::string_view name, const Reader& value, Draft& draft) {
  if (auto fine = check(value); !fine) return fine;
  draft.call.transforms.add(Transform::dropped, name);
  return {};
}

template <Result<void> (*check)(const Reader&)>
Result<void> pass_over(std::string_view, const Reader& value, Draft&) {
  return check(value);
}

Result<void> refuse(std::string_view, const Reader& value, Draft&) {
  return unsupported(value, "is not supported");
}

Result<void> take_model(std::string_view, const Reader& value, Draft& draft) {
  const auto model = value.string();
  if (!model) return model.error();
  if (model->size() > max_model_bytes) return value.error("is too long");
  const auto control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; };
  if (std::any_of(model->begin(), model->end(), control)) {
    return value.error("must not hold control characters");
  }
  draft.call.request.model = *model;
  return {};
}

Result<void> take_messages(std::string_view, const Reader& value, Draft& draft) {
  const auto messages = value.array();
  if (!messages) return {};  // as if absent: one answer for both
  draft.has_messages = true;
  return decode_messages(*messages, draft.call.request, draft.call.transforms);
}

Result<void> take_stream(std::string_view, const Reader& value, Draft& draft) {
  const auto stream = value.boolean();
  if (!stream) return stream.error();
  draft.call.stream = *stream;
  return {};
}

// The service refuses stream_options without stream. Some clients send them always; no harm done.
Result<void> take_stream_options(std::string_view, const Reader& value, Draft& draft) {
  if (auto options = value.object(); !options) return options.error();
  const auto include_usage = value.optional_boolean("include_usage");
  if (!include_usage) return include_usage.error();
  // Padding against observers who measure chunks: we add none.
  const auto obfuscation = value.optional_boolean("include_obfuscation");
  if (!obfuscation) return obfuscation.error();
  if (obfuscation->value_or(false)) {
    draft.call.transforms.add(Transform::dropped, "include_obfuscation");
  }
  draft.include_usage = include_usage->value_or(false);
  return {};
}

Result<std::string> short_text(const Reader& value, std::size_t max_characters) {
  const auto text = value.string();
  if (!text) return text.error();
  if (count_code_points(*text) > max_characters) {
    return value.error("has more than " + std::to_string(max_characters) + " characters");
  }
  return std::string(*text);
}

Result<void> take_user(std::string_view, const Reader& value, Draft& draft) {
  auto user = short_text(value, max_user_characters);
  if (!user) return user.error();
  if (!user->empty()) draft.call.request.user = std::move(*user);
  return {};
}

Result<void> take_safety_identifier(std::string_view, const Reader& value, Draft& draft) {
  auto user = short_text(value, max_user_characters);
  if (!user) return user.error();
  if (!user->empty()) draft.safety_identifier = std::move(*user);
  return {};
}

Result<void> take_metadata(std::string_view, const Reader& value, Draft& draft) {
  const auto pairs = value.object();
  if (!pairs) return pairs.error();
  auto& metadata = draft.call.request.metadata;
  for (const auto [key, text] : *pairs) {
    if (count_code_points(key) > max_metadata_key_characters) {
      return value.error("a key has more than 64 characters");
    }
    auto short_enough = short_text(text, max_metadata_value_characters);
    if (!short_enough) return short_enough.error();
    metadata.try_emplace(std::string(key), std::move(*short_enough));
    if (metadata.size() > max_metadata_pairs) return value.error("has more than 16 pairs");
  }
  return {};
}

Result<void> take_tools(std::string_view, const Reader& value, Draft&) {
  const auto tools = value.array();
  if (!tools) return tools.error();
  if (!tools->empty()) return unsupported(value, "tools are not supported yet");
  return {};
}

Result<void> take_tool_choice(std::string_view, const Reader& value, Draft&) {
  if (value.kind() == Reader::Kind::object) {
    return unsupported(value, "tools are not supported yet");
  }
  const auto choice = value.string();
  if (!choice) return value.error("expected a string or an object");
  if (*choice == "none" || *choice == "auto") return {};
  return unsupported(value, "tools are not supported yet: expected none or auto");
}

Result<void> take_n(std::string_view, const Reader& value, Draft&) {
  const auto choices = value.integer();
  if (!choices) return choices.error();
  if (*choices < 1) return value.error("must be at least 1");
  if (*choices > 1) return unsupported(value, "more than one choice is not supported");
  return {};
}

Result<void> take_response_format(std::string_view, const Reader& value, Draft&) {
  if (auto format = value.object(); !format) return format.error();
  const auto type = value.require("type");
  if (!type) return type.error();
  const auto word = type->string();
  if (!word) return word.error();
  if (*word == "text") return {};
  return unsupported(value, "only the type text is supported");
}

Result<void> take_logprobs(std::string_view, const Reader& value, Draft&) {
  const auto wanted = value.boolean();
  if (!wanted) return wanted.error();
  if (*wanted) return unsupported(value, "log probabilities are not supported");
  return {};
}

Result<void> take_modalities(std::string_view, const Reader& value, Draft&) {
  const auto items = value.array();
  if (!items) return items.error();
  for (const Reader item : *items) {
    const auto word = item.string();
    if (!word) return word.error();
    if (*word != "text") return unsupported(value, "only text is supported");
  }
  return {};
}

// Nothing is ever stored, so only "true" loses something; likewise below, where "auto" and
// "default" ask for no special service.
Result<void> take_store(std::string_view name, const Reader& value, Draft& draft) {
  const auto store = value.boolean();
  if (!store) return store.error();
  if (*store) draft.call.transforms.add(Transform::dropped, name);
  return {};
}

Result<void> take_service_tier(std::string_view name, const Reader& value, Draft& draft) {
  const auto tier = value.string();
  if (!tier) return tier.error();
  if (*tier != "auto" && *tier != "default") draft.call.transforms.add(Transform::dropped, name);
  return {};
}

Result<void> take_hint(std::string_view name, const Reader& value, Draft& draft) {
  return draft.hints.take(name, value);
}

Result<void> take_extra_headers(std::string_view, const Reader& value, Draft& draft) {
  return draft.hints.take_extra_headers(value);
}

struct Member {
  std::string_view name;
  Take take;
};

constexpr std::array members = {
    Member{"messages", take_messages},
    Member{"model", take_model},
    Member{"stream", take_stream},
    Member{"stream_options", take_stream_options},
    Member{"user", take_user},
    Member{"safety_identifier", take_safety_identifier},
    Member{"metadata", take_metadata},
    Member{"x-model-type", take_hint},
    Member{"x-bot-id", take_hint},
    Member{"x-workflow-id", take_hint},
    Member{"x-conversation-id", take_hint},
    Member{"extra_headers", take_extra_headers},

    Member{"parallel_tool_calls", pass_over<boolean>},
    Member{"prompt_cache_key", pass_over<string>},
    Member{"prompt_cache_retention", pass_over<string>},

    Member{"temperature", drop<number>},
    Member{"top_p", drop<number>},
    Member{"frequency_penalty", drop<number>},
    Member{"presence_penalty", drop<number>},
    Member{"logit_bias", drop<map_of_numbers>},
    Member{"top_logprobs", drop<integer>},
    Member{"seed", drop<integer>},
    Member{"stop", drop<string_or_strings>},
    Member{"max_tokens", drop<integer>},
    Member{"max_completion_tokens", drop<integer>},
    Member{"reasoning_effort", drop<string>},
    Member{"verbosity", drop<string>},
    Member{"store", take_store},
    Member{"service_tier", take_service_tier},

    Member{"tools", take_tools},
    Member{"functions", take_tools},
    Member{"tool_choice", take_tool_choice},
    Member{"function_call", take_tool_choice},
    Member{"n", take_n},
    Member{"response_format", take_response_format},
    Member{"logprobs", take_logprobs},
    Member{"modalities", take_modalities},
    Member{"audio", refuse},
    Member{"web_search_options", refuse},
    Member{"prediction", refuse},
};

// One walk over the body, so that the work grows with its length only.
Result<void> take_members(const json::Object& body, Draft& draft) {
  std::bitset<members.size()> seen;
  for (const auto [key, value] : body) {
    const auto* at = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.name == key; });
    if (at == members.end()) {
      draft.call.transforms.add(Transform::dropped, "unknown_members");
      continue;
    }
    const auto index = static_cast<std::size_t>(at - members.begin());
    if (seen[index]) continue;
    seen[index] = true;
    if (value.is_null()) continue;
    if (auto fine = at->take(at->name, value, draft); !fine) return fine;
  }
  return {};
}

Result<ChatCall> decode_document(const Result<json::Document>& document,
                                 const chat::Hints& from_headers) {
  if (!document) return document.error();
  const auto object = document->root().object();
  if (!object) return object.error();

  Draft draft;
  if (auto fine = take_members(*object, draft); !fine) return fine.error();
  if (!draft.has_messages) {
    return Error(ErrorKind::bad_request, "Messages array is required")
        .with_param("messages")
        .with_code("missing_messages");
  }
  ChatCall& call = draft.call;
  call.include_usage = call.stream && draft.include_usage;
  if (!call.request.user) call.request.user = std::move(draft.safety_identifier);
  auto hints = draft.hints.merge(from_headers);
  if (!hints) return hints.error();
  call.request.hints = std::move(*hints);
  return std::move(call);
}

}  // namespace

Result<ChatCall> decode_chat(std::string_view body, const chat::Hints& from_headers) {
  return decode_document(json::Document::parse(body), from_headers);
}

Result<ChatCall> decode_chat(PaddedBytes body, const chat::Hints& from_headers) {
  return decode_document(json::Document::parse(body), from_headers);
}

}  // namespace dragoman::openai
