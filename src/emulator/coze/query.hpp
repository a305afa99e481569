#pragma once
// The parameters of a target, read like Fields reads a body: the first thing wrong is kept.
//
// Escapes are undone as forms do it ("+" is a blank); a "%" that begins no escape stands for
// itself, for the official JavaScript client sends values unescaped.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/coze/types.hpp"

namespace dragoman::emulator::coze {

class Query {
 public:
  explicit Query(std::string_view raw);

  bool has(std::string_view key) const;
  std::string text(std::string_view key, std::string_view fallback = "") const;  // first one counts
  std::string required_text(std::string_view key);
  Id id(std::string_view key);           // required
  Id optional_id(std::string_view key);  // 0 when absent or empty
  std::int64_t number(std::string_view key, std::int64_t fallback, std::int64_t min,
                      std::int64_t max);

  void refuse(Refusal refusal) {
    if (!refusal_) refusal_ = std::move(refusal);
  }
  const std::optional<Refusal>& refused() const { return refusal_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
  std::optional<Refusal> refusal_;
};

}  // namespace dragoman::emulator::coze
