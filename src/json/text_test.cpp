#include "json/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/utf8.hpp"

namespace dragoman::json {
namespace {

constexpr std::string_view fffd = "\xEF\xBF\xBD";

struct Pair {
  std::string_view plain;
  std::string_view escaped;
};

TEST(JsonEscape, EscapesWhatJsonDemandsAndNothingElse) {
  constexpr Pair table[] = {
      {"", ""},
      {"plain", "plain"},
      {"\"", "\\\""},
      {"\\", "\\\\"},
      {"/", "/"},
      {"\n\r\t\b\f", "\\n\\r\\t\\b\\f"},
      {"\x01\x1f", "\\u0001\\u001f"},
      {{"\0", 1}, "\\u0000"},
      {"\x7f", "\x7f"},
      {"<script>&", "<script>&"},
      {"\xE2\x80\xA8", "\xE2\x80\xA8"},
      {"a\xF0\x9F\x98\x80z", "a\xF0\x9F\x98\x80z"},
  };
  for (const Pair& row : table) {
    EXPECT_EQ(escape(row.plain), row.escaped);
    EXPECT_EQ(unescape(row.escaped), row.plain);
  }
}

TEST(JsonEscape, ReplacesInvalidBytes) {
  EXPECT_EQ(escape("a\xFFz"), "a" + std::string(fffd) + "z");
  EXPECT_EQ(escape("\"\xF0\x9F\x98"), "\\\"" + std::string(fffd));
}

TEST(JsonUnescape, ResolvesEveryKindOfEscape) {
  constexpr Pair table[] = {
      {"\"\\/\b\f\n\r\t", R"(\"\\\/\b\f\n\r\t)"},
      {"A", R"(\u0041)"},
      {"\xC3\xA9", R"(\u00e9)"},
      {"\xC3\xA9", R"(\u00E9)"},
      {"\xE2\x82\xAC", R"(\u20AC)"},
      {"\xF0\x9F\x98\x80", R"(\ud83d\ude00)"},
      {{"\0", 1}, R"(\u0000)"},
  };
  for (const Pair& row : table) EXPECT_EQ(unescape(row.escaped), row.plain) << row.escaped;
}

TEST(JsonUnescape, RefusesBrokenEscapesAndBytes) {
  for (const auto* raw : {"\\", "\\x", "\\u", "\\u12", "\\u123", "\\u12g4", "a\\", "\\U0041",
                          "\\ u0041", "\xFF", "\xED\xA0\x80"}) {
    EXPECT_EQ(unescape(raw), std::nullopt) << raw;
  }
}

TEST(JsonUnescape, ReplacesLoneSurrogates) {
  const std::string lone(fffd);
  EXPECT_EQ(unescape(R"(\ud83d)"), lone);
  EXPECT_EQ(unescape(R"(\ude00)"), lone);
  EXPECT_EQ(unescape(R"(\ud83dx)"), lone + "x");
  EXPECT_EQ(unescape(R"(\ude00\ud83d)"), lone + lone);
  EXPECT_EQ(unescape(R"(\ud83d\ud83d\ude00)"), lone + "\xF0\x9F\x98\x80");
}

TEST(JsonEscape, IsUndoneByUnescape) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    const std::string text = repair_utf8(bytes);
    RC_ASSERT(unescape(escape(text)) == text);
    RC_ASSERT(JsonText::promise(escape(text)).plain() == text);
  }));
}

TEST(TextStream, PassesCleanTextWithoutCopyingIt) {
  const std::string raw = R"(a \"quoted\" \u20ac \n line)";
  TextStream stream;
  const JsonText text = stream.next(raw);
  EXPECT_EQ(text.escaped().data(), raw.data());
  EXPECT_EQ(text.escaped(), raw);
}

TEST(TextStream, JoinsAPairThatWasCutBetweenTwoDeltas) {
  TextStream stream;
  EXPECT_EQ(stream.next(R"(a\ud83d)").escaped(), "a");
  EXPECT_EQ(stream.next(R"(\ude00z)").escaped(), "\xF0\x9F\x98\x80z");
  EXPECT_TRUE(stream.finish().empty());
}

TEST(TextStream, ReplacesHalfAPairThatNeverCompletes) {
  TextStream stream;
  EXPECT_EQ(stream.next(R"(\ud83d)").escaped(), "");
  EXPECT_EQ(stream.next("").escaped(), "");
  EXPECT_EQ(stream.next("x").escaped(), std::string(fffd) + "x");
  EXPECT_EQ(stream.next(R"(\ud83d)").escaped(), "");
  EXPECT_EQ(stream.finish().escaped(), fffd);
  EXPECT_TRUE(stream.finish().empty());
}

TEST(TextStream, TextsOfABatchStayValidUntilTheNextBatch) {
  TextStream stream;
  stream.begin_batch();
  std::vector<JsonText> texts;
  for (int i = 0; i < 200; ++i) texts.push_back(stream.next(R"(\x)" + std::to_string(i)));
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(texts[i].escaped(), std::string(fffd) + "x" + std::to_string(i));
  }
}

TEST(TextStream, AnyBytesBecomeTextThatMayStandBetweenQuotes) {
  EXPECT_TRUE(rc::check([](const std::vector<std::string>& pieces) {
    TextStream stream;
    std::string all;
    for (const auto& piece : pieces) all += stream.next(piece).escaped();
    all += stream.finish().escaped();
    RC_ASSERT(unescape(all).has_value());
    for (const char c : all) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i] == '\\') {
        ++i;
      } else {
        RC_ASSERT(all[i] != '"');
      }
    }
  }));
}

// One unit of a JSON string: cuts between units are the cuts an upstream makes.
rc::Gen<std::string> unit() {
  return rc::gen::element<std::string>(
      "a", " ", "/", R"(\")", R"(\\)", R"(\/)", R"(\n)", R"(\u0000)", R"(\u0041)", R"(\u20ac)",
      R"(\ud83d)", R"(\ud83d)", R"(\ude00)", R"(\ude00)", "\xC3\xA9", "\xF0\x9F\x98\x80");
}

TEST(TextStream, RandomCutsGiveTheTextOfTheWhole) {
  EXPECT_TRUE(rc::check([] {
    const auto units = *rc::gen::container<std::vector<std::string>>(unit());
    TextStream stream;
    std::string whole;
    std::string piece;
    std::string cut;
    for (const auto& part : units) {
      whole += part;
      piece += part;
      if (*rc::gen::arbitrary<bool>()) continue;
      cut += stream.next(piece).plain();
      stream.begin_batch();
      piece.clear();
    }
    cut += stream.next(piece).plain();
    cut += stream.finish().plain();
    RC_ASSERT(cut == unescape(whole).value());
  }));
}

}  // namespace
}  // namespace dragoman::json
