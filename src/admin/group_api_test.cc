#include "admin/group_api.h"

#include "admin/test_support.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kWeb = "/api/v1/teams/default/groups/web";

std::string with(std::string_view query) { return std::string(kWeb) + std::string(query); }

TEST(GroupApi, APutGroupIsShownMaskedAndRevealedOnRequest) {
  Bench bench;
  const Answer made = bench.ask("PUT", kWeb, R"({"secrets":{"variables":{"A":"s3cret"}}})");
  EXPECT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.at("/created/0"), "web");
  const Answer masked = bench.ask("GET", kWeb);
  EXPECT_EQ(masked.at("/secrets/variables/A/masked"), true);
  EXPECT_TRUE(masked.fields.starts_with("ETag: \"1-2\"\r\nGroup-Version: 1\r\n")) << masked.fields;
  EXPECT_FALSE(masked.text.contains("s3cret"));
  const Answer shown = bench.ask("GET", with("?reveal=true"));
  EXPECT_EQ(shown.at("/secrets/variables/A"), "s3cret");

  const auto records = bench.records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].at("event"), "group.update");
  EXPECT_EQ(records[0].at("operator"), "uid:0");
  EXPECT_EQ(records[0].at("team"), "default");
  EXPECT_EQ(records[0].at("revision"), 2);
  EXPECT_EQ(json::serialize(records[0].at("groups")), R"([{"name":"web","version":1}])");
  EXPECT_EQ(json::serialize(records[0].at("keys")), R"(["A"])");
  EXPECT_EQ(records[1].at("event"), "value.reveal");
  EXPECT_EQ(records[1].at("request_id"), "0123456789abcdef");
  EXPECT_FALSE(bench.audit_text().contains("s3cret"));
}

TEST(GroupApi, WhatIsShownMaskedMayBePutBackAndMeansUnchanged) {
  Bench bench;
  bench.done("PUT", kWeb, R"({"secrets":{"variables":{"A":"1","B":{"template":"${A}"}}}})");
  const Answer masked = bench.ask("GET", kWeb);
  const std::string tag = masked.etag();
  const Answer back = bench.ask_with({{"Content-Type", "application/json"}, {"If-Match", tag}},
                                     "PUT", kWeb, masked.text);
  EXPECT_EQ(back.at("/unchanged/0"), "web") << back.text;
  EXPECT_EQ(back.etag(), masked.etag());
  EXPECT_EQ(bench.revision(), 2U);
  const Answer elsewhere = bench.ask("PUT", "/api/v1/teams/default/groups/other",
                                     R"({"secrets":{"variables":{"A":{"masked":true}}}})");
  EXPECT_EQ(elsewhere.status, 400);
  EXPECT_TRUE(elsewhere.detail().contains("A")) << elsewhere.text;
}

TEST(GroupApi, ABodyOfAnotherGroupIsRefused) {
  Bench bench;
  EXPECT_EQ(bench.ask("PUT", kWeb, R"({"name":"web2","secrets":{"variables":{}}})").status, 400);
  EXPECT_EQ(bench.ask("PUT", kWeb, R"({"team":"acme","secrets":{"variables":{}}})").status, 400);
  EXPECT_EQ(bench.ask("PUT", kWeb, R"({"surprise":1,"secrets":{"variables":{}}})").status, 400);
  EXPECT_EQ(bench.revision(), 1U);
  EXPECT_EQ(bench.records().at(0).at("outcome"), "failed");
  EXPECT_EQ(bench.records().at(0).at("reason"), "invalid");
  EXPECT_EQ(bench.records().size(), 3U);
}

TEST(GroupApi, TheListTellsNumbersAndNoValue) {
  Bench bench;
  bench.done("PUT", kWeb,
             R"({"priority":20,"restrictions":{"projects":["p"]},)"
             R"("secrets":{"variables":{"A":"s3cret"},"files":{"/f":{"data":"x"}}}})");
  const Answer list = bench.ask("GET", "/api/v1/teams/default/groups");
  EXPECT_EQ(list.at("/items/0/name"), "web");
  EXPECT_EQ(list.at("/items/0/priority"), 20);
  EXPECT_EQ(list.at("/items/0/variables"), 1);
  EXPECT_EQ(list.at("/items/0/files"), 1);
  EXPECT_EQ(list.at("/items/0/version"), 1);
  EXPECT_EQ(list.at("/items/0/restrictions/projects/0"), "p");
  EXPECT_FALSE(list.text.contains("s3cret"));
  EXPECT_EQ(bench.ask("GET", "/api/v1/teams/nosuch/groups").status, 404);
}

TEST(GroupApi, PatchSetsAndRemovesSingleEntries) {
  Bench bench;
  bench.done("PUT", kWeb, R"({"secrets":{"variables":{"A":"1","B":"2"}}})");
  const Answer got =
      bench.ask("PATCH", kWeb, R"({"variables":{"A":null,"C":"3"},"files":{"/f":{"data":"x"}}})");
  EXPECT_EQ(got.status, 200) << got.text;
  const auto shown = bench.done("GET", with("?reveal=true"));
  EXPECT_EQ(json::serialize(shown.at("secrets").at("variables")), R"({"B":"2","C":"3"})");
  EXPECT_EQ(shown.at_pointer("/secrets/files/~1f/data"), "x");
  EXPECT_EQ(json::serialize(bench.records().at(1).at("keys")), R"(["A","C","/f"])");
}

TEST(GroupApi, PatchKeepsTheOwnerAndModeOfAFileThatAreNotGiven) {
  Bench bench;
  const auto patch = [&](std::string_view file) {
    return bench.ask("PATCH", kWeb,
                     R"({"create":true,"everyone":true,"files":{"/f":)" + std::string(file) + "}}");
  };
  patch(R"({"data":"eA==","encoding":"base64","owner":{"policy":"AlwaysSetInherited"},)"
        R"("permissions":{"policy":"AlwaysSet","mode":"0400"}})");
  patch(R"({"data":"new"})");
  Answer shown = bench.ask("GET", with("?reveal=true"));
  EXPECT_EQ(shown.at("/secrets/files/~1f/permissions/mode"), "0400");
  EXPECT_EQ(shown.at("/secrets/files/~1f/data"), "new");
  EXPECT_EQ(shown.text.find("encoding"), std::string::npos);
  patch(R"({"data":"new","owner":null,"permissions":{"policy":"KeepOrSet","mode":"0600"}})");
  shown = bench.ask("GET", with("?reveal=true"));
  EXPECT_EQ(shown.text.find("owner"), std::string::npos);
  EXPECT_EQ(shown.at("/secrets/files/~1f/permissions/mode"), "0600");
}

TEST(GroupApi, PatchRefusesToRemoveWhatIsNotThere) {
  Bench bench;
  bench.done("PUT", kWeb, R"({"secrets":{"variables":{"A":"1"}}})");
  const Answer got = bench.ask("PATCH", kWeb, R"({"variables":{"A":null,"GONE":null}})");
  EXPECT_EQ(got.status, 404);
  EXPECT_TRUE(got.detail().contains("GONE")) << got.text;
  EXPECT_EQ(bench.revision(), 2U);
}

TEST(GroupApi, ANewGroupByPatchNeedsCreateAndWhomItIsFor) {
  Bench bench;
  const std::string entry = R"("variables":{"A":"1"})";
  EXPECT_EQ(bench.ask("PATCH", kWeb, "{" + entry + "}").status, 404);
  EXPECT_EQ(bench.ask("PATCH", kWeb, R"({"create":true,)" + entry + "}").status, 400);
  for (const std::string members :
       {R"("restrictions":{})", R"("restrictions":{"projects":[]})", R"("everyone":false)",
        R"("everyone":true,"restrictions":{"projects":["p"]})"}) {
    const std::string body = R"({"create":true,)" + members + "," + entry + "}";
    EXPECT_EQ(bench.ask("PATCH", kWeb, body).status, 400) << body;
  }
  const Answer made =
      bench.ask("PATCH", kWeb,
                R"({"create":true,"restrictions":{"projects":["p"]},"priority":30,)" + entry + "}");
  EXPECT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(bench.ask("GET", kWeb).at("/priority"), 30);
  const Answer wide = bench.ask("PATCH", kWeb, R"({"restrictions":{}})");
  EXPECT_EQ(wide.status, 400) << wide.text;
}

TEST(GroupApi, APatchOfAGroupThatExistsNeverChangesWhomItIsFor) {
  Bench bench;
  const std::string mine =
      R"({"create":true,"restrictions":{"projects":["p"]},"variables":{"A":"1"}})";
  EXPECT_EQ(bench.ask("PATCH", kWeb, mine).status, 201);
  EXPECT_EQ(bench.ask("PATCH", kWeb, mine).status, 200);  // the same again
  EXPECT_EQ(bench.ask("PATCH", kWeb, R"({"everyone":true})").status, 409);
  const std::string_view other = R"({"restrictions":{"nfObjects":["api"]},"variables":{"B":"2"}})";
  EXPECT_EQ(bench.ask("PATCH", kWeb, other).status, 409);
  EXPECT_EQ(bench.ask("GET", kWeb).at("/restrictions/projects/0"), "p");
}

TEST(GroupApi, AValueInThePlaceOfAGroupsNameIsNeitherSaidBackNorRecorded) {
  Bench bench;
  const auto path = "/api/v1/teams/default/groups/KEY%3Dhunter2";
  const Answer refused = bench.ask("PATCH", path, R"({"variables":{"A":"1"}})");
  EXPECT_EQ(refused.status, 404);
  EXPECT_FALSE(refused.text.contains("hunter2"));
  EXPECT_FALSE(json::serialize(bench.records().at(0)).contains("hunter2"));
}

TEST(GroupApi, PatchRefusesWhatNoGroupMayHave) {
  Bench bench;
  bench.done("PUT", kWeb, R"({"secrets":{"variables":{"A":"1"}}})");
  for (const std::string_view body :
       {R"({"priority":101})", R"({"priority":"1"})", R"({"type":"public"})",
        R"({"variables":{"1A":"x"}})", R"({"variables":["A"]})", R"({"files":{"f":{"data":"x"}}})",
        R"({"surprise":1})", R"({"variables":{"A":{"template":"${A}"}}})",
        R"({"variables":{"B":{"masked":true}}})"}) {
    const Answer got = bench.ask("PATCH", kWeb, body);
    EXPECT_EQ(got.status, 400) << body << ' ' << got.text;
  }
  const Answer reference =
      bench.ask("PATCH", kWeb, R"({"variables":{"A":{"from":"vault","ref":"a#b"}}})");
  EXPECT_EQ(reference.code(), "no_sources");
  EXPECT_TRUE(reference.detail().contains("no source is configured"));
  EXPECT_EQ(bench.revision(), 2U);
}

TEST(GroupApi, ADeletedGroupIsGoneAndRecorded) {
  Bench bench;
  bench.done("PUT", kWeb, R"({"secrets":{"variables":{"A":"1"}}})");
  EXPECT_EQ(bench.done("DELETE", kWeb).at("deleted").at(0), "web");
  EXPECT_EQ(bench.ask("GET", kWeb).status, 404);
  EXPECT_EQ(bench.ask("DELETE", kWeb).status, 404);
  const auto records = bench.records();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[1].at("event"), "group.delete");
  EXPECT_EQ(json::serialize(records[1].at("groups")),
            R"([{"name":"web","version":2,"deleted":true}])");
  EXPECT_EQ(records[2].at("reason"), "not_found");
}

TEST(GroupApi, AGroupOfAManagerIsReadOnlyToOthers) {
  Bench bench;
  bench.done("PUT", with("?managed_by=ci"), R"({"secrets":{"variables":{"A":"1"}}})");
  EXPECT_EQ(bench.ask("GET", kWeb).at("/managedBy"), "ci");
  const Answer patch = bench.ask("PATCH", kWeb, R"({"variables":{"A":"2"}})");
  EXPECT_EQ(patch.status, 403);
  EXPECT_EQ(patch.code(), "managed");
  EXPECT_EQ(bench.records().at(1).at("outcome"), "denied");
  EXPECT_EQ(bench.ask("DELETE", with("?managed_by=other")).status, 403);
  EXPECT_EQ(bench.ask("PATCH", with("?managed_by=ci"), R"({"variables":{"A":"2"}})").status, 200);
  EXPECT_EQ(bench.ask("PATCH", with("?take_over=true"), R"({"variables":{"A":"3"}})").status, 200);
  EXPECT_EQ(bench.ask("GET", kWeb).at("/managedBy"), "ci");  // changed once, it stays ci's
  EXPECT_EQ(bench.ask("DELETE", kWeb).status, 403);
  EXPECT_EQ(bench.ask("DELETE", with("?take_over=true")).status, 200);
}

TEST(GroupApi, NothingIsShownThatCannotBeRecorded) {
  Bench bench;
  bench.done("PUT", kWeb, R"({"secrets":{"variables":{"A":"s3cret"}}})");
  bench.fail_audit();
  const Answer shown = bench.ask("GET", with("?reveal=true"));
  EXPECT_EQ(shown.status, 503);
  EXPECT_EQ(shown.code(), "audit_unavailable");
  EXPECT_FALSE(shown.text.contains("s3cret"));
  EXPECT_TRUE(shown.fields.contains("Retry-After"));
  EXPECT_EQ(bench.ask("GET", kWeb).status, 200);
}

TEST(GroupApi, AChangeThatCannotBeRecordedIsNotMade) {
  Bench bench;
  bench.fail_audit();
  const Answer got = bench.ask("PUT", kWeb, R"({"secrets":{"variables":{"A":"1"}}})");
  EXPECT_EQ(got.status, 503);
  EXPECT_EQ(got.code(), "audit_unavailable");
  EXPECT_TRUE(got.detail().contains("nothing was changed")) << got.text;
  bench.heal_audit();
  EXPECT_EQ(bench.ask("GET", kWeb).status, 404);
}

TEST(GroupApi, AStoreThatCannotWriteIsToldAsItIs) {
  Bench bench;
  bench.fail_commits(base::Error{base::Code::kNoSpace, "the disk is full"});
  const std::string body = R"({"secrets":{"variables":{"A":"1"}}})";
  EXPECT_EQ(bench.ask("PUT", kWeb, body).status, 507);
  bench.fail_commits(base::Error{base::Code::kUnavailable, "not now"});
  EXPECT_EQ(bench.ask("PUT", kWeb, body).status, 503);
  bench.fail_commits(std::nullopt);
  EXPECT_EQ(bench.ask("PUT", kWeb, body).status, 201);
  const auto records = bench.records();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].at("reason"), "no_space");
  EXPECT_EQ(records[0].at("outcome"), "failed");
}

}  // namespace
}  // namespace sutler::admin::test
