#include "cli/duration.h"

#include <gtest/gtest.h>

#include "cli/output.h"

namespace sutler::cli {
namespace {

TEST(Duration, NumbersWithUnitsAreAddedUp) {
  const std::pair<const char*, int> cases[] = {{"0s", 0},      {"30s", 30},    {"15m", 900},
                                               {"24h", 86400}, {"7d", 604800}, {"1h30m", 5400},
                                               {"001s", 1}};
  for (const auto& [text, seconds] : cases) {
    const auto duration = parse_duration(text, "--ttl");
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(duration->count(), seconds) << text;
  }
}

TEST(Duration, WhatIsNoneIsAUsageErrorThatNamesTheFlag) {
  for (const char* text : {"", "10", "s", "-5s", "+5s", "1.5h", "5 s", "5S", "5sec", "1h30",
                           "99999999999999999999s", "40000000d", "9223372036854775807d"}) {
    const auto duration = parse_duration(text, "--ttl");
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(exit_status(duration.error()), 2);
    EXPECT_NE(duration.error().message.find("--ttl"), std::string::npos);
    EXPECT_FALSE(duration.error().hint.empty());
  }
}

}  // namespace
}  // namespace sutler::cli
