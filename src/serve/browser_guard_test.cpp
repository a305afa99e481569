#include "serve/browser_guard.hpp"

#include <gtest/gtest.h>

namespace dragoman::serve {
namespace {

bool accepted(const BrowserGuard& guard, std::string_view host, std::string_view origin = {}) {
  net::Headers headers;
  headers.add("Host", host);
  if (!origin.empty()) headers.add("Origin", origin);
  return guard.accepts(headers);
}

const BrowserGuard guard(true, {});

TEST(BrowserGuard, LetsProgramsOnThisMachineIn) {
  for (auto host : {"127.0.0.1:3000", "localhost:3000", "LOCALHOST", "[::1]:3000", "192.168.0.7",
                    "dragoman.localhost"}) {
    EXPECT_TRUE(accepted(guard, host)) << host;
  }
  for (auto origin : {"http://localhost:8080", "http://127.0.0.1", "http://[::1]:5173",
                      "app://chat", "file://"}) {
    EXPECT_TRUE(accepted(guard, "127.0.0.1", origin)) << origin;
  }
}

TEST(BrowserGuard, KeepsPagesOfOtherSitesOut) {
  for (auto origin : {"https://evil.example", "null", "http://localhost.evil.example",
                      "http://127.0.0.1.evil.example", "https://notlocalhost"}) {
    EXPECT_FALSE(accepted(guard, "127.0.0.1", origin)) << origin;
  }
}

TEST(BrowserGuard, KeepsRebindingNamesOut) {
  EXPECT_FALSE(accepted(guard, "rebind.evil.example:3000"));
  EXPECT_FALSE(accepted(guard, "localhost.evil.example"));
}

TEST(BrowserGuard, LetsInWhatCorsAllows) {
  EXPECT_TRUE(accepted(BrowserGuard(true, {"*"}), "127.0.0.1", "https://any.example"));
  const BrowserGuard listed(true, {"https://a.example"});
  EXPECT_TRUE(accepted(listed, "127.0.0.1", "https://a.example"));
  EXPECT_FALSE(accepted(listed, "127.0.0.1", "https://b.example"));
}

TEST(BrowserGuard, IsNotNeededWhereKeysAre) {
  EXPECT_TRUE(accepted(BrowserGuard(false, {}), "evil.example", "https://evil.example"));
}

}  // namespace
}  // namespace dragoman::serve
