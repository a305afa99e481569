// The part of load.hpp that touches files and the process.

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include "settings/dotenv.hpp"
#include "settings/load.hpp"
#include "settings/values.hpp"

namespace dragoman::settings {
namespace {

constexpr std::size_t max_file_bytes = 1024 * 1024;

// nullopt when there is no such file.
Result<std::optional<std::string>> read_text(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    return Error(ErrorKind::bad_request, std::string("cannot be read: ") + std::strerror(errno));
  }
  std::string text;
  std::array<char, 16 * 1024> buffer{};
  ssize_t count = 0;
  int failure = 0;
  while (text.size() <= max_file_bytes) {
    count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) failure = errno;
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(fd);
  if (failure != 0) {
    return Error(ErrorKind::bad_request, std::string("cannot be read: ") + std::strerror(failure));
  }
  if (text.size() > max_file_bytes) return Error(ErrorKind::bad_request, "is over 1 MiB");
  return std::optional<std::string>(std::move(text));
}

std::string value_of(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

// DRAGOMAN_CONFIG may stand in `.env` as well.
std::string config_from_dotenv(const Sources& sources) {
  if (!sources.dotenv) return {};
  auto entries = parse_dotenv(sources.dotenv->text);
  std::string path;
  if (!entries) return path;  // load() reports it
  for (const DotenvEntry& entry : *entries) {
    if (entry.name == "DRAGOMAN_CONFIG") path = entry.value;
  }
  return path;
}

void read_named(Sources& sources, const std::string& path) {
  auto text = read_text(path);
  if (!text) {
    sources.errors.push_back(path + ": " + text.error().message);
  } else if (!*text) {
    sources.errors.push_back(path + ": there is no such file");
  } else {
    sources.toml = TextFile{path, std::move(**text)};
  }
}

void read_first(Sources& sources, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    auto text = read_text(path);
    if (!text) {
      sources.errors.push_back(path + ": " + text.error().message);
      return;
    }
    if (!*text) continue;
    sources.toml = TextFile{path, std::move(**text)};
    return;
  }
}

}  // namespace

Sources find_sources(const std::string& config_file, Environment environment) {
  Sources sources;
  sources.environment = std::move(environment);
  sources.read_file = [](const std::string& path) -> Result<std::string> {
    auto text = read_text(path);
    if (!text) return text.error();
    if (!*text) return Error(ErrorKind::bad_request, "there is no such file");
    return std::move(**text);
  };
  auto dotenv = read_text(".env");
  if (!dotenv) {
    sources.errors.push_back(".env: " + dotenv.error().message);
  } else if (*dotenv) {
    sources.dotenv = TextFile{".env", std::move(**dotenv)};
  }
  std::string named = config_file;
  if (named.empty()) named = value_of(sources.environment, "DRAGOMAN_CONFIG");
  if (named.empty()) named = config_from_dotenv(sources);
  if (!named.empty()) {
    read_named(sources, named);
    return sources;
  }
  std::vector<std::string> paths = {"dragoman.toml"};
  const std::string home = value_of(sources.environment, "HOME");
  if (!home.empty()) paths.push_back(home + "/.config/dragoman/dragoman.toml");
  paths.emplace_back("/etc/dragoman/dragoman.toml");
  read_first(sources, paths);
  return sources;
}

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  if (value_of(environment, "HOME").empty()) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16 * 1024> buffer{};
    if (getpwuid_r(getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr && found->pw_dir != nullptr) {
      environment["HOME"] = found->pw_dir;
    }
  }
  return environment;
}

}  // namespace dragoman::settings
