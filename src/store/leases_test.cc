#include "store/leases.h"

#include <gtest/gtest.h>

#include "store/test_support.h"

namespace sutler::store {
namespace {

using test::must;

struct LeasesTest : testing::Test {
  double now = 1000;
  std::function<double()> clock = [this] { return now; };
  test::Meddler backend{std::shared_ptr<Backend>(make_memory_backend(clock))};
  Leases one{backend, "one", clock};
  Leases two{backend, "two", clock};
};

TEST_F(LeasesTest, OneNodeHasItUntilItIsDone) {
  {
    const auto held = must(one.take("work"));
    ASSERT_TRUE(held);
    EXPECT_FALSE(must(two.take("work")));
    EXPECT_FALSE(must(one.take("work"))) << "not twice";
    EXPECT_TRUE(must(two.take("other")));
    EXPECT_FALSE(held->lost());
  }
  EXPECT_TRUE(must(two.take("work")));
}

TEST_F(LeasesTest, ItIsRenewedByTickAndLostWithoutIt) {
  const auto held = must(one.take("work"));
  for (int i = 0; i < 10; ++i) {
    now += 30;
    one.tick();
    EXPECT_FALSE(held->lost());
    EXPECT_FALSE(must(two.take("work")));
  }
  now += 60;
  EXPECT_TRUE(held->lost()) << "before anybody else has it";
  EXPECT_TRUE(must(two.take("work")));
  one.tick();
  EXPECT_TRUE(held->lost());
}

TEST_F(LeasesTest, WhoLostItDoesNotTakeItFromTheNext) {
  auto held = must(one.take("work"));
  now += 61;
  const auto next = must(two.take("work"));
  ASSERT_TRUE(next);
  held.reset();
  EXPECT_FALSE(next->lost());
  EXPECT_FALSE(must(one.take("work")));
}

TEST_F(LeasesTest, WithoutTheDatabaseItIsKeptForTheRestOfItsTime) {
  const auto held = must(one.take("work"));
  backend.fails = [](std::string_view operation) { return operation == "lease"; };
  now += 30;
  one.tick();
  EXPECT_FALSE(held->lost());
  EXPECT_FALSE(two.take("work"));
  now += 30;
  one.tick();
  EXPECT_TRUE(held->lost());
  backend.fails = [](std::string_view) { return false; };
  one.tick();
  EXPECT_TRUE(held->lost()) << "it does not come back";
  EXPECT_TRUE(must(one.take("work")));
}

}  // namespace
}  // namespace sutler::store
