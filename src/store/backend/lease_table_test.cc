#include "store/backend/lease_table.h"

#include <gtest/gtest.h>

namespace sutler::store {
namespace {

using std::chrono::seconds;

struct LeaseTableTest : testing::Test {
  double now = 1000;
  LeaseTable table{[this] { return now; }};
};

TEST_F(LeaseTableTest, IsAnothersUntilItsTimeIsOver) {
  EXPECT_TRUE(table.take("purge", "a", seconds(60)));
  now = 1059;
  EXPECT_FALSE(table.take("purge", "b", seconds(60)));
  now = 1060;
  EXPECT_TRUE(table.take("purge", "b", seconds(60)));
  EXPECT_FALSE(table.take("purge", "a", seconds(60)));
}

TEST_F(LeaseTableTest, IsHeldOnByWhoRenewsIt) {
  EXPECT_TRUE(table.take("purge", "a", seconds(60)));
  now = 1050;
  EXPECT_TRUE(table.take("purge", "a", seconds(60)));
  now = 1100;
  EXPECT_FALSE(table.take("purge", "b", seconds(60)));
  EXPECT_TRUE(table.take("backup", "b", seconds(60))) << "another name";
}

TEST_F(LeaseTableTest, WhoGivesItUpLeavesItToOthersAndNobodyElseCan) {
  EXPECT_TRUE(table.take("purge", "a", seconds(60)));
  EXPECT_FALSE(table.take("purge", "b", seconds(0)));
  EXPECT_FALSE(table.take("purge", "b", seconds(60)));
  EXPECT_TRUE(table.take("purge", "a", seconds(0)));
  EXPECT_TRUE(table.take("purge", "b", seconds(60)));
  EXPECT_TRUE(table.take("never", "a", seconds(0)));
}

TEST_F(LeaseTableTest, ItsHolderMayShortenIt) {
  EXPECT_TRUE(table.take("purge", "a", seconds(60)));
  EXPECT_TRUE(table.take("purge", "a", seconds(1)));
  now = 1001;
  EXPECT_TRUE(table.take("purge", "b", seconds(60)));
}

}  // namespace
}  // namespace sutler::store
