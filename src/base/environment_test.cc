#include "base/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sutler::base {
namespace {

TEST(Environment, a_wiped_variable_is_gone_and_its_bytes_with_it) {
  ::setenv("SUTLER_WIPED", "a value", 1);
  const char* place = std::getenv("SUTLER_WIPED");
  ASSERT_NE(place, nullptr);
  wipe_environment("SUTLER_WIPED");
  EXPECT_EQ(std::getenv("SUTLER_WIPED"), nullptr);
  EXPECT_EQ(place[0], '\0');
  EXPECT_EQ(place[3], '\0');
}

TEST(Environment, one_that_is_not_set_is_no_trouble) {
  wipe_environment("SUTLER_NEVER_SET");
  EXPECT_EQ(std::getenv("SUTLER_NEVER_SET"), nullptr);
}

}  // namespace
}  // namespace sutler::base
