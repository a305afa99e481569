#pragma once
// A token, key or password: cannot be printed or compared by accident, and is wiped when it dies.
//
//   Secret key("sk-...");
//   request.set("authorization", "Bearer " + std::string(key.reveal()));   // the only way out
//
// equals() takes the same time whatever the contents (the lengths may show).

#include <fmt/format.h>
#include <string>
#include <string_view>

namespace dragoman {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  bool empty() const { return text_.empty(); }
  std::string_view reveal() const { return text_; }
  bool equals(std::string_view candidate) const;

 private:
  void wipe();
  std::string text_;
};

}  // namespace dragoman

template <>
struct fmt::formatter<dragoman::Secret> : fmt::formatter<std::string_view> {
  auto format(const dragoman::Secret&, format_context& out) const {
    return fmt::formatter<std::string_view>().format("***", out);
  }
};
