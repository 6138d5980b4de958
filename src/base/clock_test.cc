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

TEST(ClockTest, ReadsWhatItWritesAndNothingElse) {
  for (const std::int64_t time : {0LL, 1'795'532'728'123'456LL, 1'709'164'800'000'000LL}) {
    EXPECT_EQ(parse_rfc3339(rfc3339({time})), UnixTime{time});
  }
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01Z"), UnixTime{1'000'000});
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01.5Z"), UnixTime{1'500'000});
  for (const auto* wrong : {"", "Z", "2026-11-24", "2026-11-24T15:05:28", "2026-11-24 15:05:28Z",
                            "2026-02-30T00:00:00Z", "2026-11-24T24:00:00Z", "1969-12-31T23:59:59Z",
                            "2026-11-24T15:05:28.Z", "2026-11-24T15:05:28.1234567Z",
                            "2026-11-24T15:05:28+01:00", "2026-11-24T15:05:28.1xZ"}) {
    EXPECT_FALSE(parse_rfc3339(wrong)) << wrong;
  }
}

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
