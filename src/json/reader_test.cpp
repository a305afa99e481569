#include "json/reader.hpp"

#include <gtest/gtest.h>

namespace dragoman::json {
namespace {

Document parsed(std::string_view text) {
  auto document = Document::parse(text);
  EXPECT_TRUE(document.has_value()) << text;
  return std::move(*document);
}

TEST(JsonReader, ErrorsSayWhereAndWhatWasExpected) {
  const Document document = parsed(R"({"messages":[{},{"content":[{"text":7}]}]})");
  const Reader part =
      *document.root().require("messages")->array()->begin();  // the first message, which is empty
  EXPECT_EQ(part.require("role").error().message, "messages.0.role: is required");
  EXPECT_EQ(part.require("role").error().param, "messages.0.role");

  const Array messages = document.root().find("messages")->array().value();
  auto second = messages.begin();
  ++second;
  const Array content = (*second).find("content")->array().value();
  const Error error = (*content.begin()).find("text")->string().error();
  EXPECT_EQ(error.kind, ErrorKind::bad_request);
  EXPECT_EQ(error.message, "messages.1.content.0.text: expected a string");
  EXPECT_EQ(error.param, "messages.1.content.0.text");
}

TEST(JsonReader, AnErrorAtTheRootNamesTheBody) {
  const Document document = parsed("[1]");
  EXPECT_EQ(document.root().object().error().message, "the body: expected an object");
  EXPECT_EQ(document.root().object().error().param, "");
  EXPECT_EQ(document.root().require("x").error().message, "the body: expected an object");
  EXPECT_FALSE(document.root().find("x").has_value());
}

TEST(JsonReader, NullIsAbsent) {
  const Document document = parsed(R"({"a":null})");
  EXPECT_FALSE(document.root().find("a").has_value());
  EXPECT_EQ(document.root().require("a").error().message, "a: is required");
  EXPECT_EQ(document.root().optional_string("a").value(), std::nullopt);
}

TEST(JsonReader, OptionalsAreAbsentPresentOrWrong) {
  const Document document = parsed(R"({"s":"x","b":true,"i":3,"d":1.5})");
  const Reader root = document.root();
  EXPECT_EQ(root.optional_string("s").value(), "x");
  EXPECT_EQ(root.optional_boolean("b").value(), true);
  EXPECT_EQ(root.optional_integer("i").value(), 3);
  EXPECT_EQ(root.optional_number("d").value(), 1.5);
  EXPECT_EQ(root.optional_number("nothing").value(), std::nullopt);
  EXPECT_EQ(root.optional_string("b").error().message, "b: expected a string");
  EXPECT_EQ(root.optional_boolean("s").error().message, "s: expected true or false");
  EXPECT_EQ(root.optional_integer("d").error().message, "d: expected an integer");
  EXPECT_EQ(root.optional_number("s").error().message, "s: expected a number");
}

TEST(JsonReader, IntegersMayBeSpeltWithAFractionOfZero) {
  EXPECT_EQ(parsed("3.0").root().integer().value(), 3);
  EXPECT_EQ(parsed("1e3").root().integer().value(), 1000);
  EXPECT_EQ(parsed("-9223372036854775808").root().integer().value(), INT64_MIN);
  for (const auto* text : {"3.5", "1e17", "18446744073709551615", "\"3\"", "true", "null"}) {
    EXPECT_FALSE(parsed(text).root().integer().has_value()) << text;
  }
}

TEST(JsonReader, TheFirstOfTwoMembersCounts) {
  EXPECT_EQ(parsed(R"({"a":1,"a":2})").root().find("a")->integer().value(), 1);
}

TEST(JsonReader, KindsAreTold) {
  using Kind = Reader::Kind;
  EXPECT_EQ(parsed("null").root().kind(), Kind::null);
  EXPECT_EQ(parsed("false").root().kind(), Kind::boolean);
  EXPECT_EQ(parsed("1").root().kind(), Kind::number);
  EXPECT_EQ(parsed("18446744073709551615").root().kind(), Kind::number);
  EXPECT_EQ(parsed("1.5").root().kind(), Kind::number);
  EXPECT_EQ(parsed("\"\"").root().kind(), Kind::string);
  EXPECT_EQ(parsed("[]").root().kind(), Kind::array);
  EXPECT_EQ(parsed("{}").root().kind(), Kind::object);
}

TEST(JsonReader, MinifiedKeepsTheOrderOfMembers) {
  EXPECT_EQ(parsed("{ \"b\" : [ 1 , \"x\\n\" ] , \"a\" : null }").root().minified(),
            R"({"b":[1,"x\n"],"a":null})");
}

TEST(JsonReader, LongKeysAreCutInPathsBetweenCharacters) {
  const std::string key = std::string(47, 'k') + "\xE2\x82\xAC\xE2\x82\xAC";
  const Document document = parsed("{\"" + key + "\":1}");
  const Object object = document.root().object().value();
  EXPECT_EQ((*object.begin()).value.path(), std::string(47, 'k'));
}

TEST(JsonReader, DeepPathsKeepTheirFirstEightSteps) {
  const Document document = parsed(std::string(12, '[') + std::string(12, ']'));
  Reader at = document.root();
  for (int i = 0; i < 11; ++i) at = *at.array()->begin();
  EXPECT_EQ(at.path(), "0.0.0.0.0.0.0.0");
}

TEST(JsonReader, ReadersSurviveAMoveOfTheDocument) {
  Document first = parsed(R"({"a":"text"})");
  const Reader member = *first.root().find("a");
  const Document second = std::move(first);
  EXPECT_EQ(member.string().value(), "text");
  EXPECT_EQ(second.root().find("a")->string().value(), "text");
}

TEST(JsonDocument, RefusesWhatIsNotJson) {
  for (const std::string_view text : {
           "",        " ",       "{",           "}",           "[1,]",     "{\"a\":}",
           "{a:1}",   "{'a':1}", "[1 2]",       "nul",         "NaN",      "Infinity",
           "-",       "01",      "+1",          "1.",          ".5",       "1e",
           "0x10",    "1e400",   "\"",          "\"\\x\"",     "\"\n\"",   "\"\\u12\"",
           "[1]]",    "{} {}",   "\"\\ud83d\"", "\"\\udc00\"", "\"\xFF\"", "\"\xED\xA0\x80\"",
           "// x\n1", "[1]\x01", "\xFF\xFE[",   "tru\xC3\xA9", "{\"a\"}",  "{\"a\":1,}",
       }) {
    const auto document = Document::parse(text);
    ASSERT_FALSE(document.has_value()) << text;
    EXPECT_EQ(document.error().kind, ErrorKind::bad_request) << text;
    EXPECT_EQ(document.error().param, "");
    EXPECT_FALSE(document.error().message.empty());
  }
  EXPECT_FALSE(Document::parse(std::string_view("\0", 1)).has_value());
  EXPECT_FALSE(Document::parse(std::string_view("1\0", 2)).has_value());
}

TEST(JsonDocument, SaysWhichLimitOrRuleWasBroken) {
  const auto message = [](std::string_view text) { return Document::parse(text).error().message; };
  EXPECT_EQ(message(""), "the body is empty, expected a JSON object");
  EXPECT_EQ(message("\"\xFF\""), "the body is not valid UTF-8");
  EXPECT_EQ(message("\"abc"), "the JSON ends inside a string");
  EXPECT_EQ(message("\"\t\""), "the JSON has an unescaped control character in a string");
  EXPECT_EQ(message("1e999"), "the JSON has a number that is malformed or out of range");
  EXPECT_EQ(message(std::string(200, '[') + std::string(200, ']')),
            "the JSON is nested too deeply");
  EXPECT_EQ(message("{bad"), "the body is not valid JSON");
}

TEST(JsonDocument, SkipsAByteOrderMark) {
  EXPECT_TRUE(parsed("\xEF\xBB\xBF{}").root().object().has_value());
  EXPECT_FALSE(Document::parse("\xEF\xBB\xBF").has_value());
  EXPECT_FALSE(Document::parse("\xEF\xBB{}").has_value());
}

TEST(JsonDocument, DepthIsLimited) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(Document::parse(nested(10), 11).has_value());
  EXPECT_FALSE(Document::parse(nested(12), 11).has_value());
  EXPECT_TRUE(Document::parse(nested(100)).has_value());
  EXPECT_FALSE(Document::parse(nested(129)).has_value());
  EXPECT_FALSE(Document::parse(nested(1'000'000)).has_value());
}

TEST(JsonDocument, SurrogatePairsAndNulAreText) {
  EXPECT_EQ(parsed(R"("\ud83d\ude00")").root().string().value(), "\xF0\x9F\x98\x80");
  EXPECT_EQ(parsed(R"("a\u0000b")").root().string().value(), std::string_view("a\0b", 3));
}

TEST(Document, RefusesALargeTextOfVeryManyValues) {
  std::string numbers = "[1";
  while (numbers.size() < max_dense_bytes + 10) numbers += ",1";
  numbers += ']';
  const auto refused = Document::parse(numbers);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the JSON has too many values for its size");
  EXPECT_TRUE(Document::parse("[1,1,1,1,1,1,1,1]"));

  std::string words = "[\"";
  while (words.size() < max_dense_bytes + 10) words += "[[[,,,]]]\\\"";  // all inside a string
  words += "\"]";
  EXPECT_TRUE(Document::parse(words));
}

TEST(Document, ReadsPaddedTextWhereItLies) {
  std::string text = R"({"a":"b"})";
  const std::size_t size = text.size();
  text.append(byte_padding, 'x');
  const auto document =
      Document::parse(PaddedBytes::promise(std::string_view(text).substr(0, size)));
  ASSERT_TRUE(document);
  text.assign(text.size(), '?');
  EXPECT_EQ(*document->root().require("a")->string(), "b");
}

}  // namespace
}  // namespace dragoman::json
