#include "base/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace sutler::base {
namespace {

TEST(GlobTest, AStarIsAnyRunAndAQuestionMarkOneByte) {
  EXPECT_TRUE(glob_matches("worker-*", "worker-1"));
  EXPECT_TRUE(glob_matches("worker-*", "worker-"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("a*b*c", "aXbYbZc"));
  EXPECT_TRUE(glob_matches("a?c", "abc"));
  EXPECT_FALSE(glob_matches("worker-*", "worker"));
  EXPECT_FALSE(glob_matches("a?c", "ac"));
  EXPECT_FALSE(glob_matches("a*b", "abc"));
  EXPECT_FALSE(glob_matches("", "a"));
}

TEST(GlobTest, AnythingElseIsItself) {
  EXPECT_TRUE(glob_matches("[a]\\.+", "[a]\\.+"));
  EXPECT_FALSE(glob_matches("[a]", "a"));
  EXPECT_FALSE(glob_matches("api", "API"));
  EXPECT_FALSE(glob_matches("api", "api2"));
}

TEST(GlobTest, TellsExactAndPrefixFromTheRest) {
  EXPECT_EQ(glob_kind("api"), GlobKind::kExact);
  EXPECT_EQ(glob_kind("api-*"), GlobKind::kPrefix);
  EXPECT_EQ(glob_kind("*"), GlobKind::kPrefix);
  for (const auto* pattern : {"*-api", "a?", "a**", "a*b", "?*"}) {
    EXPECT_EQ(glob_kind(pattern), GlobKind::kFree) << pattern;
  }
}

TEST(GlobTest, ManyStarsDoNotTakeForever) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(256, 'a')));
}

}  // namespace
}  // namespace sutler::base
