#pragma once
// Reads the members of a request one after the other and keeps the first thing that is wrong.
//
//   Fields fields(root);
//   std::string user = fields.text("user_id");
//   bool stream = fields.flag("stream", false);
//   if (fields.refused()) return *fields.refused();
//
// After the first refusal every read gives its default: nothing needs to be checked in between.

#include <optional>
#include <string>
#include <string_view>

#include "emulator/coze/types.hpp"
#include "json/reader.hpp"

namespace dragoman::emulator::coze {

class Fields {
 public:
  explicit Fields(json::Reader in) : in_(in) {
    if (in.kind() != json::Reader::Kind::object) refuse(in.error("expected an object"));
  }

  std::string text(std::string_view key);  // required, not empty
  std::string optional_text(std::string_view key, std::string_view fallback = "");
  bool flag(std::string_view key, bool fallback);
  std::int64_t number(std::string_view key, std::int64_t fallback, std::int64_t min,
                      std::int64_t max);
  Id id(std::string_view key);           // required, decimal digits in a string
  Id optional_id(std::string_view key);  // 0 when absent
  Pairs pairs(std::string_view key);     // an object of strings; empty when absent
  // meta_data within its limits, else 4003.
  Pairs meta_data();
  std::string one_of(std::string_view key, std::initializer_list<std::string_view> words,
                     std::string_view fallback);
  // Absent, or an object of anything.
  void object(std::string_view key);

  void refuse(Refusal refusal);
  void refuse(const Error& error) { refuse(bad_parameter(error.message)); }
  // 4000 naming a member.
  void refuse(std::string_view key, std::string_view problem);

  const std::optional<Refusal>& refused() const { return refusal_; }
  const json::Reader& reader() const { return in_; }

 private:
  Id to_id(std::string_view key, std::string_view text);

  json::Reader in_;
  std::optional<Refusal> refusal_;
};

inline constexpr std::size_t max_meta_pairs = 16;
inline constexpr std::size_t max_meta_key = 64;     // characters
inline constexpr std::size_t max_meta_value = 512;  // characters

}  // namespace dragoman::emulator::coze
