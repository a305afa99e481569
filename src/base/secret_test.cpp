#include "base/secret.hpp"

#include <gtest/gtest.h>
#include <ostream>
#include <type_traits>

namespace dragoman {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept Comparable = requires(const T& a, const T& b) { a == b; };

static_assert(Streamable<std::string> && !Streamable<Secret>);
static_assert(Comparable<std::string> && !Comparable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);

TEST(Secret, IsFormattedAsStars) {
  const Secret secret("sk-very-secret");
  EXPECT_EQ(fmt::format("key {}", secret), "key ***");
  EXPECT_EQ(fmt::format("{}", Secret()), "***");
}

TEST(Secret, RevealsItselfOnlyWhenAsked) {
  EXPECT_EQ(Secret("sk-1").reveal(), "sk-1");
  EXPECT_TRUE(Secret().empty());
  EXPECT_FALSE(Secret("x").empty());
}

TEST(Secret, EqualsOnlyTheWholeText) {
  const Secret secret("sk-12");
  EXPECT_TRUE(secret.equals("sk-12"));
  for (const std::string_view other : {"", "sk-1", "sk-123", "sk-13", "xk-12"}) {
    EXPECT_FALSE(secret.equals(other)) << other;
  }
  EXPECT_FALSE(secret.equals(std::string_view("sk-12\0", 6)));
  EXPECT_TRUE(Secret().equals(""));
  EXPECT_FALSE(Secret().equals("x"));
}

TEST(Secret, AMovedOneLeavesNothingBehind) {
  for (const std::string& text : {std::string("short"), std::string(100, 'l')}) {
    Secret first{std::string(text)};
    Secret second(std::move(first));
    EXPECT_EQ(second.reveal(), text);
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is the question
    Secret third("other");
    third = std::move(second);
    EXPECT_EQ(third.reveal(), text);
    EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
  }
}

TEST(Secret, CopiesAreIndependent) {
  Secret first("one");
  Secret second(first);
  first = Secret("two");
  EXPECT_EQ(first.reveal(), "two");
  EXPECT_EQ(second.reveal(), "one");
  const Secret& same = second;
  second = same;
  EXPECT_EQ(second.reveal(), "one");
}

TEST(Secret, ItsBytesAreWipedBeforeNewOnesCome) {
  Secret secret("0123456789");
  const char* bytes = secret.reveal().data();
  secret = Secret("ab");
  // Short texts live within the object, so the old bytes can still be looked at.
  EXPECT_EQ(secret.reveal().data(), bytes);
  EXPECT_EQ(std::string_view(bytes + 3, 7), std::string_view("\0\0\0\0\0\0\0", 7));
}

}  // namespace
}  // namespace dragoman
