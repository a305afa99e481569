#include "telemetry/log.hpp"

#include <gtest/gtest.h>

namespace dragoman::log {
namespace {

TEST(Log, WritesFieldsInBothFormats) {
  const std::string id = "req_1";
  EXPECT_EQ(
      format_line(Format::text, Level::info, "done", {{"request", id}, {"ms", 1.5}, {"n", 3}}),
      "info  done request=req_1 ms=1.5 n=3");
  EXPECT_EQ(format_line(Format::json, Level::warn, "done", {{"request", id}, {"ok", true}}),
            R"({"level":"warn","message":"done","request":"req_1","ok":true})");
}

TEST(Log, KeepsALineOneLine) {
  EXPECT_EQ(format_line(Format::text, Level::error, "m", {{"x", "a\nb=c"}, {"y", ""}}),
            R"(error m x="a\nb=c" y="")");
  EXPECT_EQ(format_line(Format::json, Level::error, "m", {{"x", "\r\n\"\xff"}}),
            "{\"level\":\"error\",\"message\":\"m\",\"x\":\"\\r\\n\\\"\xEF\xBF\xBD\"}");
}

}  // namespace
}  // namespace dragoman::log
