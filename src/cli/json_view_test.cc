#include "cli/json_view.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace sutler::cli {
namespace {

TEST(JsonView, WhatIsMissingOrOfAnotherKindIsEmpty) {
  const auto tree = *base::parse_json(R"({"a":"x","n":7,"t":true,"o":{},"l":["p",2]})");
  EXPECT_EQ(shown(tree, "a"), "x");
  EXPECT_EQ(shown(tree, "n"), "7");
  EXPECT_EQ(shown(tree, "t"), "true");
  EXPECT_EQ(shown(tree, "o"), "");
  EXPECT_EQ(shown(tree, "absent"), "");
  EXPECT_TRUE(is_true(tree, "t"));
  EXPECT_FALSE(is_true(tree, "a"));
  EXPECT_EQ(texts(tree, "l"), (std::vector<std::string>{"p", "2"}));
  EXPECT_TRUE(items(tree, "a").empty());
  EXPECT_EQ(shown(*base::parse_json("[]"), "a"), "");
}

TEST(JsonView, RestrictionsReadAsWords) {
  const auto text = [](const char* json) { return restrictions_text(*base::parse_json(json)); };
  EXPECT_EQ(text("{}"), "everyone");
  EXPECT_EQ(text("null"), "everyone");
  EXPECT_EQ(text(R"({"projects":["a","b"]})"), "projects a, b");
  EXPECT_EQ(text(R"({"projects":["a"],"nfObjects":[{"id":"api","type":"service"},{"id":"w-*"}]})"),
            "projects a; objects api (service), w-*");
}

}  // namespace
}  // namespace sutler::cli
