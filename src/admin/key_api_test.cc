#include "admin/key_api.h"

#include "admin/test_support.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kKeys = "/api/v1/teams/default/keys";
constexpr std::string_view kStrong = "0123456789abcdefghijklmnopqrstuvwxyz";

std::string secret_json(std::string_view secret) {
  return R"({"secret":")" + std::string(secret) + R"("})";
}

std::string retire_path(const json::value& made) {
  return std::string(kKeys) + "/" + json::value_to<std::string>(made.at("id")) + "/retire";
}

TEST(KeyApi, AGeneratedKeyIsShownOnce) {
  Bench bench;
  const Answer made = bench.ask("POST", kKeys, "{}");
  EXPECT_EQ(made.status, 201);
  const auto key = json::value_to<std::string>(made.at("/key"));
  EXPECT_EQ(key.size(), 43U);
  EXPECT_EQ(json::value_to<std::string>(made.at("/id")).size(), 8U);
  EXPECT_EQ(made.at("/alg"), "HS256");
  EXPECT_EQ(made.at("/team"), "default");
  const Answer list = bench.ask("GET", kKeys);
  EXPECT_EQ(list.at("/items/0/id"), made.at("/id"));
  EXPECT_EQ(list.at("/items/0/state"), "active");
  EXPECT_FALSE(list.text.contains(key));
  const auto records = bench.records();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].at("event"), "key.create");
  EXPECT_EQ(records[0].at("key_id"), made.at("/id"));
  EXPECT_FALSE(bench.audit_text().contains(key));
}

TEST(KeyApi, AGivenKeyIsNeverShown) {
  Bench bench;
  const Answer made =
      bench.ask("POST", kKeys, R"({"alg":"HS512","secret":")" + std::string(kStrong) + R"("})");
  EXPECT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.at("/alg"), "HS512");
  EXPECT_FALSE(made.text.contains(kStrong));
}

TEST(KeyApi, AWeakKeyNeedsAServerThatAllowsIt) {
  Bench strict;
  for (const std::string_view weak :
       {"short", "APP_SECRET", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    const Answer got = strict.ask("POST", kKeys, secret_json(weak));
    EXPECT_EQ(got.status, 400) << weak;
    EXPECT_EQ(got.code(), "weak_key");
    EXPECT_FALSE(got.text.contains("\"" + std::string(weak)));
  }
  EXPECT_EQ(strict.ask("POST", kKeys, secret_json("")).status, 400);
  EXPECT_EQ(strict.ask("POST", kKeys, R"({"alg":"none"})").status, 400);
  EXPECT_EQ(strict.ask("POST", kKeys, R"({"alg":"RS256"})").status, 400);
  EXPECT_EQ(strict.ask("POST", "/api/v1/teams/nosuch/keys", "{}").status, 404);
  EXPECT_EQ(strict.revision(), 1U);

  Bench lax(model::WeakKeys::kAllow);
  const Answer made = lax.ask("POST", kKeys, secret_json("APP_SECRET"));
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.at("/warnings").as_array().size(), 1U);
  EXPECT_EQ(lax.records().at(0).at("reason"), "weak_key");
  EXPECT_EQ(lax.records().at(0).at("outcome"), "ok");
}

TEST(KeyApi, ARetiredKeyStaysInTheListAndRetired) {
  Bench bench;
  const auto made = bench.done("POST", kKeys, "{}");
  const auto planned = bench.done("POST", retire_path(made), R"({"after_seconds":86400})");
  EXPECT_EQ(planned.at("state"), "retiring");
  EXPECT_EQ(bench.done("POST", retire_path(made), "").at("state"), "retired");
  const auto revision = bench.revision();
  EXPECT_EQ(bench.done("POST", retire_path(made), R"({"after_seconds":60})").at("state"),
            "retired");
  EXPECT_EQ(bench.revision(), revision);
  EXPECT_EQ(bench.ask("GET", kKeys).at("/items/0/state"), "retired");
  EXPECT_EQ(bench.records().back().at("event"), "key.retire");
  EXPECT_EQ(bench.records().back().at("key_id"), made.at("id"));
}

TEST(KeyApi, APlannedRetirementComesWithTime) {
  Bench bench;
  const auto made = bench.done("POST", kKeys, "{}");
  bench.done("POST", retire_path(made), R"({"after_seconds":60})");
  bench.clock().set(bench.clock().now() + std::chrono::seconds(60));
  EXPECT_EQ(bench.ask("GET", kKeys).at("/items/0/state"), "retired");
}

TEST(KeyApi, AKeyThatIsNotThereCannotBeRetired) {
  Bench bench;
  EXPECT_EQ(bench.ask("POST", "/api/v1/teams/default/keys/00000000/retire", "{}").status, 404);
  const auto made = bench.done("POST", kKeys, "{}");
  EXPECT_EQ(bench.ask("POST", retire_path(made), R"({"after_seconds":-1})").status, 400);
  EXPECT_EQ(bench.ask("POST", retire_path(made), R"({"after":"24h"})").status, 400);
}

TEST(KeyApi, RetiredKeysMakeRoomAndActiveOnesDoNot) {
  Bench bench;
  const auto first = bench.done("POST", kKeys, "{}");
  for (int i = 1; i < 16; ++i) bench.done("POST", kKeys, "{}");
  EXPECT_EQ(bench.ask("POST", kKeys, "{}").code(), "too_many_keys");
  bench.done("POST", retire_path(first), "{}");
  bench.done("POST", kKeys, "{}");
  const Answer list = bench.ask("GET", kKeys);
  EXPECT_EQ(list.at("/items").as_array().size(), 16U);
  EXPECT_FALSE(list.text.contains(json::value_to<std::string>(first.at("id"))));
}

}  // namespace
}  // namespace sutler::admin::test
