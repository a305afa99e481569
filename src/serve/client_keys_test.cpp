#include "serve/client_keys.hpp"

#include <gtest/gtest.h>

namespace dragoman::serve {
namespace {

net::Headers with(std::string_view name, std::string_view value) {
  net::Headers headers;
  headers.add(name, value);
  return headers;
}

const ClientKeys keys({Secret("sk-one"), Secret("sk-two")});

TEST(ClientKeys, AcceptAnyOfTheKeysInEitherHeader) {
  EXPECT_TRUE(keys.accept(with("Authorization", "Bearer sk-one")));
  EXPECT_TRUE(keys.accept(with("authorization", "bearer  sk-two")));
  EXPECT_TRUE(keys.accept(with("X-API-Key", "sk-two")));
}

TEST(ClientKeys, RefuseEverythingElse) {
  EXPECT_FALSE(keys.accept({}));
  for (auto bad : {"", "Bearer", "Bearer ", "Bearer sk-on", "Bearer sk-one ", "Bearer sk-onex",
                   "Basic sk-one", "sk-one", "Bearer sk-one,sk-two"}) {
    EXPECT_FALSE(keys.accept(with("authorization", bad))) << bad;
  }
  EXPECT_FALSE(keys.accept(with("x-api-key", "")));
}

TEST(ClientKeys, WithoutKeysEveryoneMayCall) { EXPECT_TRUE(ClientKeys({}).accept({})); }

}  // namespace
}  // namespace dragoman::serve
