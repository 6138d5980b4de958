#include "admin/query.h"

#include <gtest/gtest.h>

namespace sutler::admin {
namespace {

constexpr std::string_view kKnown[] = {"a", "b", ""};

TEST(Query, ReadsWhatItKnows) {
  const auto query = Query::parse("a=x%20y&b=true", kKnown);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->text("a"), "x y");
  EXPECT_EQ(query->flag("b").value(), true);
  EXPECT_EQ(query->flag("missing").value(), false);
  EXPECT_FALSE(query->number("missing").value());
  EXPECT_EQ(Query::parse("a=7", kKnown)->number("a").value(), 7U);
}

TEST(Query, RefusesTheRest) {
  for (const std::string_view text :
       {"c=1", "a", "a=", "a=&b=1", "a=1&a=2", "a=%zz", "=1", "&", "a=1&", "a=1&&b=2", "A=1"}) {
    EXPECT_EQ(Query::parse(text, kKnown).has_value(), text == "a=1&") << text;
  }
  for (const std::string_view text : {"a=yes", "a=1"}) {
    EXPECT_FALSE(Query::parse(text, kKnown)->flag("a")) << text;
  }
  for (const std::string_view text : {"a=-1", "a=1x", "a=%31%20", "a=99999999999999999999"}) {
    EXPECT_FALSE(Query::parse(text, kKnown)->number("a")) << text;
  }
}

}  // namespace
}  // namespace sutler::admin
