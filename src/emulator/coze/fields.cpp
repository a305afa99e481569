#include "emulator/coze/fields.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace dragoman::emulator::coze {

void Fields::refuse(Refusal refusal) {
  if (!refusal_) refusal_ = std::move(refusal);
}

void Fields::refuse(std::string_view key, std::string_view problem) {
  refuse(bad_parameter(in_.path(key) + ": " + std::string(problem)));
}

std::string Fields::text(std::string_view key) {
  if (refusal_) return {};
  auto member = in_.require(key);
  if (!member) return refuse(member.error()), std::string();
  auto value = member->string();
  if (!value) return refuse(value.error()), std::string();
  if (value->empty()) refuse(key, "must not be empty");
  return std::string(*value);
}

std::string Fields::optional_text(std::string_view key, std::string_view fallback) {
  if (refusal_) return {};
  auto value = in_.optional_string(key);
  if (!value) return refuse(value.error()), std::string();
  return std::string(value->value_or(fallback));
}

bool Fields::flag(std::string_view key, bool fallback) {
  if (refusal_) return fallback;
  auto value = in_.optional_boolean(key);
  if (!value) return refuse(value.error()), fallback;
  return value->value_or(fallback);
}

std::int64_t Fields::number(std::string_view key, std::int64_t fallback, std::int64_t min,
                            std::int64_t max) {
  if (refusal_) return fallback;
  auto value = in_.optional_integer(key);
  if (!value) return refuse(value.error()), fallback;
  const std::int64_t number = value->value_or(fallback);
  if (number < min || number > max) {
    refuse(key, "must be between " + std::to_string(min) + " and " + std::to_string(max));
  }
  return number;
}

Id Fields::to_id(std::string_view key, std::string_view text) {
  const auto id = parse_id(text);
  if (!id) refuse(key, "must be a decimal number in a string");
  return id.value_or(0);
}

Id Fields::id(std::string_view key) {
  const std::string value = text(key);
  return refusal_ ? 0 : to_id(key, value);
}

Id Fields::optional_id(std::string_view key) {
  const std::string value = optional_text(key);
  return refusal_ || value.empty() ? 0 : to_id(key, value);
}

Pairs Fields::pairs(std::string_view key) {
  Pairs pairs;
  if (refusal_) return pairs;
  const auto member = in_.find(key);
  if (!member) return pairs;
  auto object = member->object();
  if (!object) return refuse(object.error()), pairs;
  for (auto [name, value] : *object) {
    auto text = value.string();
    if (!text) return refuse(text.error()), Pairs();
    pairs.emplace_back(name, *text);
  }
  return pairs;
}

Pairs Fields::meta_data() {
  Pairs pairs = this->pairs("meta_data");
  if (pairs.size() > max_meta_pairs) refuse({4003, "meta_data: at most 16 pairs are allowed"});
  for (const auto& [key, value] : pairs) {
    const std::size_t key_size = count_code_points(key);
    const std::size_t value_size = count_code_points(value);
    if (key_size < 1 || key_size > max_meta_key) {
      refuse({4003, "meta_data: a key must have 1 to 64 characters"});
    }
    if (value_size < 1 || value_size > max_meta_value) {
      refuse({4003, "meta_data: a value must have 1 to 512 characters"});
    }
  }
  return pairs;
}

std::string Fields::one_of(std::string_view key, std::initializer_list<std::string_view> words,
                           std::string_view fallback) {
  const std::string value = optional_text(key, fallback);
  if (refusal_ || std::ranges::find(words, value) != words.end()) return value;
  std::string problem = "must be one of";
  for (std::string_view word : words) problem.append(" ").append(word);
  refuse(key, problem);
  return value;
}

void Fields::object(std::string_view key) {
  if (refusal_) return;
  const auto member = in_.find(key);
  if (member && member->kind() != json::Reader::Kind::object) {
    refuse(key, "field should be an object, not a string");
  }
}

}  // namespace dragoman::emulator::coze
