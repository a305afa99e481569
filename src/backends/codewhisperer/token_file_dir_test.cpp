#include "backends/codewhisperer/token_file_dir.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/codewhisperer/token_file.hpp"

namespace dragoman::codewhisperer {
namespace {

namespace fs = std::filesystem;

class StateDirTest : public testing::Test {
 protected:
  StateDirTest() {
    std::string pattern = (fs::temp_directory_path() / "dragoman-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    dir_ = StateDir(root_ + "/state");
  }
  ~StateDirTest() override { fs::remove_all(root_); }

  std::string path(const std::string& name) const { return root_ + "/state/" + name; }
  static mode_t mode(const std::string& path) {
    struct stat info{};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }
  std::string content() const {
    auto text = dir_.load(tokens_file);
    return text && *text ? **text : "";
  }

  std::string root_;
  StateDir dir_{""};
};

TEST_F(StateDirTest, WhatIsSavedIsLoaded) {
  EXPECT_FALSE(*dir_.load(tokens_file));
  ASSERT_TRUE(dir_.save(tokens_file, "one"));
  EXPECT_EQ(content(), "one");
  ASSERT_TRUE(dir_.save(tokens_file, "two"));
  EXPECT_EQ(content(), "two");
}

// G3
TEST_F(StateDirTest, OnlyTheOwnerCanReadFolderAndFiles) {
  const mode_t before = ::umask(0);
  ASSERT_TRUE(dir_.save(tokens_file, "one"));
  auto locked = dir_.try_lock();
  ::umask(before);
  ASSERT_TRUE(locked);
  EXPECT_EQ(mode(root_ + "/state"), 0700U);
  EXPECT_EQ(mode(path("tokens.json")), 0600U);
  EXPECT_EQ(mode(path("lock")), 0600U);
}

TEST_F(StateDirTest, FilesOthersCanReadAreUsedAndTightened) {
  fs::create_directory(root_ + "/state");
  ::chmod((root_ + "/state").c_str(), 0755);
  std::ofstream(path("tokens.json")) << "older";
  ::chmod(path("tokens.json").c_str(), 0644);
  EXPECT_EQ(content(), "older");
  EXPECT_EQ(mode(path("tokens.json")), 0600U);
  ASSERT_TRUE(dir_.save(tokens_file, "newer"));
  EXPECT_EQ(mode(root_ + "/state"), 0700U);
}

TEST_F(StateDirTest, SymbolicLinksAreRefusedAndTheirTargetsUntouched) {
  fs::create_directory(root_ + "/state");
  std::ofstream(root_ + "/elsewhere") << "treasure";
  fs::create_symlink(root_ + "/elsewhere", path("tokens.json"));
  const auto loaded = dir_.load(tokens_file);
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find("symbolic link"), std::string::npos);
  EXPECT_FALSE(dir_.save(tokens_file, "new"));
  fs::create_symlink(root_ + "/elsewhere", path("registration.json.new"));
  EXPECT_TRUE(dir_.save(registration_file, "new"));
  std::ifstream target(root_ + "/elsewhere");
  std::string text;
  target >> text;
  EXPECT_EQ(text, "treasure");
}

TEST_F(StateDirTest, ThingsThatAreNoFilesAreRefusedWithoutHanging) {
  fs::create_directories(path("tokens.json"));
  EXPECT_FALSE(dir_.load(tokens_file));
  EXPECT_FALSE(dir_.save(tokens_file, "x"));
  ASSERT_EQ(::mkfifo(path("registration.json").c_str(), 0600), 0);
  EXPECT_FALSE(dir_.load(registration_file));
}

TEST_F(StateDirTest, AFileThatIsTooLargeIsRefused) {
  fs::create_directory(root_ + "/state");
  std::ofstream(path("tokens.json")) << std::string(max_state_file_bytes + 1, 'x');
  EXPECT_FALSE(dir_.load(tokens_file));
}

TEST_F(StateDirTest, ErrorsKeepThePathToTheLog) {
  std::ofstream(root_ + "/state") << "a file in the way";
  const auto saved = dir_.save(tokens_file, "x");
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().message.find(root_), std::string::npos);
  EXPECT_NE(saved.error().detail.find(root_), std::string::npos);
}

TEST_F(StateDirTest, TheRevisionChangesWithEverySave) {
  EXPECT_EQ(dir_.revision(tokens_file), 0U);
  std::uint64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(dir_.save(tokens_file, "same size"));
    const std::uint64_t revision = dir_.revision(tokens_file);
    EXPECT_NE(revision, last);
    EXPECT_EQ(revision, dir_.revision(tokens_file));
    last = revision;
  }
}

TEST_F(StateDirTest, OneHolderAtATimeHasTheLock) {
  {
    auto first = dir_.try_lock();
    ASSERT_TRUE(first);
    EXPECT_EQ(dir_.try_lock().error().kind, ErrorKind::conflict);
  }
  EXPECT_TRUE(dir_.try_lock());
}

TEST_F(StateDirTest, ALockEndsWithItsProcess) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto locked = dir_.try_lock();
    ::_exit(locked ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(dir_.try_lock());
}

// T4: a crash before each step leaves the old file or the new one, and the next save works.
TEST_F(StateDirTest, ACrashAtAnyStepLeavesAWholeFile) {
  ASSERT_TRUE(dir_.save(tokens_file, "old"));
  for (SaveStep last : {SaveStep::create, SaveStep::write, SaveStep::sync, SaveStep::rename,
                        SaveStep::sync_directory}) {
    StateDir crashing(dir_.path());
    crashing.before_step = [last](SaveStep step) { return step != last; };
    EXPECT_FALSE(crashing.save(tokens_file, "new"));
    const std::string expected = last == SaveStep::sync_directory ? "new" : "old";
    EXPECT_EQ(content(), expected) << static_cast<int>(last);
    ASSERT_TRUE(dir_.save(tokens_file, "old"));
    EXPECT_EQ(content(), "old");
    EXPECT_FALSE(fs::exists(path("tokens.json.new")));
  }
}

// T4: a process that does nothing but save is killed 200 times.
TEST_F(StateDirTest, KillingTheWriterNeverLeavesABrokenFile) {
  constexpr int kills = 200;
  Tokens tokens;
  tokens.access_token = Secret(std::string(2000, 'a'));
  tokens.refresh_token = Secret(std::string(200, 'r'));
  ASSERT_TRUE(dir_.save(tokens_file, encode_tokens(tokens)));
  std::mt19937 random(1);
  std::uniform_int_distribution<int> delay_us(0, 3000);
  for (int i = 0; i < kills; ++i) {
    std::array<int, 2> started{};
    ASSERT_EQ(::pipe(started.data()), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      [[maybe_unused]] const auto said = ::write(started[1], "x", 1);
      for (;;) {
        auto saved = dir_.save(tokens_file, encode_tokens(tokens));
        if (!saved) ::_exit(1);
      }
    }
    char byte = 0;
    ASSERT_EQ(::read(started[0], &byte, 1), 1);
    ::close(started[0]);
    ::close(started[1]);
    ::usleep(static_cast<useconds_t>(delay_us(random)));  // where the kill falls is the test
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself";
    const auto read = decode_tokens(content());
    ASSERT_TRUE(read) << "after kill " << i;
    ASSERT_EQ(mode(path("tokens.json")), 0600U);
  }
}

}  // namespace
}  // namespace dragoman::codewhisperer
