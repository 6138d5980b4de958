#include "admin/precondition.h"

#include "admin/test_support.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kWeb = "/api/v1/teams/default/groups/web";
constexpr std::string_view kOne = R"({"secrets":{"variables":{"A":"1"}}})";
constexpr std::string_view kTwo = R"({"secrets":{"variables":{"A":"2"}}})";

Answer ask_if(Bench& bench, std::string_view field, std::string_view value, std::string_view method,
              std::string_view body) {
  std::vector<http::Field> fields = {{field, value}};
  if (!body.empty()) fields.push_back({"Content-Type", "application/json"});
  return bench.ask_with(std::move(fields), method, kWeb, body);
}

TEST(Precondition, APutOverAGroupMustSayWhichVersionItMeans) {
  Bench bench;
  const Answer made = bench.ask("PUT", kWeb, kOne);
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.etag(), R"("1-2")");
  const Answer blind = bench.ask("PUT", kWeb, kTwo);
  EXPECT_EQ(blind.status, 428);
  EXPECT_EQ(blind.code(), "precondition_required");
  EXPECT_EQ(blind.at("/current_version"), 1);
  EXPECT_EQ(blind.at("/current_etag"), R"("1-2")");
  EXPECT_EQ(blind.etag(), R"("1-2")");
  EXPECT_EQ(bench.ask("PUT", kWeb, kOne).status, 428);  // nor tells it whether a value is the same
  EXPECT_EQ(bench.revision(), 2U);
  const auto records = bench.records();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[1].at("outcome"), "failed");
  EXPECT_EQ(records[1].at("reason"), "precondition_required");
}

TEST(Precondition, TheSlowerOfTwoIsToldTheCurrentVersion) {
  Bench bench;
  const std::string seen = bench.ask("PUT", kWeb, kOne).etag();
  const Answer first = ask_if(bench, "If-Match", seen, "PUT", kTwo);
  EXPECT_EQ(first.status, 200) << first.text;
  EXPECT_EQ(first.etag(), R"("2-3")");
  for (const std::string_view method : {"PUT", "PATCH", "DELETE"}) {
    const std::string_view body = method == "PUT"     ? kOne
                                  : method == "PATCH" ? R"({"variables":{"B":"1"}})"
                                                      : std::string_view();
    const Answer slower = ask_if(bench, "If-Match", seen, method, body);
    EXPECT_EQ(slower.status, 412) << method << slower.text;
    EXPECT_EQ(slower.code(), "precondition_failed");
    EXPECT_EQ(slower.at("/current_version"), 2);
    EXPECT_EQ(slower.at("/current_etag"), R"("2-3")");
    EXPECT_EQ(slower.at("/request_id"), "0123456789abcdef");
  }
  EXPECT_EQ(bench.revision(), 3U);
  EXPECT_EQ(ask_if(bench, "If-Match", "\"x\", " + first.etag(), "DELETE", "").status, 200);
}

TEST(Precondition, AStarOverwritesOnPurposeOrOnlyCreates) {
  Bench bench;
  EXPECT_EQ(ask_if(bench, "If-Match", "*", "PUT", kOne).status, 412);
  EXPECT_EQ(ask_if(bench, "If-None-Match", "*", "PUT", kOne).status, 201);
  EXPECT_EQ(ask_if(bench, "If-None-Match", "*", "PUT", kTwo).status, 412);
  EXPECT_EQ(ask_if(bench, "If-Match", "*", "PUT", kTwo).status, 200);
  EXPECT_EQ(bench.revision(), 3U);
}

TEST(Precondition, AGroupThatWasMadeAnewHasAnotherTag) {
  Bench bench;
  const std::string old = bench.ask("PUT", kWeb, kOne).etag();
  bench.done("DELETE", kWeb);
  const std::string anew = bench.ask("PUT", kWeb, kOne).etag();
  EXPECT_NE(old, anew);
  EXPECT_EQ(ask_if(bench, "If-Match", old, "PUT", kTwo).status, 412);
}

TEST(Precondition, APatchAndADeletionMayGoWithout) {
  Bench bench;
  bench.done("PUT", kWeb, kOne);
  const Answer patched = bench.ask("PATCH", kWeb, R"({"variables":{"B":"2"},"description":"d"})");
  EXPECT_EQ(patched.status, 200);
  EXPECT_EQ(patched.etag(), R"("2-3")");
  EXPECT_EQ(bench.ask("GET", kWeb).at("/description"), "d");
  EXPECT_EQ(bench.ask("PATCH", kWeb, R"({"description":null})").status, 200);
  EXPECT_FALSE(bench.ask("GET", kWeb).text.contains("description"));
  EXPECT_EQ(bench.ask("DELETE", kWeb).status, 200);
}

TEST(Precondition, AWeakTagMatchesNothingAndAMalformedOneIsRefused) {
  Bench bench;
  bench.done("PUT", kWeb, kOne);
  EXPECT_EQ(ask_if(bench, "If-Match", R"(W/"1-2")", "PUT", kTwo).status, 412);
  for (const std::string_view wrong : {"1-2", "\"1-2", "", "\"1-2\" \"3-4\"", "\"1-2\",", "**",
                                       "*, \"1-2\"", "w/\"1-2\"", "\"1 2\""}) {
    EXPECT_EQ(ask_if(bench, "If-Match", wrong, "PUT", kTwo).status, 400) << wrong;
  }
  EXPECT_EQ(ask_if(bench, "If-None-Match", R"("1-2")", "PUT", kTwo).status, 400);
  const Answer twice = bench.ask_with(
      {{"Content-Type", "application/json"}, {"If-Match", R"("1-2")"}, {"If-Match", R"("1-3")"}},
      "PUT", kWeb, kTwo);
  EXPECT_EQ(twice.status, 400);
  EXPECT_EQ(bench.revision(), 2U);
}

std::string text_at(const Answer& answer, const char* pointer) {
  return json::value_to<std::string>(answer.at(pointer));
}

Answer ask_if_match(Bench& bench, const std::string& etag, std::string_view method,
                    std::string_view target, std::string_view body) {
  return bench.ask_with({{"If-Match", etag}, {"Content-Type", "application/json"}}, method, target,
                        body);
}

TEST(Precondition, ATeamThatSomebodyElseChangedIsNotOverwritten) {
  Bench bench;
  constexpr std::string_view kAcme = "/api/v1/teams/acme";
  const std::string seen = bench.ask("POST", "/api/v1/teams", R"({"id":"acme"})").etag();
  EXPECT_EQ(seen, R"("1-2")");
  EXPECT_EQ(text_at(bench.ask("GET", "/api/v1/teams"), "/items/0/etag"), seen);
  const Answer first = ask_if_match(bench, seen, "PATCH", kAcme, R"({"require_exp":true})");
  EXPECT_EQ(first.status, 200) << first.text;
  EXPECT_EQ(first.etag(), R"("2-3")");
  for (const std::string_view method : {"PATCH", "DELETE"}) {
    const std::string_view body = method == "PATCH" ? R"({"path":"/late"})" : std::string_view();
    const Answer late = ask_if_match(bench, seen, method, kAcme, body);
    EXPECT_EQ(late.status, 412) << method << late.text;
    EXPECT_EQ(late.code(), "precondition_failed");
    EXPECT_EQ(late.at("/current_version"), 2);
    EXPECT_EQ(late.at("/current_etag"), R"("2-3")");
    EXPECT_TRUE(late.detail().contains("team \"acme\""));
  }
  EXPECT_EQ(bench.revision(), 3U);
  bench.done("POST", "/api/v1/teams/acme/keys", "{}");
  EXPECT_EQ(ask_if_match(bench, first.etag(), "PATCH", kAcme, R"({"path":"/x"})").status, 412)
      << "a signing key is a change of its team";
  EXPECT_EQ(bench.ask("PATCH", kAcme, R"({"path":"/x"})").status, 200);
  EXPECT_EQ(ask_if_match(bench, "*", "DELETE", kAcme, {}).status, 200);
  EXPECT_EQ(ask_if_match(bench, "\"1", "PATCH", "/api/v1/teams/default", "{}").status, 400);
}

TEST(Precondition, AnOperatorThatSomebodyElseChangedIsNotOverwritten) {
  Bench bench;
  constexpr std::string_view kAnn = "/api/v1/operators/ann";
  constexpr std::string_view kViewer = R"({"role":"viewer"})";
  const std::string seen = bench.ask("PUT", kAnn, R"({"role":"editor"})").etag();
  EXPECT_EQ(seen, R"("1-2")");
  const Answer shown = bench.ask("GET", kAnn);
  EXPECT_EQ(shown.etag(), seen);
  EXPECT_EQ(text_at(shown, "/etag"), seen);
  const Answer blind = bench.ask("PUT", kAnn, kViewer);
  EXPECT_EQ(blind.status, 428);
  EXPECT_EQ(blind.code(), "precondition_required");
  const Answer first = ask_if_match(bench, seen, "PATCH", kAnn, R"({"reveal":true})");
  EXPECT_EQ(first.status, 200) << first.text;
  for (const std::string_view method : {"PUT", "PATCH", "DELETE"}) {
    const Answer late =
        ask_if_match(bench, seen, method, kAnn, method == "DELETE" ? std::string_view() : kViewer);
    EXPECT_EQ(late.status, 412) << method << late.text;
    EXPECT_EQ(text_at(late, "/current_etag"), first.etag());
  }
  EXPECT_EQ(bench.ask("GET", kAnn).at("/role"), "editor");
  EXPECT_EQ(ask_if_match(bench, "*", "PUT", "/api/v1/operators/none", kViewer).status, 412);
  EXPECT_EQ(ask_if_match(bench, first.etag(), "PUT", kAnn, kViewer).status, 200);
  EXPECT_EQ(ask_if_match(bench, "*", "DELETE", kAnn, {}).status, 200);
}

}  // namespace
}  // namespace sutler::admin::test
