#include "server/follower.h"

#include <gtest/gtest.h>

#include "store/test_support.h"

namespace sutler::server {
namespace {

using base::test::must;
using store::test::Fixture;
using store::test::group;
using store::test::put;

// Until it is so; the test's own time limit ends what never is.
template <class Condition>
void await(Condition&& condition) {
  while (!condition()) std::this_thread::yield();
}

TEST(Follower, TakesOverWhatAnotherNodeCommits) {
  Fixture fixture;
  const auto other = fixture.open();
  Follower follower(*fixture.store);
  follower.start();
  must(put(*other, group("g")));
  await([&] { return fixture.store->snapshot()->revision == 2; });
  await([&] { return follower.taken_over() == 1; });
  EXPECT_FALSE(follower.trouble());
}

TEST(Follower, KnowsThatTheDatabaseIsAwayAndThatItIsBack) {
  Fixture fixture;
  fixture.meddler->unreachable = true;
  std::atomic<bool> away{true};
  fixture.meddler->fails = [&](std::string_view) { return away.load(); };
  Follower follower(*fixture.store);
  follower.start();
  await([&] { return follower.trouble().has_value(); });
  EXPECT_EQ(follower.outages(), 1U);
  const double age = follower.age_seconds();
  await([&] { return follower.age_seconds() > age; });
  EXPECT_FALSE(fixture.store->integrity());
  away = false;
  await([&] { return !follower.trouble(); });
  EXPECT_LT(follower.age_seconds(), 60);
}

}  // namespace
}  // namespace sutler::server
