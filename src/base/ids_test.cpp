#include "base/ids.hpp"

#include <array>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <thread>
#include <vector>

namespace dragoman {
namespace {

TEST(MakeId, HasThePrefixAndLettersAndDigitsOfTheWantedNumber) {
  const std::regex shape("chatcmpl-[A-Za-z0-9]{24}");
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(std::regex_match(make_id("chatcmpl-"), shape));
  EXPECT_EQ(make_id("x", 0), "x");
  EXPECT_EQ(make_id("", 700).size(), 700U);
}

TEST(MakeId, EveryLetterIsAboutAsLikely) {
  std::array<int, 256> seen{};
  constexpr int letters = 62'000;
  for (const char c : make_id("", letters)) ++seen[static_cast<unsigned char>(c)];
  int used = 0;
  for (const int count : seen) {
    if (count == 0) continue;
    ++used;
    // The mean is 1000; a fair letter leaves 800..1200 once in 10^9 runs.
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1200);
  }
  EXPECT_EQ(used, 62);
}

TEST(MakeUuid, IsARandomUuidOfTheStandardsVariant) {
  const std::regex shape("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(std::regex_match(make_uuid(), shape));
}

TEST(Ids, DoNotRepeatOnAnyThread) {
  constexpr int each = 5000;
  std::array<std::vector<std::string>, 4> made;
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < each; ++i) mine.push_back(i % 2 == 0 ? make_uuid() : make_id("id-"));
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), made.size() * each);
}

}  // namespace
}  // namespace dragoman
