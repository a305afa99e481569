#pragma once
// What was not passed on as the client said it. Nothing is dropped, changed or emulated silently:
// the list becomes the response header x-dragoman-transforms.
//
//   transforms.add(Transform::dropped, "temperature");
//   transforms.header();   // "dropped:temperature, emulated:system"
//
// Names are members of the client's request or words of ours: tokens, never values.

#include <string>
#include <string_view>
#include <vector>

namespace dragoman::chat {

enum class Transform {
  dropped,   // had no place to go
  changed,   // repaired or adapted: the upstream sees something else than was sent
  emulated,  // done by the gateway, because the upstream cannot
};

class Transforms {
 public:
  void add(Transform kind, std::string_view what);  // the same pair twice counts once
  void add(const Transforms& others);
  bool empty() const { return entries_.empty(); }
  const std::vector<std::string>& entries() const { return entries_; }  // "dropped:temperature"
  std::string header() const;

 private:
  std::vector<std::string> entries_;
};

}  // namespace dragoman::chat
