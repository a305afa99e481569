#include "serve/cors.hpp"

#include <gtest/gtest.h>

namespace dragoman::serve {
namespace {

std::string headers_for(const Cors& cors, std::string_view origin) {
  net::HeaderBlock head;
  cors.add_headers(origin, head);
  return std::string(head.str());
}

TEST(Cors, SaysNothingWhenOff) { EXPECT_EQ(headers_for(Cors(false, {"*"}), "https://a"), ""); }

TEST(Cors, AllowsAnyOriginWithoutCredentials) {
  const auto head = headers_for(Cors(true, {"*"}), "https://a");
  EXPECT_NE(head.find("access-control-allow-origin: *\r\n"), std::string::npos);
  EXPECT_EQ(head.find("credentials"), std::string::npos);
}

TEST(Cors, NamesAnOriginOfTheListAndNoOther) {
  const Cors cors(true, {"https://a", "https://b"});
  EXPECT_NE(headers_for(cors, "https://b").find("access-control-allow-origin: https://b\r\n"),
            std::string::npos);
  EXPECT_EQ(headers_for(cors, "https://c"), "vary: origin\r\n");
  EXPECT_EQ(headers_for(cors, ""), "vary: origin\r\n");
}

TEST(Cors, EchoesTheHeadersAPreflightAsksFor) {
  net::Headers request;
  request.add("Origin", "https://a");
  request.add("Access-Control-Request-Headers", "x-a,authorization");
  net::HeaderBlock head;
  Cors(true, {"https://a"}).add_preflight_headers(request, head);
  EXPECT_NE(head.str().find("access-control-allow-headers: x-a,authorization\r\n"),
            std::string::npos);
  EXPECT_NE(head.str().find("access-control-allow-methods: "), std::string::npos);
}

}  // namespace
}  // namespace dragoman::serve
