#include "cli/qr.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "base/utf8.hpp"

namespace dragoman::cli {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

TEST(QrCode, IsASquareOfHalfBlocks) {
  const auto lines =
      lines_of(draw_qr_code("https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH"));
  ASSERT_FALSE(lines.empty());
  const std::size_t width = count_code_points(lines[0]);
  for (const std::string& line : lines) EXPECT_EQ(count_code_points(line), width);
  EXPECT_EQ(lines.size(), (width + 1) / 2);
  EXPECT_LE(width, 80U);
}

// The corner a scanner looks for: seven modules dark, behind a light border of two.
TEST(QrCode, HasItsFinderPatternInTheCorner) {
  const auto lines = lines_of(draw_qr_code("x"));
  EXPECT_EQ(lines[0].find(' '), std::string::npos) << "the border is light";
  const std::string light = "\u2588";
  const std::string upper = "\u2580";
  const std::string lower = "\u2584";
  EXPECT_TRUE(lines[1].starts_with(light + light + " " + lower + lower + lower + lower + lower +
                                   " " + light));
  EXPECT_TRUE(lines[2].starts_with(light + light + " " + light + "   " + light + " " + light));
}

TEST(QrCode, WhatIsTooLongIsLeftOut) {
  EXPECT_EQ(draw_qr_code(std::string(401, 'x')), "");
  EXPECT_EQ(draw_qr_code(""), "");
}

}  // namespace
}  // namespace dragoman::cli
