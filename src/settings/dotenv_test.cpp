#include "settings/dotenv.hpp"

#include <gtest/gtest.h>
#include <map>
#include <rapidcheck.h>

namespace dragoman::settings {
namespace {

std::map<std::string, std::string> parse(std::string_view text) {
  auto entries = parse_dotenv(text);
  if (!entries) return {{"error", entries.error().message}};
  std::map<std::string, std::string> values;
  for (const DotenvEntry& entry : *entries) values[entry.name] = entry.value;
  return values;
}

using Values = std::map<std::string, std::string>;

TEST(Dotenv, ReadsNamesAndValues) {
  EXPECT_EQ(parse("PORT=3000\nexport COZE_BOT_ID = 7 \r\nEMPTY=\n"),
            (Values{{"PORT", "3000"}, {"COZE_BOT_ID", "7"}, {"EMPTY", ""}}));
}

TEST(Dotenv, CommentsAreLeftOutButNotInsideAValue) {
  EXPECT_EQ(parse("# first\n  # second\nA=1 # third\nB=x#y\nC=\"#z\" # fourth\nD=#\n"),
            (Values{{"A", "1"}, {"B", "x#y"}, {"C", "#z"}, {"D", ""}}));
}

TEST(Dotenv, DoubleQuotesKnowEscapesAndSingleQuotesDoNot) {
  EXPECT_EQ(parse(R"(A="one\ntwo\"\\\d"
B='one\ntwo"'
)"),
            (Values{{"A", "one\ntwo\"\\\\d"}, {"B", "one\\ntwo\""}}));
}

TEST(Dotenv, QuotedValuesMaySpanLines) {
  EXPECT_EQ(parse("KEY=\"-----BEGIN\nMII\n-----END\"\nPORT=1\n"),
            (Values{{"KEY", "-----BEGIN\nMII\n-----END"}, {"PORT", "1"}}));
}

TEST(Dotenv, AByteOrderMarkAndAMissingLastLineEndAreFine) {
  EXPECT_EQ(parse("\xEF\xBB\xBFPORT=1"), (Values{{"PORT", "1"}}));
}

TEST(Dotenv, ErrorsNameTheLineAndQuoteNothing) {
  EXPECT_EQ(parse("A=1\nno equals sign\n")["error"], "line 2: expected NAME=value");
  EXPECT_EQ(parse("A=1\n\nB=\"never\nclosed\n")["error"], "line 3: the quote is never closed");
  EXPECT_EQ(parse("A=\"1\n2\" rest\n")["error"],
            "line 2: unexpected text behind the closing quote");
  EXPECT_EQ(parse("9A=1\n")["error"], "line 1: expected a name of letters, digits and _ before =");
}

TEST(Dotenv, EntriesKnowTheirLine) {
  auto entries = parse_dotenv("\n\nA=\"x\ny\"\nB=2\n");
  ASSERT_TRUE(entries);
  EXPECT_EQ((*entries)[0].line, 3U);
  EXPECT_EQ((*entries)[1].line, 5U);
}

TEST(Dotenv, AnyBytesAreEitherReadOrRefused) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    auto entries = parse_dotenv(text);
    if (!entries) RC_ASSERT(entries.error().message.starts_with("line "));
  }));
}

TEST(Dotenv, WhatIsQuotedComesBack) {
  EXPECT_TRUE(rc::check([](const std::string& value) {
    std::string quoted;
    for (char c : value) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    auto entries = parse_dotenv("A=\"" + quoted + "\"\n");
    RC_ASSERT(entries.has_value());
    RC_ASSERT(entries->size() == 1U);
    RC_ASSERT((*entries)[0].value == value);
  }));
}

}  // namespace
}  // namespace dragoman::settings
