#include "base/duration.h"

#include <gtest/gtest.h>

namespace sutler::base {
namespace {

using std::chrono::milliseconds;

TEST(Duration, IsWholeNumbersWithTheirUnitsLargestFirst) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("30s"), milliseconds(30'000));
  EXPECT_EQ(parse_duration("1h30m"), milliseconds(90 * 60'000));
  EXPECT_EQ(parse_duration("7d"), milliseconds(7LL * 24 * 3'600'000));
  EXPECT_EQ(parse_duration("1d2h3m4s5ms"), milliseconds(93'784'005));
}

TEST(Duration, OnlyZeroNeedsNoUnit) {
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
  EXPECT_FALSE(parse_duration("1"));
  EXPECT_FALSE(parse_duration("00"));
  EXPECT_FALSE(parse_duration("1h30"));
}

TEST(Duration, NothingElseIsOne) {
  for (const char* wrong :
       {"",     " ",  "s",     "1 s",  " 1s",   "1s ", "-1s",  "+1s",    "1.5s", "1S",
        "1sec", "1w", "30m1h", "1s1s", "1ms1s", "s1",  "1,5s", "1_000s", "0x1s", "1s\n"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
}

TEST(Duration, IsAtMostTenYears) {
  EXPECT_EQ(parse_duration("3650d"), milliseconds(3650LL * 24 * 3'600'000));
  EXPECT_FALSE(parse_duration("3650d1ms"));
  EXPECT_FALSE(parse_duration("3651d"));
  EXPECT_FALSE(parse_duration("4294967295d"));
  EXPECT_FALSE(parse_duration("4294967296ms"));
  EXPECT_FALSE(parse_duration("99999999999999999999s"));
}

}  // namespace
}  // namespace sutler::base
