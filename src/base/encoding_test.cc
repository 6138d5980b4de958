#include "base/encoding.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sutler::base {
namespace {

TEST(Base64Test, EncodesTheVectorsOfRfc4648) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64url_encode("\xff\xfe"), "__4");
}

TEST(Base64Test, RefusesWhatIsNotCanonical) {
  EXPECT_EQ(base64_decode("Zg=="), "f");
  for (const auto* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==\n",
                           " Zg==", "Z=g=", "====", "_w==", "Zg=a", "A"}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

TEST(Base64UrlTest, RefusesPaddingForeignLettersAndUnusedBits) {
  EXPECT_EQ(base64url_decode("__4"), "\xff\xfe");
  for (const auto* text : {"__4=", "//4", "__5", "_", "__4 ", "__4\n", "_\xc3\xa9"}) {
    EXPECT_FALSE(base64url_decode(text)) << text;
  }
}

TEST(HexTest, ReadsLowerCaseOnly) {
  EXPECT_EQ(hex_encode("\x01\xab"), "01ab");
  EXPECT_EQ(hex_decode("01ab"), "\x01\xab");
  for (const auto* text : {"01AB", "0", "0g", " 0"}) EXPECT_FALSE(hex_decode(text)) << text;
}

TEST(PercentTest, EncodesAllButUnreserved) {
  std::string out;
  append_percent_encoded(out, "aZ0-._~/ %\xc3\xa9");
  EXPECT_EQ(out, "aZ0-._~%2F%20%25%C3%A9");
}

TEST(PercentTest, RefusesAHalfEscape) {
  EXPECT_EQ(percent_decode("%2f%2F"), "//");
  for (const auto* text : {"%", "%2", "a%2", "%g0", "%%"}) EXPECT_FALSE(percent_decode(text));
}

RC_GTEST_PROP(EncodingTest, EveryEncodingReadsBackWhatItWrote, (const std::string& bytes)) {
  std::string percent;
  append_percent_encoded(percent, bytes);
  RC_ASSERT(base64_decode(base64_encode(bytes)) == bytes);
  RC_ASSERT(base64url_decode(base64url_encode(bytes)) == bytes);
  RC_ASSERT(hex_decode(hex_encode(bytes)) == bytes);
  RC_ASSERT(percent_decode(percent) == bytes);
}

}  // namespace
}  // namespace sutler::base
