#include "backends/codewhisperer/token_file_dir.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dragoman::codewhisperer {
namespace {

constexpr mode_t others = S_IRWXG | S_IRWXO;

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

Error failure(std::string message, const std::string& path, int code) {
  return Error(ErrorKind::internal, std::move(message))
      .with_detail(path + ": " + std::strerror(code));
}

// Tightens what is ours; somebody else's is for somebody else to judge.
void tighten(int fd, const struct stat& info, mode_t mode) {
  const bool shared = (info.st_mode & S_ISVTX) != 0;  // a common folder such as /tmp
  if (!shared && info.st_uid == ::geteuid() && (info.st_mode & others) != 0) ::fchmod(fd, mode);
}

Result<int> open_directory(const std::string& path, bool create) {
  if (path.empty()) {
    return Error(ErrorKind::internal, "no folder for the sign-in is set: set DRAGOMAN_STATE_DIR");
  }
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  Fd dir(::open(path.c_str(), flags));
  if (!dir && errno == ENOENT && create) {
    std::error_code ec;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ec);
    if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
      return failure("the folder of the sign-in cannot be made", path, errno);
    }
    Fd made(::open(path.c_str(), flags));
    if (!made) return failure("the folder of the sign-in cannot be opened", path, errno);
    struct stat info{};
    if (::fstat(made.get(), &info) == 0) tighten(made.get(), info, S_IRWXU);
    return made.release();
  }
  if (!dir) return failure("the folder of the sign-in cannot be opened", path, errno);
  struct stat info{};
  if (::fstat(dir.get(), &info) == 0) tighten(dir.get(), info, S_IRWXU);
  return dir.release();
}

Result<std::string> read_all(int fd, const std::string& path) {
  std::string text;
  std::array<char, 16 * 1024> buffer{};
  while (text.size() <= max_state_file_bytes) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure("the stored sign-in cannot be read", path, errno);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return failure("the stored sign-in cannot be read", path, EFBIG);
}

int write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

}  // namespace

DirLock::~DirLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::optional<std::string>> StateDir::load(std::string_view name) const {
  const std::string path = path_ + "/" + std::string(name);
  // O_NONBLOCK: opening a FIFO somebody put there must not hang.
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    if (errno == ELOOP) {
      return failure("the stored sign-in is a symbolic link, which is refused", path, ELOOP);
    }
    return failure("the stored sign-in cannot be read", path, errno);
  }
  struct stat info{};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return failure("the stored sign-in is not a regular file", path, EINVAL);
  }
  tighten(file.get(), info, S_IRUSR | S_IWUSR);
  auto text = read_all(file.get(), path);
  if (!text) return text.error();
  return std::optional<std::string>(std::move(*text));
}

Result<void> StateDir::save(std::string_view name, std::string_view content) const {
  const std::string final_name(name);
  const std::string new_name = final_name + ".new";
  const std::string path = path_ + "/" + final_name;
  const auto fails = [&](int code) {
    return failure("the sign-in could not be stored", path, code);
  };
  const auto stopped = [&](SaveStep step) { return before_step && !before_step(step); };

  auto opened = open_directory(path_, true);
  if (!opened) return opened.error();
  const Fd dir(*opened);

  if (stopped(SaveStep::create)) return fails(EINTR);
  // What a crash left behind. The lock keeps other writers of ours away.
  ::unlinkat(dir.get(), new_name.c_str(), 0);
  Fd file(::openat(dir.get(), new_name.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) return fails(errno);
  const auto give_up = [&](int code) {
    ::unlinkat(dir.get(), new_name.c_str(), 0);
    return fails(code);
  };

  if (stopped(SaveStep::write)) return fails(EINTR);
  // The umask may have taken bits away, never added any.
  if (::fchmod(file.get(), S_IRUSR | S_IWUSR) != 0) return give_up(errno);
  if (const int code = write_all(file.get(), content); code != 0) return give_up(code);

  if (stopped(SaveStep::sync)) return fails(EINTR);
  if (::fsync(file.get()) != 0) return give_up(errno);

  if (stopped(SaveStep::rename)) return fails(EINTR);
  struct stat target{};
  if (::fstatat(dir.get(), final_name.c_str(), &target, AT_SYMLINK_NOFOLLOW) == 0 &&
      !S_ISREG(target.st_mode)) {
    return give_up(S_ISLNK(target.st_mode) ? ELOOP : EINVAL);
  }
  if (::renameat(dir.get(), new_name.c_str(), dir.get(), final_name.c_str()) != 0) {
    return give_up(errno);
  }

  if (stopped(SaveStep::sync_directory)) return fails(EINTR);
  if (::fsync(dir.get()) != 0) return fails(errno);
  return {};
}

std::uint64_t StateDir::revision(std::string_view name) const {
  const std::string path = path_ + "/" + std::string(name);
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return 0;
  std::uint64_t mix = 14695981039346656037ULL;  // FNV-1a over what a replacement changes
  for (const auto part :
       {static_cast<std::uint64_t>(info.st_ino), static_cast<std::uint64_t>(info.st_size),
        static_cast<std::uint64_t>(info.st_mtim.tv_sec),
        static_cast<std::uint64_t>(info.st_mtim.tv_nsec),
        static_cast<std::uint64_t>(info.st_ctim.tv_sec),
        static_cast<std::uint64_t>(info.st_ctim.tv_nsec)}) {
    mix = (mix ^ part) * 1099511628211ULL;
  }
  return mix == 0 ? 1 : mix;
}

Result<DirLock> StateDir::try_lock() const {
  auto opened = open_directory(path_, true);
  if (!opened) return opened.error();
  const Fd dir(*opened);
  // Never removed: two processes could otherwise hold locks on two files of the same name.
  Fd file(
      ::openat(dir.get(), "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) return failure("the sign-in cannot be locked", path_ + "/lock", errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return Error(ErrorKind::conflict, "another process is renewing the sign-in");
    }
    return failure("the sign-in cannot be locked", path_ + "/lock", errno);
  }
  return DirLock(file.release());
}

}  // namespace dragoman::codewhisperer
