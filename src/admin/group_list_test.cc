#include "admin/group_list.h"

#include "admin/test_support.h"

namespace sutler::admin::test {
namespace {

std::string found(Bench& bench, const std::string& query) {
  std::string names;
  const auto page = bench.done("GET", "/api/v1/groups" + query);
  for (const auto& item : page.at("items").as_array()) {
    names += json::value_to<std::string>(item.at("team")) + '/' +
             json::value_to<std::string>(item.at("name")) + ' ';
  }
  return names;
}

// Of three teams, one of them without groups.
void stock(Bench& bench) {
  bench.done("POST", "/api/v1/teams", R"({"id":"a"})");
  bench.done("POST", "/api/v1/teams", R"({"id":"a-b"})");
  bench.done("POST", "/api/v1/apply",
             apply_json({R"({"name":"web","team":"a","restrictions":{"projects":["shop-*"]},)"
                         R"("secrets":{"variables":{"DB_URL":"s3cret"}}})",
                         R"({"name":"api","team":"a-b","type":"config","secrets":{"files":)"
                         R"({"/etc/db.conf":{"data":"x"}}}})",
                         R"({"name":"api","team":"a","restrictions":{"projects":["other"]},)"
                         R"("managedBy":"ci","secrets":{"variables":{"PORT":"1"}}})"}));
}

TEST(GroupList, FindsByTeamNameKeyProjectTypeAndManager) {
  Bench bench;
  stock(bench);
  EXPECT_EQ(found(bench, ""), "a/api a/web a-b/api ");
  EXPECT_EQ(found(bench, "?team=a-b"), "a-b/api ");
  EXPECT_EQ(found(bench, "?name=a*"), "a/api a-b/api ");
  EXPECT_EQ(found(bench, "?name=web"), "a/web ");
  EXPECT_EQ(found(bench, "?key=DB_*"), "a/web ");
  EXPECT_EQ(found(bench, "?key=/etc/*"), "a-b/api ");
  EXPECT_EQ(found(bench, "?project=shop-1"), "a/web a-b/api ");  // one is for every project
  EXPECT_EQ(found(bench, "?type=config"), "a-b/api ");
  EXPECT_EQ(found(bench, "?managed_by=ci"), "a/api ");
  EXPECT_EQ(found(bench, "?name=api&project=shop-1"), "a-b/api ");
  EXPECT_EQ(found(bench, "?name=nosuch"), "");
  EXPECT_FALSE(bench.ask("GET", "/api/v1/groups").text.contains("s3cret"));
}

TEST(GroupList, GoesThroughTheTeamsPageByPage) {
  Bench bench;
  stock(bench);
  std::string names, cursor;
  do {
    const std::string query = "?limit=1" + (cursor.empty() ? "" : "&cursor=" + cursor);
    names += found(bench, query);
    const auto page = bench.done("GET", "/api/v1/groups" + query);
    const auto* next = page.as_object().if_contains("next_cursor");
    cursor = next == nullptr ? "" : json::value_to<std::string>(*next);
  } while (!cursor.empty());
  EXPECT_EQ(names, "a/api a/web a-b/api ");
}

TEST(GroupList, RefusesAFilterThatSaysNothingOrIsNoWord) {
  Bench bench;
  for (const std::string query :
       {"?name=", "?key=", "?project=", "?type=", "?type=public", "?managed_by=", "?nosuch=1"}) {
    EXPECT_EQ(bench.ask("GET", "/api/v1/groups" + query).status, 400) << query;
    EXPECT_EQ(bench.ask("GET", "/api/v1/teams/default/groups" + query).status, 400) << query;
  }
  EXPECT_EQ(bench.ask("GET", "/api/v1/groups?team=nosuch").status, 404);
  EXPECT_EQ(bench.ask("GET", "/api/v1/teams/default/groups?team=default").status, 400);
}

TEST(GroupList, EntriesComeMaskedAndOneByOne) {
  Bench bench;
  const std::string web = "/api/v1/teams/default/groups/web";
  bench.done("PUT", web,
             R"({"secrets":{"variables":{"B":"s3cret","A":{"template":"${B}"}},)"
             R"("files":{"/f":{"data":"hidden","encoding":"utf-8"}}}})");
  const Answer all = bench.ask("GET", web + "/entries");
  EXPECT_EQ(all.text, R"({"items":[{"kind":"ENV","key":"A","form":"template","masked":true},)"
                      R"({"kind":"ENV","key":"B","form":"literal","masked":true},)"
                      R"({"kind":"FILE","path":"/f","form":"literal","masked":true}]})");
  EXPECT_EQ(all.etag(), R"("1-2")");
  EXPECT_EQ(bench.records().size(), 1U);
  const Answer one = bench.ask("GET", web + "/entries?key=B&reveal=true");
  EXPECT_EQ(one.text, R"({"items":[{"kind":"ENV","key":"B","form":"literal","value":"s3cret"}]})");
  ASSERT_EQ(bench.records().size(), 2U);
  EXPECT_EQ(bench.records()[1].at("event"), "value.reveal");
  EXPECT_EQ(json::serialize(bench.records()[1].at("keys")), R"(["B"])");
  const Answer second = bench.ask("GET", web + "/entries?limit=2");
  const std::string cursor = json::value_to<std::string>(second.at("/next_cursor"));
  EXPECT_EQ(bench.ask("GET", web + "/entries?limit=2&cursor=" + cursor).at("/items/0/path"), "/f");
  EXPECT_EQ(bench.ask("GET", web + "x/entries").status, 404);
  bench.fail_audit();
  const Answer dark = bench.ask("GET", web + "/entries?reveal=true");
  EXPECT_EQ(dark.status, 503);
  EXPECT_FALSE(dark.text.contains("s3cret"));
}

}  // namespace
}  // namespace sutler::admin::test
