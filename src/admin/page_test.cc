#include "admin/page.h"

#include "admin/test_support.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kGroups = "/api/v1/teams/default/groups";

std::string at(std::string_view query) { return std::string(kGroups) + std::string(query); }

std::string names(const json::value& page) {
  std::string out;
  for (const auto& item : page.at("items").as_array()) {
    out += json::value_to<std::string>(item.at("name")) + ' ';
  }
  return out;
}

std::string cursor(const json::value& page) {
  const auto* next = page.as_object().if_contains("next_cursor");
  return next == nullptr ? "" : json::value_to<std::string>(*next);
}

void put(Bench& bench, const std::string& name) {
  bench.done("PUT", at("/" + name), R"({"secrets":{"variables":{"A":"1"}}})");
}

TEST(Page, AListComesInPagesThatEndWithoutACursor) {
  Bench bench;
  for (const auto* name : {"d", "b", "a", "c", "e"}) put(bench, name);
  auto page = bench.done("GET", at("?limit=2"));
  EXPECT_EQ(names(page), "a b ");
  page = bench.done("GET", at("?limit=2&cursor=" + cursor(page)));
  EXPECT_EQ(names(page), "c d ");
  page = bench.done("GET", at("?limit=2&cursor=" + cursor(page)));
  EXPECT_EQ(names(page), "e ");
  EXPECT_EQ(cursor(page), "");
  EXPECT_EQ(cursor(bench.done("GET", at("?limit=5"))), "");  // exactly full, and nothing after
}

TEST(Page, WhatComesAndGoesMeanwhileNeitherRepeatsNorHidesAnother) {
  Bench bench;
  for (const auto* name : {"b", "d", "f"}) put(bench, name);
  const auto first = bench.done("GET", at("?limit=2"));
  EXPECT_EQ(names(first), "b d ");
  bench.done("DELETE", at("/d"));  // where the cursor stands
  for (const auto* name : {"a", "e"}) put(bench, name);
  EXPECT_EQ(names(bench.done("GET", at("?limit=2&cursor=" + cursor(first)))), "e f ");
}

TEST(Page, RefusesALimitOrACursorThatCannotBe) {
  Bench bench;
  for (const std::string_view query :
       {"?limit=0", "?limit=1001", "?limit=-1", "?limit=x", "?limit=", "?cursor=", "?cursor=%21",
        "?cursor=YQ==", "?cursor=YR", "?limit=1&limit=1"}) {
    EXPECT_EQ(bench.ask("GET", at(query)).status, 400) << query;
  }
  EXPECT_EQ(bench.ask("GET", at("?limit=1000&cursor=YQ")).status, 200);
}

}  // namespace
}  // namespace sutler::admin::test
