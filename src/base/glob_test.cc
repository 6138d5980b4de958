#include "base/glob.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

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

TEST(GlobTest, APatternContainsAnotherOnlyWhenItMatchesAllOfIt) {
  const std::pair<const char*, const char*> contained[] = {
      {"*", "*"},   {"*", "a?b*"},  {"a*", "ab*"},   {"a*", "a"},       {"a?", "a?"},
      {"a?", "ab"}, {"?*", "*?"},   {"*?*", "??*"},  {"a**", "a*"},     {"*a*", "xay"},
      {"", ""},     {"*-b", "a-b"}, {"*a*b", "*ab"}, {"p-*", "p-x-*-y"}};
  for (const auto& [outer, inner] : contained) {
    EXPECT_TRUE(glob_contains(outer, inner)) << outer << " and " << inner;
  }
  const std::pair<const char*, const char*> reaching_out[] = {
      {"a", "*"},   {"a*", "*"}, {"a?", "a*"}, {"?", "*"},    {"a", "a?"},   {"ab*", "a*"},
      {"a*", "?b"}, {"a", "b"},  {"", "*"},    {"??*", "?*"}, {"a*b", "a*"}, {"a", ""}};
  for (const auto& [outer, inner] : reaching_out) {
    EXPECT_FALSE(glob_contains(outer, inner)) << outer << " and " << inner;
  }
}

TEST(GlobTest, NoContainedPatternMatchesWhatTheOuterOneDoesNot) {
  // All patterns and names of up to four bytes of a small alphabet, against each other.
  const auto words = [](std::string_view alphabet) {
    std::vector<std::string> out{""};
    for (std::size_t from = 0, length = 0; length < 4; ++length) {
      const std::size_t end = out.size();
      for (; from < end; ++from) {
        for (const char c : alphabet) out.push_back(out[from] + c);
      }
    }
    return out;
  };
  const auto patterns = words("ab*?");
  const auto names = words("abc");
  for (const auto& outer : patterns) {
    std::vector<char> fits;
    for (const auto& name : names) fits.push_back(glob_matches(outer, name) ? 1 : 0);
    for (const auto& inner : patterns) {
      if (!glob_contains(outer, inner)) continue;
      for (std::size_t i = 0; i < names.size(); ++i) {
        ASSERT_TRUE(fits[i] == 1 || !glob_matches(inner, names[i])) << outer << ' ' << inner;
      }
    }
  }
}

}  // namespace
}  // namespace sutler::base
