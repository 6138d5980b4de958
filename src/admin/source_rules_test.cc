#include "admin/source_rules.h"

#include <gtest/gtest.h>

#include "admin/test_support.h"
#include "source/test_support.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kGroup = "/api/v1/teams/default/groups/g";
constexpr std::string_view kReference = R"({"A":{"from":"vault","ref":"a#k"}})";

std::string from(std::string_view items) {
  return R"({"secrets":{},"secretsFrom":)" + std::string(items) + "}";
}
std::string entries(std::string_view variables) {
  return R"({"secrets":{"variables":)" + std::string(variables) + "}}";
}

class SourceRules : public source::test::SourcesTest {
 protected:
  void serve(std::vector<source::Allowance> allow) {
    bench.reset();
    settings.allow = std::move(allow);
    start();
    bench = std::make_unique<Bench>(model::WeakKeys::kRefuse, 1'000'000, sources.get());
    bench->done("POST", "/api/v1/operators", R"({"name":"ed","role":"editor"})");
    const auto made = bench->done("POST", "/api/v1/operators/ed/tokens", "{}");
    editor = "Bearer " + json::value_to<std::string>(made.at("token"));
  }
  Answer as_editor(std::string_view body, std::string_view path = kGroup) {
    return bench->ask_tcp(editor, "PUT", path, body);
  }

  std::unique_ptr<Bench> bench;
  std::string editor;
};

TEST_F(SourceRules, WithoutAListOnlyOwnersWriteReferences) {
  serve({});
  EXPECT_EQ(as_editor(entries(kReference)).code(), "source_not_allowed");
  EXPECT_EQ(as_editor(from(R"([{"from":"vault","ref":"a"}])")).code(), "source_not_allowed");
  EXPECT_EQ(bench->ask("PUT", kGroup, entries(kReference)).status, 201);
}

TEST_F(SourceRules, WhatAnOwnerWroteStaysWhenAnEditorSavesTheRest) {
  serve({});
  bench->done("PUT", kGroup,
              R"({"secrets":{"variables":{"A":{"from":"vault","ref":"a#k"}}},)"
              R"("secretsFrom":[{"from":"vault","ref":"o"}]})");
  const auto patch = [this](std::string_view body) {
    return bench->ask_tcp(editor, "PATCH", kGroup, body);
  };
  EXPECT_EQ(patch(R"({"variables":{"B":"1"}})").status, 200);
  EXPECT_EQ(patch(R"({"variables":{"A":{"from":"vault","ref":"other#k"}}})").code(),
            "source_not_allowed");
  EXPECT_EQ(patch(R"({"variables":{"C":{"from":"vault","ref":"a#k"}}})").code(),
            "source_not_allowed");
  EXPECT_EQ(patch(R"({"secretsFrom":[{"from":"vault","ref":"p"}]})").code(), "source_not_allowed");
  EXPECT_EQ(patch(R"({"variables":{"A":null},"secretsFrom":null})").status, 200);
  const auto left = bench->done("GET", kGroup);
  EXPECT_FALSE(left.as_object().contains("secretsFrom"));
  // It is gone, and going back to it is writing it.
  const std::string rollback = std::string(kGroup) + "/rollback";
  EXPECT_EQ(bench->ask_tcp(editor, "POST", rollback, R"({"version":1})").code(),
            "source_not_allowed");
  EXPECT_EQ(bench->ask("POST", rollback, R"({"version":1})").status, 200);
}

TEST_F(SourceRules, TheListNamesTeamGroupAndReference) {
  serve({{"default", {"g*"}, {"a#*"}}});
  EXPECT_EQ(as_editor(entries(kReference)).status, 201);
  EXPECT_EQ(as_editor(entries(kReference), "/api/v1/teams/default/groups/other").code(),
            "source_not_allowed");
  const auto other = entries(R"({"A":{"from":"vault","ref":"b#k"}})");
  const std::string_view next = "/api/v1/teams/default/groups/g-next";
  EXPECT_EQ(as_editor(other, next).code(), "source_not_allowed");
  EXPECT_EQ(bench->ask("PUT", next, other).code(), "source_not_allowed");  // nor an owner
}

TEST_F(SourceRules, ASourceThatIsNotThereAndALocatorThatCannotBeAreRefused) {
  serve({{"*", {"*"}, {"*"}}});
  for (const std::string_view entry :
       {R"({"A":{"from":"nowhere","ref":"a"}})", R"({"A":{"from":"vault","ref":"!a"}})",
        R"({"A":{"from":"vault","ref":"a#"}})"}) {
    const Answer refused = bench->ask("PUT", kGroup, entries(entry));
    EXPECT_EQ(refused.status, 400) << entry << refused.text;
    EXPECT_TRUE(refused.text.contains("A of group")) << refused.text;
  }
  EXPECT_EQ(bench->ask("PUT", kGroup, from(R"([{"from":"nowhere","ref":"a"}])")).status, 400);
}

TEST_F(SourceRules, ADryRunIsJudgedLikeASave) {
  serve({});
  const std::string path = std::string(kGroup) + "?dry_run=true";
  EXPECT_EQ(as_editor(entries(kReference), path).code(), "source_not_allowed");
}

TEST_F(SourceRules, AGroupShowsItsReferencesToThoseWhoMayReveal) {
  serve({});
  bench->done("PUT", kGroup, entries(kReference));
  const auto masked = bench->done("GET", kGroup);
  EXPECT_EQ(json::serialize(masked).contains("a#k"), false);
  const auto shown = bench->done("GET", std::string(kGroup) + "?reveal=true");
  EXPECT_TRUE(json::serialize(shown).contains("a#k"));
}

TEST_F(SourceRules, SecretsFromIsTalkedAboutInDiffs) {
  serve({});
  bench->done("PUT", kGroup, from(R"([{"from":"vault","ref":"a"}])"));
  bench->done("PATCH", kGroup, R"({"secretsFrom":[{"from":"vault","ref":"b"}]})");
  const auto diff = bench->done("GET", std::string(kGroup) + "/diff?from=1&to=2");
  const std::string text = json::serialize(diff);
  EXPECT_TRUE(text.contains("secretsFrom")) << text;
}

TEST_F(SourceRules, ExplainTellsWhereAValueCameFrom) {
  serve({});
  store->put("a", source::test::object({{"k", "canary"}}));
  bench->done("PUT", kGroup, entries(kReference));
  obtain({{"vault", "a"}});
  const std::string_view asks = R"({"project":"p","object":"o","type":"service"})";
  const auto story = bench->done("POST", "/api/v1/teams/default/explain", asks);
  EXPECT_EQ(story.at("entries").at(0).at("source").at("state"), "value");
  EXPECT_FALSE(json::serialize(story).contains("canary"));
}

}  // namespace
}  // namespace sutler::admin::test
