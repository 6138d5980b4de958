#include "base/clock.h"

#include <gtest/gtest.h>

namespace sutler::base {
namespace {

TEST(ClockTest, WritesRfc3339WithMicroseconds) {
  EXPECT_EQ(rfc3339({0}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(rfc3339({1'795'532'728'123'456}), "2026-11-24T15:05:28.123456Z");
  EXPECT_EQ(rfc3339(UnixTime::from_seconds(1'709'164'800)), "2024-02-29T00:00:00.000000Z");
}

TEST(ClockTest, WritesATimeBefore1970) { EXPECT_EQ(rfc3339({-1}), "1969-12-31T23:59:59.999999Z"); }

TEST(ClockTest, AManualClockStandsUntilItIsTold) {
  ManualClock clock(UnixTime::from_seconds(5));
  EXPECT_EQ(clock.now().seconds(), 5);
  clock.set(clock.now() + std::chrono::seconds(2));
  EXPECT_EQ(clock.now(), UnixTime::from_seconds(7));
}

TEST(ClockTest, MonotonicTimeNeverGoesBack) {
  const double before = monotonic_seconds();
  EXPECT_LE(before, monotonic_seconds());
}

}  // namespace
}  // namespace sutler::base
