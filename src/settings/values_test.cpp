#include "settings/values.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dragoman::settings {
namespace {

using namespace std::chrono_literals;

TEST(SettingsValues, DurationsTakeUnitsOrSeconds) {
  EXPECT_EQ(parse_duration("15s").value(), 15s);
  EXPECT_EQ(parse_duration("500ms").value(), 500ms);
  EXPECT_EQ(parse_duration(" 2 m ").value(), 2min);
  EXPECT_EQ(parse_duration("1h").value(), 1h);
  EXPECT_EQ(parse_duration("15").value(), 15s);
  EXPECT_EQ(parse_duration("0.25").value(), 250ms);
  for (const char* bad : {"", "s", "-1s", "1 day", "1e3s", "nan", "inf", "1s2s", "1e99"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(SettingsValues, DurationsPrintAsTheyAreRead) {
  EXPECT_TRUE(rc::check([] {
    const auto value = std::chrono::milliseconds(*rc::gen::inRange(0, 1'000'000'000));
    RC_ASSERT(parse_duration(format_duration(value)).value() == value);
  }));
}

TEST(SettingsValues, BytesTakeUnits) {
  EXPECT_EQ(parse_bytes("4096").value(), 4096);
  EXPECT_EQ(parse_bytes("32MiB").value(), 32 * 1024 * 1024);
  EXPECT_EQ(parse_bytes("20 kb").value(), 20 * 1024);
  for (const char* bad : {"", "MiB", "-1", "1 tib", "99999999999999999999"}) {
    EXPECT_FALSE(parse_bytes(bad)) << bad;
  }
}

TEST(SettingsValues, UrlsLoseTheSlashAtTheEnd) {
  EXPECT_EQ(parse_url_text("https://api.coze.com/").value(), "https://api.coze.com");
  EXPECT_EQ(parse_url_text("http://[::1]:8080/x//").value(), "http://[::1]:8080/x");
  EXPECT_EQ(parse_url_text("http://user:pass@proxy:3128").value(), "http://user:pass@proxy:3128");
  for (const char* bad :
       {"", "api.coze.com", "ftp://x", "http://", "http://:80", "http://x:0", "http://x:65536",
        "http://a b", "http://x?y", "http://x/#y", "http://x\r\ny"}) {
    EXPECT_FALSE(parse_url_text(bad)) << bad;
  }
}

TEST(SettingsValues, UserInformationIsMasked) {
  EXPECT_EQ(mask_user_info("http://user:pa@ss@proxy:3128/x@y"), "http://***@proxy:3128/x@y");
  EXPECT_EQ(mask_user_info("http://proxy:3128/x@y"), "http://proxy:3128/x@y");
}

TEST(SettingsValues, OnlyLoopbackIsLoopback) {
  for (const char* yes : {"127.0.0.1", "127.255.0.9", "::1"}) EXPECT_TRUE(is_loopback(yes)) << yes;
  for (const char* no : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "::ffff:10.0.0.1", ""}) {
    EXPECT_FALSE(is_loopback(no)) << no;
  }
}

TEST(SettingsValues, PlaceholdersOfTemplatesAreKnown) {
  for (const char* yes :
       {"your_api_key", "YOUR_API_KEY_HERE", "pat_your_token", "<token>", "xxx", "pat_xxxxxxxx",
        "sk-...", "changeme",
        "-----BEGIN PRIVATE KEY-----\nyour_private_key\n-----END PRIVATE KEY-----"}) {
    EXPECT_TRUE(is_placeholder(yes)) << yes;
  }
  for (const char* no :
       {"", "pat_emulator", "7401000000000000001", "pat_xxxy", "openai-proxy", "x", "xx"}) {
    EXPECT_FALSE(is_placeholder(no)) << no;
  }
}

}  // namespace
}  // namespace dragoman::settings
