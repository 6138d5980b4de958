#include "store/store.h"

#include <gtest/gtest.h>

#include "store/seed.h"
#include "store/test_support.h"

namespace sutler::store {
namespace {

using base::Code;
using test::changes;
using test::Fixture;
using test::group;
using test::kSomebody;
using test::master_keys;
using test::must;
using test::put;
using test::show;
using test::team;

TEST(Store, ANewStoreHasTheTeamDefaultAndNoGroup) {
  const Fixture fixture;
  const auto snapshot = fixture.store->snapshot();
  EXPECT_EQ(snapshot->revision, 1U);
  EXPECT_EQ(snapshot->epoch, 1U);
  EXPECT_FALSE(snapshot->ever_held_group);
  ASSERT_TRUE(snapshot->teams.contains("default"));
  EXPECT_EQ(snapshot->teams.at("default")->team.path, "/");
  EXPECT_EQ(must(fixture.store->audit_seed()).size(), 32U);
}

TEST(Store, IsNotMadeOverAnother) {
  const Fixture fixture;
  EXPECT_EQ(Store::create(*fixture.backend, *master_keys(), kSomebody).error().code,
            Code::kConflict);
  EXPECT_EQ(Store::open(make_memory_backend(), master_keys()).error().code, Code::kNotFound);
}

TEST(Store, AGroupIsThereAfterReopeningWithEverythingInIt) {
  Fixture fixture;
  model::Group full = group("g", {{"A", "1"}, {"B", ""}});
  full.header.description = "what it is for";
  full.header.type = model::GroupType::kConfig;
  full.header.priority = 77;
  full.header.restrictions.projects = {"p", "q*"};
  full.header.restrictions.nf_objects = {model::ObjectPattern{"api", "service"},
                                         model::ObjectPattern{"*", ""}};
  full.header.required_keys = {"A"};
  full.header.managed_by = "ci";
  model::Template text{base::Secret("${fn.randomSecret(4)}-${A}"), {}};
  text.generated.emplace_back("abcd");
  full.variables.emplace("C", model::Variable{std::move(text)});
  model::File file;
  file.data = model::Literal{base::Secret("aGVsbG8=")};
  file.encoding = model::Encoding::kBase64;
  file.owner = model::Ownership{model::OwnerPolicy::kAlwaysSetExplicit, "1000"};
  file.group = model::Ownership{model::OwnerPolicy::kKeepOrSetInherited, ""};
  file.permissions = model::Permissions{model::PermissionPolicy::kAlwaysSet, 0400,
                                        model::ModeForm::kOctalString, "0400"};
  full.files.emplace("/etc/key", std::move(file));
  EXPECT_EQ(must(put(*fixture.store, model::clone(full))), 2U);

  const auto again = fixture.open();
  const auto record = again->snapshot()->find_group("default", "g");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->version(), 1U);
  EXPECT_EQ(record->revision(), 2U);
  EXPECT_EQ(record->changed(), kSomebody.when);
  EXPECT_EQ(record->changed_by(), "uid:7");
  EXPECT_EQ(record->keys().variables, (std::vector<std::string_view>{"A", "B", "C"}));
  EXPECT_EQ(record->keys().files, (std::vector<std::string_view>{"/etc/key"}));
  const auto opened = must(record->open());
  EXPECT_TRUE(model::equal(opened, full));
  const auto& kept = std::get<model::Template>(opened.variables.at("C").value);
  EXPECT_EQ(kept.generated.at(0).expose(), "abcd");
}

TEST(Store, EachSaveIsANewVersionAndDeletingCountsToo) {
  Fixture fixture;
  must(put(*fixture.store, group("g", {{"A", "1"}})));
  must(put(*fixture.store, group("g", {{"A", "2"}})));
  must(fixture.store->commit(changes(DeleteGroup{"default", "g", 2}), kSomebody));
  EXPECT_EQ(show(*fixture.store->snapshot(), "g"), "none");
  EXPECT_TRUE(fixture.store->snapshot()->ever_held_group);
  must(put(*fixture.store, group("g", {{"A", "4"}}), 0));

  const auto again = fixture.open();
  EXPECT_EQ(again->snapshot()->find_group("default", "g")->version(), 4U);
  const auto versions = must(again->history("default", "g"));
  ASSERT_EQ(versions.size(), 4U);
  EXPECT_EQ(versions[0].version, 4U);
  EXPECT_TRUE(versions[1].deleted);
  EXPECT_EQ(versions[3].revision, 2U);
  EXPECT_EQ(versions[3].who, "uid:7");
  EXPECT_TRUE(must(again->history("default", "other")).empty());
}

TEST(Store, ADeletedGroupStaysDeletedAfterReopening) {
  Fixture fixture;
  must(put(*fixture.store, group("g")));
  must(fixture.store->commit(changes(DeleteGroup{"default", "g", {}}), kSomebody));
  const auto again = fixture.open();
  EXPECT_EQ(again->snapshot()->groups.size(), 0U);
  EXPECT_TRUE(again->snapshot()->ever_held_group);
}

TEST(Store, WhatDoesNotFitIsRefusedAndChangesNothing) {
  Fixture fixture;
  must(put(*fixture.store, group("g")));
  must(fixture.store->commit(changes(PutTeam{team("acme", "/acme")}), kSomebody));
  must(put(*fixture.store, group("a", {}, "acme")));
  model::Group masked = group("m");
  masked.variables.emplace("A", model::Variable{model::Masked{}});

  struct Case {
    const char* what;
    std::vector<Change> changes;
    Code code;
  };
  std::vector<Case> cases;
  cases.push_back({"no such group", changes(DeleteGroup{"default", "x", {}}), Code::kNotFound});
  cases.push_back({"no such team", changes(PutGroup{group("g", {}, "x"), {}}), Code::kInvalid});
  cases.push_back({"delete no team", changes(DeleteTeam{"x"}), Code::kNotFound});
  cases.push_back({"delete default", changes(DeleteTeam{"default"}), Code::kInvalid});
  cases.push_back({"groups left", changes(DeleteTeam{"acme"}), Code::kConflict});
  cases.push_back({"path taken", changes(PutTeam{team("b", "/acme")}), Code::kConflict});
  cases.push_back({"path of default", changes(PutTeam{team("b", "/")}), Code::kConflict});
  cases.push_back({"default moves", changes(PutTeam{team("default", "/d")}), Code::kInvalid});
  cases.push_back({"team id", changes(PutTeam{team("Bad Id", "/b")}), Code::kInvalid});
  cases.push_back({"masked", changes(PutGroup{std::move(masked), {}}), Code::kInvalid});
  cases.push_back(
      {"twice", changes(PutGroup{group("z"), {}}, PutGroup{group("z"), {}}), Code::kInvalid});
  cases.push_back({"deleted team, new group",
                   changes(DeleteTeam{"acme"}, DeleteGroup{"acme", "a", {}},
                           PutGroup{group("b", {}, "acme"), {}}),
                   Code::kInvalid});
  const auto before = fixture.store->snapshot();
  for (Case& one : cases) {
    const auto refused = fixture.store->commit(std::move(one.changes), kSomebody);
    ASSERT_FALSE(refused) << one.what;
    EXPECT_EQ(refused.error().code, one.code) << one.what << ": " << refused.error().message;
    EXPECT_EQ(fixture.store->snapshot(), before) << one.what;
  }
  EXPECT_EQ(must(fixture.backend->revision()), 4U);
}

TEST(Store, AReferenceIsKeptAsItIs) {
  Fixture fixture;
  model::Group reference = group("r");
  reference.variables.emplace("A", model::Variable{model::Reference{.from = "vault", .ref = "x"}});
  reference.secrets_from = {{.from = "vault", .ref = "y"}};
  must(put(*fixture.store, model::clone(reference)));
  const auto kept = must(fixture.store->snapshot()->find_group("default", "r")->open());
  EXPECT_TRUE(model::equal(kept, reference));
}

TEST(Store, ATeamGoesTogetherWithItsGroupsAndComesTogetherWithThem) {
  Fixture fixture;
  must(fixture.store->commit(
      changes(PutGroup{group("a", {}, "acme"), {}}, PutTeam{team("acme", "/acme")}), kSomebody));
  must(fixture.store->commit(changes(DeleteTeam{"acme"}, DeleteGroup{"acme", "a", {}}), kSomebody));
  EXPECT_FALSE(fixture.open()->snapshot()->teams.contains("acme"));
  // Its path is free again, its versions go on.
  must(fixture.store->commit(changes(PutTeam{team("b", "/acme")}), kSomebody));
  must(fixture.store->commit(changes(PutTeam{team("acme", "/x")}), kSomebody));
  EXPECT_EQ(fixture.open()->snapshot()->teams.at("acme")->version, 3U);
}

TEST(Store, SigningKeysComeBackReadyToVerify) {
  Fixture fixture;
  model::Team mine = team("default", "/");
  mine.options.require_exp = true;
  mine.options.leeway_seconds = 5;
  mine.options.allow_from.push_back(must(model::Cidr::parse("10.0.0.0/8")));
  model::SigningKey key;
  key.id = "0a0b0c0d";
  key.algorithm = model::KeyAlgorithm::kHs384;
  key.secret = base::LockedBytes("a signing key of more than 32 bytes");
  key.created = kSomebody.when;
  key.retire_at = kSomebody.when;
  mine.keys.push_back(std::move(key));
  must(fixture.store->commit(changes(PutTeam{std::move(mine)}), kSomebody));

  const auto again = fixture.open();
  const auto record = again->snapshot()->teams.at("default");
  EXPECT_EQ(record->version, 2U);
  EXPECT_TRUE(record->team.options.require_exp);
  EXPECT_EQ(record->team.options.leeway_seconds, 5);
  EXPECT_EQ(record->team.options.allow_from.at(0).text(), "10.0.0.0/8");
  ASSERT_EQ(record->hmac_keys.size(), 1U);
  EXPECT_EQ(record->hmac_keys[0].algorithm(), crypto::HashAlgorithm::kSha384);
  EXPECT_EQ(record->team.keys[0].retire_at, kSomebody.when);
  const crypto::HmacKey same(crypto::HashAlgorithm::kSha384, "a signing key of more than 32 bytes");
  EXPECT_TRUE(record->hmac_keys[0].verify("m", same.sign("m").view()));
}

TEST(Store, AnOldSnapshotStaysAsItWasAndSharesWhatDidNotChange) {
  Fixture fixture;
  must(fixture.store->commit(
      changes(PutGroup{group("a", {{"A", "1"}}), {}}, PutGroup{group("b", {{"B", "1"}}), {}}),
      kSomebody));
  const auto before = fixture.store->snapshot();
  must(put(*fixture.store, group("a", {{"A", "2"}})));
  const auto after = fixture.store->snapshot();
  EXPECT_EQ(show(*before, "a"), "A=1");
  EXPECT_EQ(show(*after, "a"), "A=2");
  EXPECT_EQ(before->find_group("default", "b"), after->find_group("default", "b"));
}

TEST(Store, AnEditAmongManyGroupsTouchesOnlyItsOwnCorner) {
  Fixture fixture;
  must(seed_store(*fixture.store, {.groups = 20'000, .entries = 1}, {}));
  const auto before = fixture.store->snapshot();
  must(put(*fixture.store, group("bench-0000007", {{"A", "1"}})));
  const auto after = fixture.store->snapshot();
  std::size_t same = 0;
  after->groups.for_all([&](const std::shared_ptr<const GroupRecord>& record) {
    same += before->find_group("default", record->header().name) == record ? 1U : 0U;
  });
  EXPECT_EQ(same, 19'999U);
}

TEST(Store, ManyGroupsAreLoadedByAllProcessorsAndAllAreThere) {
  Fixture fixture;
  must(seed_store(*fixture.store, {.groups = 5'000, .entries = 2}, {}));
  must(fixture.store->commit(changes(DeleteGroup{"default", "bench-0000003", {}}), kSomebody));
  const auto again = fixture.open();
  EXPECT_EQ(again->snapshot()->groups.size(), 4'999U);
  EXPECT_EQ(show(*again->snapshot(), "bench-0004999").size(), 2 * (15 + 2 + 24) - 1U);
  EXPECT_EQ(show(*again->snapshot(), "bench-0004999"),
            show(*fixture.store->snapshot(), "bench-0004999"));
}

TEST(Store, GroupsOfATeamAreSortedByName) {
  Fixture fixture;
  must(
      fixture.store->commit(changes(PutTeam{team("acme", "/acme")}, PutGroup{group("c"), {}},
                                    PutGroup{group("a"), {}}, PutGroup{group("b", {}, "acme"), {}}),
                            kSomebody));
  std::string names;
  for (const auto& record : fixture.store->snapshot()->groups_of("default")) {
    names += record->header().name;
  }
  EXPECT_EQ(names, "ac");
}

TEST(Store, SubscribersSeeTheFirstSnapshotAndThenWhatMoved) {
  Fixture fixture;
  must(put(*fixture.store, group("a")));
  std::vector<Publication> seen;
  fixture.store->subscribe([&](const Publication& publication) { seen.push_back(publication); });
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_FALSE(seen[0].before);
  EXPECT_EQ(seen[0].after->revision, 2U);
  must(fixture.store->commit(changes(PutGroup{group("b"), {}}, DeleteGroup{"default", "a", {}}),
                             kSomebody));
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[1].before, seen[0].after);
  ASSERT_EQ(seen[1].added.size(), 1U);
  ASSERT_EQ(seen[1].removed.size(), 1U);
  EXPECT_EQ(seen[1].added[0], seen[1].after->find_group("default", "b"));
  EXPECT_EQ(seen[1].removed[0], seen[1].before->find_group("default", "a"));
  EXPECT_FALSE(seen[1].all);
}

TEST(Store, AnEmptyCommitWritesNothing) {
  Fixture fixture;
  EXPECT_EQ(must(fixture.store->commit({}, kSomebody)), 1U);
  EXPECT_EQ(must(fixture.backend->revision()), 1U);
}

TEST(Store, WhatSomebodyElseCommittedIsTakenOverBeforeOurOwnChange) {
  Fixture fixture;
  const auto other = fixture.open();
  must(put(*other, group("theirs", {{"A", "1"}})));
  EXPECT_EQ(must(put(*fixture.store, group("ours"))), 3U);
  EXPECT_EQ(show(*fixture.store->snapshot(), "theirs"), "A=1");
  EXPECT_EQ(show(*other->snapshot(), "ours"), "none");
  // The version that this writer saw is not the current one: nothing of theirs is lost.
  const auto refused = put(*other, group("ours"), 0);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_NE(refused.error().message.find("ours"), std::string::npos) << refused.error().message;
}

TEST(Store, FollowTakesOverWhatOthersCommitted) {
  Fixture fixture;
  const auto other = fixture.open();
  must(put(*other, group("theirs", {{"A", "1"}})));
  std::vector<bool> all;
  fixture.store->subscribe([&](const Publication& publication) { all.push_back(publication.all); });
  must(fixture.store->follow());
  EXPECT_EQ(show(*fixture.store->snapshot(), "theirs"), "A=1");
  must(fixture.store->follow());
  EXPECT_EQ(all, (std::vector<bool>{false, false})) << "only what changed, and once";
}

// A backend that answers load_since with whatever a test likes.
struct Liar final : test::Meddler {
  using Meddler::Meddler;
  std::vector<Record> lie;
  base::Result<void> load_since(std::uint64_t, const Visit& visit) override {
    for (const Record& one : lie) {
      Record copy = one;
      if (auto visited = visit(std::move(copy)); !visited) return visited;
    }
    return {};
  }
};

TEST(Store, RowsThatAreOlderOrComeTwiceAreNoNews) {
  Fixture fixture;
  must(put(*fixture.store, group("g", {{"A", "1"}, {"B", "1"}})));
  std::vector<Record> before;
  must(fixture.backend->load_since(0, [&](Record&& record) -> base::Result<void> {
    before.push_back(std::move(record));
    return {};
  }));
  auto liar = std::make_unique<Liar>(fixture.backend);
  Liar& lying = *liar;
  const auto store = must(Store::open(std::move(liar), master_keys()));
  must(put(*fixture.store, group("g", {{"A", "2"}})));
  std::vector<Record> after;
  must(fixture.backend->load_since(2, [&](Record&& record) -> base::Result<void> {
    after.push_back(std::move(record));
    return {};
  }));
  // Put back: rows of a state that this node has passed.
  lying.lie = before;
  must(fixture.store->follow());
  EXPECT_TRUE(store->follow()) << "all is read instead, and that is sound";
  EXPECT_EQ(show(*store->snapshot(), "g"), "A=2");
  // Twice: the older version beside the newer one.
  must(put(*fixture.store, group("g", {{"A", "3"}})));
  lying.lie = after;
  must(fixture.backend->load_since(3, [&](Record&& record) -> base::Result<void> {
    lying.lie.push_back(std::move(record));
    return {};
  }));
  EXPECT_TRUE(store->follow());
  EXPECT_EQ(show(*store->snapshot(), "g"), "A=3");
}

TEST(Store, AnUnreachableDatabaseIsNoLossOfIntegrity) {
  Fixture fixture;
  fixture.meddler->unreachable = true;
  fixture.meddler->fails = [](std::string_view) { return true; };
  for (const auto& done : {fixture.store->follow(), fixture.store->verify()}) {
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().name, kDatabaseUnreachable);
  }
  EXPECT_EQ(put(*fixture.store, group("g")).error().code, Code::kUnavailable);
  EXPECT_FALSE(fixture.store->integrity());
  fixture.meddler->fails = [](std::string_view) { return false; };
  EXPECT_EQ(must(put(*fixture.store, group("g"))), 2U);
}

TEST(Store, VerifyTakesOverWhatAnotherProcessCommitted) {
  Fixture fixture;
  const auto other = fixture.open();
  must(put(*other, group("theirs", {{"A", "1"}})));
  must(fixture.store->verify());
  EXPECT_EQ(show(*fixture.store->snapshot(), "theirs"), "none") << "the stamp did not move";
  std::vector<bool> all;
  fixture.store->subscribe([&](const Publication& publication) { all.push_back(publication.all); });
  fixture.meddler->stamp = 1;
  must(fixture.store->verify());
  EXPECT_EQ(show(*fixture.store->snapshot(), "theirs"), "A=1");
  EXPECT_EQ(all, (std::vector<bool>{false, true}));
}

TEST(Store, AMissingMasterKeyIsRefusedByItsId) {
  const Fixture fixture;
  const auto refused =
      Store::open(std::make_unique<test::Meddler>(fixture.backend), master_keys("w"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kRefused);
  EXPECT_NE(refused.error().message.find(master_keys()->primary_id()), std::string::npos);
}

TEST(Store, AnyKeyOfTheListOpensAndTheFirstWraps) {
  Fixture fixture;
  must(put(*fixture.store, group("old", {{"A", "1"}})));
  auto store =
      must(Store::open(std::make_unique<test::Meddler>(fixture.backend), master_keys("nk")));
  must(put(*store, group("new", {{"B", "1"}})));
  EXPECT_EQ(show(*store->snapshot(), "old"), "A=1");
  for (const Record& record : fixture.meddler->true_rows()) {
    if (record.revision != 3) continue;
    EXPECT_EQ(record.key_id, master_keys("n")->primary_id());
  }
}

TEST(Store, NoTwoVersionsShareADataKeyOrASealing) {
  Fixture fixture;
  must(put(*fixture.store, group("g", {{"A", "1"}})));
  must(put(*fixture.store, group("g", {{"A", "1"}})));
  std::string id;
  for (const Record& record : fixture.meddler->true_rows()) {
    if (record.kind == "group") id = record.id;
  }
  const auto versions = must(fixture.backend->history("group", id));
  ASSERT_EQ(versions.size(), 2U);
  EXPECT_NE(versions[0].wrapped, versions[1].wrapped);
  EXPECT_NE(versions[0].header, versions[1].header);
  EXPECT_NE(versions[0].body, versions[1].body);
}

TEST(Store, NamesAndValuesAreInNoRow) {
  Fixture fixture;
  model::Group canary = group("canary-group", {{"CANARY_NAME", "canary-value"}});
  canary.header.description = "canary-text";
  canary.header.restrictions.projects = {"canary-project"};
  must(put(*fixture.store, std::move(canary)));
  model::Team mine = team("canary-team", "/canary-path");
  mine.keys.push_back(
      {"0a0b0c0d", model::KeyAlgorithm::kHs256, base::LockedBytes("canary-key"), {}, {}});
  must(fixture.store->commit(changes(PutTeam{std::move(mine)}), kSomebody));
  must(fixture.store->commit(changes(DeleteGroup{"default", "canary-group", {}}), kSomebody));
  for (const Record& record : fixture.meddler->true_rows()) {
    for (const auto* column : {&record.id, &record.wrapped, &record.header, &record.body}) {
      EXPECT_EQ(column->find("canary"), std::string::npos);
      EXPECT_EQ(column->find("CANARY"), std::string::npos);
      EXPECT_EQ(column->find("default"), std::string::npos);
      EXPECT_EQ(column->find("uid:7"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace sutler::store
