#include "admin/negotiate.h"

#include "admin/test_support.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kWeb = "/api/v1/teams/default/groups/web";
constexpr std::string_view kPatch = R"({"create":true,"everyone":true,"variables":{"A":"1"}})";

TEST(Negotiate, OptionsTellsWhatEveryPathTakes) {
  Bench bench;
  const Answer got = bench.ask("OPTIONS", "/api/v1/teams");
  EXPECT_EQ(got.status, 204);
  EXPECT_TRUE(got.fields.starts_with("Allow: GET, HEAD, POST, OPTIONS\r\n")) << got.fields;
  EXPECT_EQ(got.text, "");
  EXPECT_EQ(bench.ask("OPTIONS", "/api/v1/nothing").status, 404);
  EXPECT_EQ(bench.ask_tcp("", "OPTIONS", "/api/v1/teams").status, 401);
  EXPECT_EQ(bench.ask_tcp("", "OPTIONS", "/livez").status, 204);
}

TEST(Negotiate, ABodyMustBeSentAsJson) {
  Bench bench;
  for (const std::string_view type :
       {"text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1",
        "application/jsonx", "application/json; version=2", ""}) {
    const Answer got = bench.ask_with({{"Content-Type", type}}, "PATCH", kWeb, kPatch);
    EXPECT_EQ(got.status, 415) << type;
    EXPECT_EQ(got.code(), "unsupported_media_type");
  }
  EXPECT_EQ(bench.ask_with({}, "PATCH", kWeb, kPatch).status, 415);
  EXPECT_EQ(bench.revision(), 1U);
  EXPECT_EQ(bench.records().size(), 7U);  // each is an action that failed
  for (const std::string_view type :
       {"application/json", "Application/JSON;charset=UTF-8",
        "application/json ; charset=\"utf-8\"", "application/merge-patch+json"}) {
    const Answer got = bench.ask_with({{"content-type", type}}, "PATCH", kWeb, kPatch);
    EXPECT_TRUE(got.status == 200 || got.status == 201) << type << got.text;
  }
  EXPECT_EQ(bench
                .ask_with({{"Content-Type", "application/merge-patch+json"}}, "POST",
                          "/api/v1/teams", R"({"id":"acme"})")
                .status,
            415);
}

TEST(Negotiate, AnAnswerIsOnlyGivenInAFormThatIsAccepted) {
  Bench bench;
  for (const std::string_view accept :
       {"", "*/*", "application/*", "application/json", "text/html, application/json;q=0.1",
        "text/html;q=1,*/*;q=0.5", "APPLICATION/JSON"}) {
    EXPECT_EQ(bench.ask_with({{"Accept", accept}}, "GET", "/api/v1/teams").status, 200) << accept;
  }
  for (const std::string_view accept :
       {"text/html", "application/xml, text/*", "application/json;q=0", "*/*;q=0.0", ","}) {
    const Answer got = bench.ask_with({{"Accept", accept}}, "GET", "/api/v1/teams");
    EXPECT_EQ(got.status, 406) << accept;
    EXPECT_EQ(got.code(), "not_acceptable");
  }
  EXPECT_EQ(bench.ask_with({{"Accept", "application/json"}}, "GET", "/openapi.yaml").status, 406);
}

TEST(Negotiate, EveryProblemNamesItsRequest) {
  Bench bench;
  for (const std::string_view path :
       {std::string_view("/nothing"), std::string_view("/api/v1/teams/nosuch/groups"), kWeb}) {
    EXPECT_EQ(bench.ask("GET", path).at("/request_id"), "0123456789abcdef") << path;
  }
  EXPECT_EQ(bench.ask_tcp("", "GET", "/api/v1/teams").at("/request_id"), "0123456789abcdef");
  EXPECT_FALSE(bench.ask("GET", "/livez").text.contains("request_id"));
}

}  // namespace
}  // namespace sutler::admin::test
