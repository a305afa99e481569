#pragma once
// The folder that holds a sign-in, and how files in it are read, replaced and locked.
//
//   StateDir dir(path);
//   auto lock = dir.try_lock();                   // other processes keep out
//   auto text = dir.load("tokens.json");          // nullopt when there is none
//   auto saved = dir.save("tokens.json", content);
//
// A file is replaced as a whole: a new one is written beside it (O_EXCL, O_NOFOLLOW, 0600), synced,
// renamed over the old one, and the folder synced. After a crash at any step the file is either the
// old or the new one. The folder is 0700, made when it is missing and tightened when it is ours.
// Symbolic links in place of files are refused. A file others can read is used, and tightened.
//
// All calls block: on a local disk for milliseconds. Errors: internal, with a message that is fit
// for clients; the path and the system's words are in `detail`.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace dragoman::codewhisperer {

inline constexpr std::size_t max_state_file_bytes = 256 * 1024;
inline constexpr std::string_view tokens_file = "tokens.json";
inline constexpr std::string_view registration_file = "registration.json";

enum class SaveStep { create, write, sync, rename, sync_directory };

// Released when destroyed, or when the process ends in whatever way.
class DirLock {
 public:
  explicit DirLock(int fd) : fd_(fd) {}
  DirLock(DirLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  DirLock& operator=(DirLock&&) = delete;
  ~DirLock();

 private:
  int fd_;
};

class StateDir {
 public:
  explicit StateDir(std::string path) : path_(std::move(path)) {}

  Result<std::optional<std::string>> load(std::string_view name) const;
  Result<void> save(std::string_view name, std::string_view content) const;

  // Changes when the file does; 0 when there is none.
  std::uint64_t revision(std::string_view name) const;

  // Error of kind conflict: another process, or another holder in this one, has it.
  Result<DirLock> try_lock() const;

  const std::string& path() const { return path_; }

  // For tests: asked before each step of save(); false leaves everything as a crash there would.
  std::function<bool(SaveStep)> before_step;

 private:
  std::string path_;
};

}  // namespace dragoman::codewhisperer
