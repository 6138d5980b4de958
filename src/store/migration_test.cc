#include "store/migration.h"

#include <gtest/gtest.h>

#include "store/backend/conformance_support.h"
#include "store/local_copy.h"
#include "store/postgres/connection.h"
#include "store/postgres/migration_target.h"

namespace sutler::store {
namespace {

using base::Code;
using test::group;
using test::kSomebody;
using test::master_keys;

const auto kNobodyAsks = [](std::uint64_t) {};

class Migration : public testing::Test {
 protected:
  void SetUp() override {
    const std::string schema = "t" + crypto::random_hex(8);
    if (postgres_uri(schema).empty()) {
      GTEST_SKIP() << "SUTLER_TEST_POSTGRES names no server: test/postgres/start DIR starts one";
    }
    dsn_ = must(Dsn::parse(postgres_uri(schema)));
    auto connection = must(postgres::Connection::open(*dsn_));
    must(connection.run(("CREATE SCHEMA " + schema).c_str()));
    must(Store::create(*source_.backend, *master_keys(), kSomebody));
    put("g", "1");
    put("g", "2");
    put("other", "1");
    must(source_.backend->put_telemetry({{"note/a", "1"}, {"note/b", "2"}}));
  }

  void put(std::string_view name, std::string_view value) {
    const auto store = must(Store::open(
        must(open_sqlite(*source_.folder / "sutler.db", SqliteOpen::kExisting)), master_keys()));
    must(test::put(*store, group(name, {{"A", std::string(value)}})));
  }
  PassReport pass_once(MigrationTarget& target) {
    return must(migration_pass(*source_.backend, target, kNobodyAsks));
  }
  std::unique_ptr<MigrationTarget> target() {
    auto made = must(open_migration_target(*dsn_));
    (void)must(made->begin(must(source_.backend->store_id())));
    return made;
  }

  Made source_ = make_sqlite();
  std::optional<Dsn> dsn_;
};

TEST_F(Migration, CopiesAllAndThenOnlyWhatChanged) {
  const auto first = pass_once(*target());
  EXPECT_EQ(first.written, first.rows);
  EXPECT_EQ(pass_once(*target()).written, 0U);
  put("g", "3");
  const auto second = pass_once(*target());
  EXPECT_LE(second.written, 3U) << "head, the new version and the one before";
  EXPECT_GT(second.written, 0U);
  const auto third = pass_once(*target());
  EXPECT_EQ(third.written + third.removed, 0U);
  EXPECT_FALSE(open_postgres(*dsn_, PostgresOpen::kExisting)) << "it is no store yet";
  must(target()->finish(third.revision, third.telemetry));

  const auto store =
      must(Store::open(must(open_postgres(*dsn_, PostgresOpen::kExisting)), master_keys()));
  EXPECT_EQ(store->snapshot()->revision, third.revision);
  EXPECT_EQ(must(store->history("default", "g")).size(), 3U);
  EXPECT_EQ(must(store->backend().telemetry("note/")).size(), 2U);
  EXPECT_EQ(must(test::put(*store, group("new"))), third.revision + 1);
}

TEST_F(Migration, WhatTheSourcePurgedGoesFromTheTarget) {
  pass_once(*target());
  std::vector<Purge> purges;
  must(source_.backend->old_versions([&](Record&& record) -> base::Result<void> {
    purges.push_back({record.kind, record.id, 100});
    return {};
  }));
  must(source_.backend->purge(purges));
  EXPECT_GT(pass_once(*target()).removed, 0U);
  EXPECT_EQ(pass_once(*target()).removed, 0U);
}

TEST_F(Migration, ARowThatArrivedDifferentlyIsWrittenAgain) {
  pass_once(*target());
  auto connection = must(postgres::Connection::open(*dsn_));
  must(
      connection.run("UPDATE sutler_record SET body = '\\x01'::bytea WHERE kind = 'group'::bytea"));
  EXPECT_EQ(pass_once(*target()).written, 2U);
}

TEST_F(Migration, ADatabaseThatHoldsAnotherStoreIsRefused) {
  const auto report = pass_once(*target());
  const std::string other(32, '0');
  EXPECT_EQ(must(open_migration_target(*dsn_))->begin(other).error().code, Code::kConflict)
      << "another one is on its way";
  must(target()->finish(report.revision, report.telemetry));
  EXPECT_EQ(must(open_migration_target(*dsn_))->begin(other).error().code, Code::kConflict);
  EXPECT_EQ(must(must(open_migration_target(*dsn_))->begin(must(source_.backend->store_id()))),
            MigrationTarget::Begun::kArrived);
}

TEST_F(Migration, OneThatWasOvertakenWritesNothingMore) {
  const auto old = target();
  const auto fresh = target();
  EXPECT_EQ(migration_pass(*source_.backend, *old, kNobodyAsks).error().code, Code::kConflict);
  const auto report = pass_once(*fresh);
  must(fresh->finish(report.revision, report.telemetry));
  put("g", "later");
  EXPECT_EQ(migration_pass(*source_.backend, *fresh, kNobodyAsks).error().code, Code::kConflict)
      << "it is a store now";
  EXPECT_EQ(fresh->finish(report.revision, {}).error().code, Code::kConflict);
}

TEST(LocalCopy, ServesUntilTheDatabaseIsReachedAndIsThenThatDatabase) {
  const test::Folder folder;
  const std::shared_ptr<Backend> database = make_memory_backend();
  must(Store::create(*database, *master_keys(), kSomebody));
  {
    const auto store = must(Store::open(std::make_unique<test::Meddler>(database), master_keys()));
    must(test::put(*store, group("g", {{"A", "1"}})));
    must(test::put(*store, group("g", {{"A", "2"}})));
  }
  const CopyPlace place{folder / "copy.db", "db"};
  must(write_local_copy(*database, place, master_keys(), {3}));
  EXPECT_EQ(start_from_copy({place.file, "another"}, {}).error().code, Code::kRefused);
  bool away = true;
  auto backend = must(start_from_copy(place, [&]() -> base::Result<std::unique_ptr<Backend>> {
    if (away) {
      return base::fail(Code::kUnavailable, "away", {}, kDatabaseUnreachable);
    }
    return std::make_unique<test::Meddler>(database);
  }));
  const auto store = must(Store::open(std::move(backend), master_keys()));
  EXPECT_EQ(store->snapshot()->revision, 3U);
  const auto refused = test::put(*store, group("h"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name, kDatabaseUnreachable);
  EXPECT_FALSE(store->backend().wait(3, std::chrono::milliseconds(1)));
  away = false;
  EXPECT_EQ(must(store->backend().wait(0, std::chrono::milliseconds(1))), 3U);
  must(store->follow());
  EXPECT_EQ(must(test::put(*store, group("h"))), 4U);
  EXPECT_EQ(must(database->revision()), 4U);
}

TEST(LocalCopy, OfAnotherStoreThanTheDatabaseIsRefused) {
  const test::Folder folder;
  const auto one = make_memory_backend();
  must(Store::create(*one, *master_keys(), kSomebody));
  const CopyPlace place{folder / "copy.db", "db"};
  must(write_local_copy(*one, place, master_keys(), {1}));
  auto backend = must(start_from_copy(
      place, []() -> base::Result<std::unique_ptr<Backend>> { return make_memory_backend(); }));
  EXPECT_EQ(backend->wait(0, std::chrono::milliseconds(1)).error().code, Code::kCorrupt);
  EXPECT_EQ(backend->change_stamp().error().code, Code::kCorrupt) << "for the store to see";
}

TEST(LocalCopy, WhatDoesNotOpenOrIsOlderDoesNotTakeThePlaceOfWhatIsGood) {
  const test::Folder folder;
  const std::shared_ptr<Backend> database = make_memory_backend();
  must(Store::create(*database, *master_keys(), kSomebody));
  const CopyPlace place{folder / "copy.db", "db"};
  must(write_local_copy(*database, place, master_keys(), {1}));
  EXPECT_FALSE(write_local_copy(*database, place, master_keys("x"), {1})) << "another key";
  EXPECT_EQ(write_local_copy(*database, place, master_keys(), {2}).error().code, Code::kCorrupt)
      << "the node has seen a newer state";
  EXPECT_EQ(
      write_local_copy(*database, place, master_keys(), {1, [] { return true; }}).error().code,
      Code::kUnavailable)
      << "given up";
  EXPECT_TRUE(start_from_copy(place, {}));
}

}  // namespace
}  // namespace sutler::store
