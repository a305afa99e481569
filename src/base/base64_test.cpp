#include "base/base64.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dragoman {
namespace {

TEST(Base64, EncodesTheVectorsOfRfc4648) {
  EXPECT_EQ(encode_base64(""), "");
  EXPECT_EQ(encode_base64("f"), "Zg==");
  EXPECT_EQ(encode_base64("fo"), "Zm8=");
  EXPECT_EQ(encode_base64("foo"), "Zm9v");
  EXPECT_EQ(encode_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode_base64url("\xfb\xff"), "-_8");
}

TEST(Base64, RefusesWhatIsNotCanonical) {
  for (auto bad : {"Zg=", "Zg", "Zg===", "Z===", "Zh==", "Zm9 ", "Zm9v\n", "-_8="}) {
    EXPECT_FALSE(decode_base64(bad)) << bad;
  }
  EXPECT_FALSE(decode_base64url("Zg=="));
  EXPECT_FALSE(decode_base64url("Z"));
}

TEST(Base64, DecodesWhatItEncoded) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    RC_ASSERT(decode_base64(encode_base64(bytes)) == bytes);
    RC_ASSERT(decode_base64url(encode_base64url(bytes)) == bytes);
  }));
}

}  // namespace
}  // namespace dragoman
