#include "admin/login_throttle.h"

#include <gtest/gtest.h>

namespace sutler::admin {
namespace {

TEST(LoginThrottle, OfIpv6TheNetworkCountsAsOneAddress) {
  EXPECT_EQ(counted_as("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(counted_as("fe80::1%eth0"), "fe80::/64");
  EXPECT_EQ(counted_as("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(counted_as("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(counted_as("unix"), "unix");
}

TEST(LoginThrottle, NeighboursInANetworkShareTheLimitAndOthersDoNot) {
  LoginThrottle throttle(2);
  const base::UnixTime now{120'000'000};
  EXPECT_EQ(throttle.failed("2001:db8::1", now), 0);
  EXPECT_EQ(throttle.failed("2001:db8::2", now), 0);
  EXPECT_EQ(throttle.failed("2001:db8::3", now), 60);
  EXPECT_EQ(throttle.failed("2001:db8:0:1::3", now), 0) << "the next network";
  EXPECT_EQ(throttle.failed("2001:db8::3", base::UnixTime{180'000'000}), 0) << "the next minute";
}

}  // namespace
}  // namespace sutler::admin
