#include "provider/failure_throttle.h"

#include <gtest/gtest.h>

namespace sutler::provider {
namespace {

constexpr std::int64_t kMinute = 28'333'333;

base::UnixTime at(std::int64_t minute, std::int64_t second) {
  return base::UnixTime::from_seconds(minute * 60 + second);
}

TEST(FailureThrottle, AnAddressIsOverItsLimitAfterThatManyFailures) {
  FailureThrottle throttle(3);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(throttle.over_limit("192.0.2.1", at(kMinute, i)));
  EXPECT_TRUE(throttle.over_limit("192.0.2.1", at(kMinute, 3)));
  EXPECT_TRUE(throttle.over_limit("192.0.2.1", at(kMinute, 59)));
}

TEST(FailureThrottle, AddressesAreCountedApart) {
  FailureThrottle throttle(1);
  EXPECT_FALSE(throttle.over_limit("192.0.2.1", at(kMinute, 0)));
  EXPECT_TRUE(throttle.over_limit("192.0.2.1", at(kMinute, 0)));
  EXPECT_FALSE(throttle.over_limit("192.0.2.10", at(kMinute, 0)));
  EXPECT_FALSE(throttle.over_limit("192.0.2", at(kMinute, 0)));
}

TEST(FailureThrottle, ANewMinuteStartsAnewAlsoWhenTheClockGoesBack) {
  FailureThrottle throttle(1);
  EXPECT_FALSE(throttle.over_limit("a", at(kMinute, 59)));
  EXPECT_TRUE(throttle.over_limit("a", at(kMinute, 59)));
  EXPECT_FALSE(throttle.over_limit("a", at(kMinute + 1, 0)));
  EXPECT_TRUE(throttle.over_limit("a", at(kMinute + 1, 0)));
  EXPECT_FALSE(throttle.over_limit("a", at(kMinute, 59)));
}

TEST(FailureThrottle, ItRemembersABoundedNumberOfAddresses) {
  FailureThrottle throttle(1);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_FALSE(throttle.over_limit(std::to_string(i), at(kMinute, 0)));
  }
  // One more is let go, rather than an old one forgotten.
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(throttle.over_limit("new", at(kMinute, 1)));
  EXPECT_TRUE(throttle.over_limit("0", at(kMinute, 1)));
}

}  // namespace
}  // namespace sutler::provider
