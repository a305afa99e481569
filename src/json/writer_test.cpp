#include "json/writer.hpp"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck.h>
#include <variant>
#include <vector>

#include "base/utf8.hpp"
#include "json/reader.hpp"

namespace dragoman::json {
namespace {

TEST(JsonWriter, PlacesCommasAndColons) {
  std::string out;
  Writer w(out);
  w.begin_object();
  w.key("empty").begin_object().end_object();
  w.key("list").begin_array().number(1).boolean(true).null().string("x").begin_array();
  w.end_array().begin_object().key("k").number(-2).end_object().end_array();
  w.key("raw").raw("[1, 2]").key("last").text(JsonText::promise("a\\n"));
  w.end_object();
  EXPECT_EQ(out, R"({"empty":{},"list":[1,true,null,"x",[],{"k":-2}],"raw":[1, 2],"last":"a\n"})");
}

TEST(JsonWriter, AppendsToWhatIsThere) {
  std::string out = "data: ";
  Writer(out).begin_array().end_array();
  EXPECT_EQ(out, "data: []");
}

TEST(JsonWriter, EscapesKeys) {
  std::string out;
  Writer(out).begin_object().key("a\"\n").null().end_object();
  EXPECT_EQ(out, R"({"a\"\n":null})");
}

TEST(JsonWriter, WritesTheLimitsOfIntegers) {
  std::string out;
  Writer w(out);
  w.begin_array().number(std::numeric_limits<std::int64_t>::min());
  w.number(std::numeric_limits<std::uint64_t>::max()).number(std::uint8_t{7}).end_array();
  EXPECT_EQ(out, "[-9223372036854775808,18446744073709551615,7]");
}

TEST(JsonWriter, NumbersThatJsonLacksBecomeNull) {
  std::string out;
  Writer w(out);
  w.begin_array().number(std::nan("")).number(HUGE_VAL).number(-HUGE_VAL).end_array();
  EXPECT_EQ(out, "[null,null,null]");
}

TEST(JsonWriter, FiniteNumbersReadBackEqual) {
  EXPECT_TRUE(rc::check([](std::uint64_t bits) {
    double value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    RC_PRE(std::isfinite(value));
    std::string out;
    Writer(out).number(value);
    const auto document = Document::parse(out);
    RC_ASSERT(document.has_value());
    RC_ASSERT(document->root().number().value() == value);
  }));
}

// A JSON value to be written and compared.
struct Value;
struct Named;
using List = std::vector<Value>;
using Members = std::vector<Named>;
struct Value {
  std::variant<std::nullptr_t, bool, std::int64_t, std::string, List, Members> is;
};
struct Named {
  std::string key;
  Value value;
};

void write(Writer& w, const Value& value);

struct WriteVisitor {
  Writer& w;
  void operator()(std::nullptr_t) const { w.null(); }
  void operator()(bool b) const { w.boolean(b); }
  void operator()(std::int64_t n) const { w.number(n); }
  void operator()(const std::string& s) const { w.string(s); }
  void operator()(const List& list) const {
    w.begin_array();
    for (const auto& item : list) write(w, item);
    w.end_array();
  }
  void operator()(const Members& members) const {
    w.begin_object();
    for (const auto& [key, item] : members) {
      w.key(key);
      write(w, item);
    }
    w.end_object();
  }
};

void write(Writer& w, const Value& value) { std::visit(WriteVisitor{w}, value.is); }

bool same(const Reader& read, const Value& value);

struct SameVisitor {
  const Reader& read;
  bool operator()(std::nullptr_t) const { return read.is_null(); }
  bool operator()(bool b) const { return read.boolean().value() == b; }
  bool operator()(std::int64_t n) const { return read.integer().value() == n; }
  bool operator()(const std::string& s) const { return read.string().value() == s; }
  bool operator()(const List& list) const {
    const Array array = read.array().value();
    if (array.size() != list.size()) return false;
    auto expected = list.begin();
    for (const Reader item : array) {
      if (!same(item, *expected++)) return false;
    }
    return true;
  }
  bool operator()(const Members& members) const {
    const Object object = read.object().value();
    auto expected = members.begin();
    for (const auto [key, item] : object) {
      if (expected == members.end() || key != expected->key) return false;
      if (!same(item, expected->value)) return false;
      ++expected;
    }
    return expected == members.end();
  }
};

bool same(const Reader& read, const Value& value) {
  return std::visit(SameVisitor{read}, value.is);
}

std::string random_text() { return repair_utf8(*rc::gen::arbitrary<std::string>()); }

Value random_value(int depth) {
  const int kind = *rc::gen::inRange(0, depth > 0 ? 6 : 4);
  switch (kind) {
    case 0: return {nullptr};
    case 1: return {*rc::gen::arbitrary<bool>()};
    case 2: return {*rc::gen::arbitrary<std::int64_t>()};
    case 3: return {random_text()};
    default: break;
  }
  const int size = *rc::gen::inRange(0, 5);
  if (kind == 4) {
    List list;
    for (int i = 0; i < size; ++i) list.push_back(random_value(depth - 1));
    return {std::move(list)};
  }
  Members members;
  for (int i = 0; i < size; ++i) members.push_back({random_text(), random_value(depth - 1)});
  return {std::move(members)};
}

TEST(JsonWriter, WhatIsWrittenReadsBackEqualAndMinifiesToItself) {
  EXPECT_TRUE(rc::check([] {
    const Value value = random_value(4);
    std::string out;
    Writer w(out);
    write(w, value);
    const auto document = Document::parse(out);
    RC_ASSERT(document.has_value());
    RC_ASSERT(same(document->root(), value));
    RC_ASSERT(document->root().minified() == out);
  }));
}

}  // namespace
}  // namespace dragoman::json
