#include "base/utf8.h"

#include <gtest/gtest.h>

namespace sutler::base {
namespace {

TEST(Utf8Test, TakesTheEndsOfEachRange) {
  for (const auto* text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8Test, RefusesOverlongFormsSurrogatesAndWhatIsBeyondUnicode) {
  for (const auto* text : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                           "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

TEST(Utf8Test, RefusesACharacterThatIsCutOff) {
  for (const auto* text : {"\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xe2\x82z", "\xc3z"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

TEST(Utf8Test, ControlCharactersAreThoseBelowSpaceAndDelete) {
  EXPECT_FALSE(has_control("plain \xc3\xa9~"));
  for (const auto* text : {"\n", "a\t", "\x1b[0m", "\x7f"}) EXPECT_TRUE(has_control(text));
  EXPECT_TRUE(has_control(std::string_view("\0", 1)));
}

}  // namespace
}  // namespace sutler::base
