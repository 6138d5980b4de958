#include "server/clock_trust.h"

#include <gtest/gtest.h>

#include "store/backend/memory_backend.h"

namespace sutler::server {
namespace {

constexpr double kDay = 86'400;
const base::UnixTime kNow = base::UnixTime::from_seconds(1'800'000'000);
const base::Secret& seed() {
  static const base::Secret kSeed(std::string(32, 's'));
  return kSeed;
}
base::UnixTime days_later(std::int64_t days) { return kNow + std::chrono::hours(24 * days); }

// A store whose clock was trusted at kNow.
std::unique_ptr<store::Backend> with_mark() {
  auto backend = store::make_memory_backend();
  const base::ManualClock clock(kNow);
  ClockTrust trust(*backend, seed(), clock, 0);
  trust.look(kDay);
  EXPECT_TRUE(trust.trusted());
  return backend;
}

TEST(ClockTrust, AClockThatNobodyKnowsIsTrustedAfterADay) {
  const auto backend = store::make_memory_backend();
  const base::ManualClock clock(kNow);
  ClockTrust trust(*backend, seed(), clock, 100);
  EXPECT_FALSE(trust.trusted());
  trust.look(100 + kDay - 1);
  EXPECT_FALSE(trust.trusted());
  trust.look(100 + kDay);
  EXPECT_TRUE(trust.trusted());
}

TEST(ClockTrust, AStartNearTheMarkIsTrustedAtOnceAndOneFarFromItIsNot) {
  const auto backend = with_mark();
  EXPECT_TRUE(ClockTrust(*backend, seed(), base::ManualClock(days_later(1)), 7).trusted());
  EXPECT_FALSE(ClockTrust(*backend, seed(), base::ManualClock(days_later(-9)), 7).trusted());
  EXPECT_FALSE(ClockTrust(*backend, seed(), base::ManualClock(days_later(3650)), 7).trusted());
  EXPECT_FALSE(ClockTrust(*backend, seed(), base::ManualClock(days_later(3650)), 7).trusted())
      << "a start with a wrong clock must not become the mark";
}

TEST(ClockTrust, AJumpEndsItUntilTheClockIsBackOrHasRunADay) {
  const auto backend = with_mark();
  base::ManualClock clock(kNow);
  ClockTrust trust(*backend, seed(), clock, 0);
  ASSERT_TRUE(trust.trusted());
  clock.set(days_later(3650));
  trust.look(1);
  EXPECT_FALSE(trust.trusted());
  clock.set(kNow);
  trust.look(2);
  EXPECT_TRUE(trust.trusted());
  clock.set(days_later(30));
  trust.look(3);
  trust.look(kDay);
  EXPECT_FALSE(trust.trusted());
  clock.set(days_later(31));
  trust.look(3 + kDay);
  EXPECT_TRUE(trust.trusted());
}

TEST(ClockTrust, ANodeGoesByItsOwnMarkAndANewOneByThoseOfOthers) {
  const auto backend = with_mark();  // of a node that had the store for itself
  const base::ManualClock right(days_later(1)), wrong(days_later(3650));
  EXPECT_TRUE(ClockTrust(*backend, seed(), right, 7, "a").trusted()) << "and keeps it as its own";
  EXPECT_FALSE(ClockTrust(*backend, seed(), wrong, 7, "b").trusted());
  {
    ClockTrust ran_a_day_with_a_wrong_clock(*backend, seed(), wrong, 0, "b");
    ran_a_day_with_a_wrong_clock.look(kDay);
    EXPECT_TRUE(ran_a_day_with_a_wrong_clock.trusted());
  }
  EXPECT_TRUE(ClockTrust(*backend, seed(), right, 7, "a").trusted());
  EXPECT_TRUE(ClockTrust(*backend, seed(), right, 7).trusted());
}

}  // namespace
}  // namespace sutler::server
