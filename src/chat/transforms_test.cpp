#include "chat/transforms.hpp"

#include <gtest/gtest.h>

namespace dragoman::chat {
namespace {

TEST(Transforms, NoneMeansAnEmptyHeader) {
  const Transforms none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.header(), "");
}

TEST(Transforms, AreListedInOrderWithTheirKind) {
  Transforms transforms;
  transforms.add(Transform::dropped, "temperature");
  transforms.add(Transform::emulated, "system");
  transforms.add(Transform::changed, "content_parts");
  EXPECT_FALSE(transforms.empty());
  EXPECT_EQ(transforms.header(), "dropped:temperature, emulated:system, changed:content_parts");
}

TEST(Transforms, TheSamePairCountsOnce) {
  Transforms transforms;
  transforms.add(Transform::dropped, "stop");
  transforms.add(Transform::dropped, "stop");
  transforms.add(Transform::changed, "stop");
  EXPECT_EQ(transforms.header(), "dropped:stop, changed:stop");
}

TEST(Transforms, TwoListsJoinWithoutRepeating) {
  Transforms first;
  first.add(Transform::dropped, "a");
  first.add(Transform::dropped, "b");
  Transforms second;
  second.add(Transform::dropped, "b");
  second.add(Transform::dropped, "c");
  first.add(second);
  EXPECT_EQ(first.header(), "dropped:a, dropped:b, dropped:c");
  first.add(first);
  EXPECT_EQ(first.entries().size(), 3U);
}

}  // namespace
}  // namespace dragoman::chat
