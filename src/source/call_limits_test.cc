#include "source/call_limits.h"

#include <gtest/gtest.h>

namespace sutler::source {
namespace {

using namespace std::chrono_literals;

base::UnixTime at(std::int64_t second) { return base::UnixTime::from_seconds(second); }

Breaker opened() {
  Breaker breaker;
  for (unsigned i = 0; i < Breaker::kOutagesToOpen; ++i) (void)breaker.note_outage(at(0), 0.5);
  return breaker;
}

TEST(Breaker, OpensAfterOutagesInARowOnly) {
  Breaker breaker;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(breaker.note_outage(at(0), 0.5));
    if (i % 4 == 3) {
      EXPECT_FALSE(breaker.note_answer());
    }
  }
  EXPECT_FALSE(breaker.is_open());
  for (unsigned i = 1; i < Breaker::kOutagesToOpen; ++i) {
    EXPECT_FALSE(breaker.note_outage(at(0), 0.5));
  }
  EXPECT_TRUE(breaker.note_outage(at(0), 0.5));
  EXPECT_TRUE(breaker.is_open());
  EXPECT_FALSE(breaker.admits(at(0)));
}

TEST(Breaker, LetsOneProbeThroughAtGrowingIntervals) {
  Breaker breaker = opened();
  EXPECT_FALSE(breaker.admits(at(0)));
  EXPECT_TRUE(breaker.admits(at(1)));
  EXPECT_TRUE(breaker.start());
  EXPECT_FALSE(breaker.admits(at(100))) << "a probe is under way";
  breaker.note_failed_probe(at(1), 0.5);
  EXPECT_EQ(breaker.retry_at(), at(3));
  EXPECT_TRUE(breaker.admits(at(3)));
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(breaker.start());
    breaker.note_failed_probe(at(100), 0.5);
  }
  EXPECT_EQ(breaker.retry_at(), at(130)) << "up to 30 s";
}

TEST(Breaker, AnAnswerClosesIt) {
  Breaker breaker = opened();
  EXPECT_TRUE(breaker.start());
  EXPECT_TRUE(breaker.note_answer());
  EXPECT_TRUE(breaker.admits(at(0)));
  EXPECT_FALSE(breaker.start()) << "no probe";
}

TEST(Breaker, LateFailuresOfEarlierCallsDoNotPutTheProbeOff) {
  Breaker breaker = opened();
  const auto before = breaker.retry_at();
  EXPECT_FALSE(breaker.note_outage(at(50), 0.5));
  EXPECT_EQ(breaker.retry_at(), before);
}

TEST(Breaker, AProbeByHandNeedNotWait) {
  Breaker breaker = opened();
  breaker.retry_now(at(0));
  EXPECT_TRUE(breaker.admits(at(0)));
}

TEST(TokenBucket, GivesASecondsWorthAtOnceAndThenAtItsRate) {
  const TokenBucket::Time start{};
  TokenBucket bucket(10, start);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(bucket.take(start), 0us);
  const auto wait = bucket.take(start);
  EXPECT_GT(wait, 99ms);
  EXPECT_LE(wait, 101ms);
  EXPECT_EQ(bucket.take(start + wait), 0us);
  EXPECT_GT(bucket.take(start + wait), 0us);
}

TEST(TokenBucket, SavesNothingUpBeyondASecond) {
  const TokenBucket::Time start{};
  TokenBucket bucket(5, start);
  int taken = 0;
  while (bucket.take(start + 1h) == 0us) ++taken;
  EXPECT_EQ(taken, 5);
}

TEST(TokenBucket, NeverGivesMoreThanItsRateOverTime) {
  TokenBucket::Time now{};
  TokenBucket bucket(100, now);
  int taken = 0;
  for (int i = 0; i < 100'000; ++i) {
    now += 97us;
    if (bucket.take(now) == 0us) ++taken;
  }
  EXPECT_LE(taken, 100 + 970);
  EXPECT_GE(taken, 970);
}

}  // namespace
}  // namespace sutler::source
