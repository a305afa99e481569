#include "base/utf8.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dragoman {
namespace {

TEST(Utf8, RefusesWhatRfc3629Excludes) {
  for (auto bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xFF"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
  }
  EXPECT_TRUE(is_valid_utf8("a\xC2\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
}

TEST(Utf8, RepairsEachMaximalInvalidPartWithOneReplacement) {
  EXPECT_EQ(repair_utf8("a\xF0\x9F\x98z"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(repair_utf8("\xFF\xFE"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(repair_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Utf8, PrefixNeverCutsASequence) {
  EXPECT_EQ(utf8_prefix("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(utf8_prefix("a\xE2\x82\xAC", 4), "a\xE2\x82\xAC");
}

TEST(Utf8, RepairedBytesAreValidAndValidOnesStay) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    const std::string repaired = repair_utf8(bytes);
    RC_ASSERT(is_valid_utf8(repaired));
    if (is_valid_utf8(bytes)) RC_ASSERT(repaired == bytes);
  }));
}

TEST(Utf8, EveryCodePointSurvivesEncoding) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    std::string text;
    append_utf8(text, c);
    ASSERT_TRUE(is_valid_utf8(text));
    ASSERT_EQ(count_code_points(text), 1U);
  }
}

}  // namespace
}  // namespace dragoman
