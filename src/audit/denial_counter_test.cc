#include "audit/denial_counter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sutler::audit {
namespace {

constexpr base::UnixTime kNoon{1'800'000'000'000'000};
base::UnixTime after(std::int64_t milliseconds) {
  return {kNoon.microseconds + milliseconds * 1000};
}

int admitted(DenialCounter& counter, std::string_view address, int times, base::UnixTime now) {
  int count = 0;
  for (int i = 0; i < times; ++i) count += counter.admit(address, now) ? 1 : 0;
  return count;
}

TEST(DenialCounterTest, TenOfASecondAreWrittenAndTheOthersCounted) {
  DenialCounter counter;
  EXPECT_EQ(admitted(counter, "a", 10, kNoon), 10);
  EXPECT_EQ(admitted(counter, "a", 15, after(999)), 0);
  EXPECT_TRUE(counter.take_due(after(999)).empty());
  const auto due = counter.take_due(after(1000));
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].address, "a");
  EXPECT_EQ(due[0].count, 15u);
  EXPECT_EQ(due[0].first, after(999));
  EXPECT_EQ(due[0].last, after(999));
  EXPECT_TRUE(counter.take_due(after(2000)).empty());
}

TEST(DenialCounterTest, AddressesDoNotShareTheirTen) {
  DenialCounter counter;
  EXPECT_EQ(admitted(counter, "a", 20, kNoon), 10);
  EXPECT_EQ(admitted(counter, "b", 9, kNoon), 9);
  EXPECT_EQ(counter.take_due(after(1000)).size(), 1u);
}

TEST(DenialCounterTest, ANewSecondHasTenAgainAndAFloodWithoutPauseIsStillToldOf) {
  DenialCounter counter;
  EXPECT_EQ(admitted(counter, "a", 12, kNoon), 10);
  EXPECT_EQ(admitted(counter, "a", 13, after(1000)), 10);
  const auto due = counter.take_due(after(1500));
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].count, 5u);
  EXPECT_EQ(admitted(counter, "a", 5, after(1600)), 0);
}

TEST(DenialCounterTest, ATenIsEnoughWithoutASummary) {
  DenialCounter counter;
  EXPECT_EQ(admitted(counter, "a", 10, kNoon), 10);
  EXPECT_TRUE(counter.take_due(after(1000)).empty());
  EXPECT_EQ(counter.addresses(), 0u);
}

TEST(DenialCounterTest, AClockThatGoesBackStartsANewSecond) {
  DenialCounter counter;
  EXPECT_EQ(admitted(counter, "a", 11, kNoon), 10);
  EXPECT_EQ(admitted(counter, "a", 10, after(-3'600'000)), 10);
  EXPECT_EQ(counter.take_due(after(-3'600'000)).size(), 1u);
}

TEST(DenialCounterTest, AddressesBeyondTheTableShareOneEntry) {
  DenialCounter counter({.per_second = 1, .addresses_max = 100});
  for (int i = 0; i < 1000; ++i) (void)counter.admit(std::to_string(i), kNoon);
  EXPECT_EQ(counter.addresses(), 101u);
  const auto due = counter.take_due(after(1000));
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].address, "other");
  EXPECT_EQ(due[0].count, 899u);
  EXPECT_EQ(counter.addresses(), 0u);
}

TEST(DenialCounterTest, AFullTableLetsGoOfQuietAddressesWithoutBeingAsked) {
  DenialCounter counter({.per_second = 1, .addresses_max = 100});
  for (int i = 0; i < 100; ++i) (void)counter.admit(std::to_string(i), kNoon);
  EXPECT_TRUE(counter.admit("new", after(1000)));
  EXPECT_EQ(counter.addresses(), 1u);
}

TEST(DenialCounterTest, AnAddressOfAnyLengthTakesLittleMemory) {
  DenialCounter counter({.per_second = 0, .addresses_max = 10});
  EXPECT_FALSE(counter.admit(std::string(1'000'000, 'a'), kNoon));
  EXPECT_EQ(counter.take_due(after(1000)).at(0).address.size(), 64u);
}

TEST(DenialCounterTest, TakeAllDoesNotWaitForTheSecondToEnd) {
  DenialCounter counter;
  (void)admitted(counter, "a", 12, kNoon);
  (void)admitted(counter, "b", 1, kNoon);
  const auto all = counter.take_all();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].count, 2u);
  EXPECT_TRUE(counter.take_all().empty());
}

}  // namespace
}  // namespace sutler::audit
