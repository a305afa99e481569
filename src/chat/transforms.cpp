#include "chat/transforms.hpp"

#include <algorithm>

namespace dragoman::chat {
namespace {

std::string_view to_string(Transform kind) {
  switch (kind) {
    case Transform::dropped: return "dropped";
    case Transform::changed: return "changed";
    case Transform::emulated: return "emulated";
  }
  return "changed";
}

}  // namespace

void Transforms::add(Transform kind, std::string_view what) {
  std::string entry(to_string(kind));
  entry += ':';
  entry += what;
  if (std::find(entries_.begin(), entries_.end(), entry) == entries_.end()) {
    entries_.push_back(std::move(entry));
  }
}

void Transforms::add(const Transforms& others) {
  for (const auto& entry : others.entries_) {
    if (std::find(entries_.begin(), entries_.end(), entry) == entries_.end()) {
      entries_.push_back(entry);
    }
  }
}

std::string Transforms::header() const {
  std::string text;
  for (const auto& entry : entries_) {
    if (!text.empty()) text += ", ";
    text += entry;
  }
  return text;
}

}  // namespace dragoman::chat
