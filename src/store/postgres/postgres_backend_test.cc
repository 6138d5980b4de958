// What is special to PostgreSQL: several nodes, outages, schemas.
#include "store/postgres/postgres_backend.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "store/head.h"
#include "store/postgres/postgres_test_support.h"

namespace sutler::store {
namespace {

using base::Code;
using std::chrono::milliseconds;
using test::group;
using test::kSomebody;
using test::master_keys;
using test::Postgres;

TEST_F(Postgres, WhereThereIsNoStoreOpeningSaysSo) {
  const auto opened = open_postgres(*dsn_, PostgresOpen::kExisting);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kNotFound);
  EXPECT_EQ(opened.error().name, "no_schema");
}

TEST_F(Postgres, CreatingTwiceLeavesWhatIsThere) {
  const std::string id = must(open(PostgresOpen::kCreate)->store_id());
  EXPECT_EQ(must(open(PostgresOpen::kCreate)->store_id()), id);
}

TEST_F(Postgres, ManyNodesMayCreateAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> opened{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      if (open_postgres(*dsn_, PostgresOpen::kCreate)) ++opened;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(opened.load(), 8);
}

TEST_F(Postgres, AnOlderFormatIsBroughtUpToDateAndANewerOneRefused) {
  create_store();
  run("DROP TABLE sutler_lease");
  run("UPDATE sutler_store SET format = 1");
  EXPECT_EQ(must(open()->revision()), 1U);
  run("SELECT * FROM sutler_lease");
  run("UPDATE sutler_store SET format = 99");
  const auto refused = open_postgres(*dsn_, PostgresOpen::kExisting);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_NE(refused.error().message.find("format 99"), std::string::npos);
}

TEST_F(Postgres, ANodeOfAnOlderFormatWritesNothingMore) {
  create_store();
  const auto store = open_store();
  run("UPDATE sutler_store SET format = 3");
  EXPECT_FALSE(test::put(*store, group("g")));
  run("UPDATE sutler_store SET format = 2");
  must(store->verify());
  EXPECT_EQ(must(test::put(*store, group("g"))), 2U);
}

TEST_F(Postgres, ACommitWakesTheOtherNodeByNotification) {
  create_store();
  const auto writer = open_store();
  const auto reader = open();
  ASSERT_EQ(must(reader->wait(0, milliseconds(60'000))), 1U);
  std::thread writing([&] { must(test::put(*writer, group("g"))); });
  EXPECT_EQ(must(reader->wait(1, milliseconds(60'000))), 2U);
  writing.join();
}

TEST_F(Postgres, WritersOfManyNodesAllGetThrough) {
  create_store();
  constexpr int kNodes = 4, kCommits = 15;
  std::vector<std::thread> nodes;
  std::atomic<int> done{0};
  for (int node = 0; node < kNodes; ++node) {
    nodes.emplace_back([this, node, &done] {
      const auto store = open_store();
      for (int i = 0; i < kCommits; ++i) {
        const std::string name = "g" + std::to_string(node) + "-" + std::to_string(i);
        auto committed = test::put(*store, group(name));
        EXPECT_TRUE(committed) << (committed ? "" : committed.error().message);
        if (committed) ++done;
      }
    });
  }
  for (auto& node : nodes) node.join();
  const auto store = open_store();
  EXPECT_EQ(store->snapshot()->groups.size(), static_cast<std::size_t>(done.load()));
  EXPECT_EQ(store->snapshot()->revision, 1U + static_cast<unsigned>(done.load()));
}

TEST_F(Postgres, OfTwoWhoSawTheSameVersionOneIsRefused) {
  create_store();
  const auto first = open_store(), second = open_store();
  must(test::put(*first, group("g", {{"A", "1"}}), 0));
  const auto refused = test::put(*second, group("g", {{"A", "2"}}), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
}

TEST_F(Postgres, AnEndedConnectionIsReplacedByTheNextUse) {
  create_store();
  const auto store = open_store();
  // Waits until they are gone.
  run("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE pid <> "
      "pg_backend_pid() AND application_name = '" +
      schema_ + "'");
  EXPECT_EQ(must(store->backend().revision()), 1U);
  EXPECT_EQ(must(test::put(*store, group("g"))), 2U);
}

TEST_F(Postgres, ARowThatTheDatabaseChangedDoesNotOpen) {
  create_store();
  const auto store = open_store();
  must(test::put(*store, group("g", {{"A", "1"}})));
  run("UPDATE sutler_record SET body = body || '\\x00'::bytea WHERE kind = 'group'::bytea");
  const auto opened = Store::open(open(), master_keys());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kCorrupt);
}

TEST_F(Postgres, ADatabaseThatWasPutBackIsRefusedAndTheLastStateStays) {
  create_store();
  const auto store = open_store();
  run("CREATE TABLE kept AS SELECT * FROM sutler_record");
  must(test::put(*store, group("g", {{"A", "1"}})));
  run("DELETE FROM sutler_record");
  run("INSERT INTO sutler_record SELECT * FROM kept");
  run("UPDATE sutler_store SET revision = 1");
  const auto followed = store->follow();
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().code, Code::kCorrupt);
  EXPECT_TRUE(store->integrity());
  EXPECT_EQ(store->snapshot()->revision, 2U);
}

TEST_F(Postgres, ADatabaseThatWasPutBackAndWentOnIsRefusedByWhoeverSawMore) {
  create_store();
  const auto store = open_store();
  must(test::put(*store, group("g", {{"A", "1"}})));
  for (const char* table : {"record", "history", "store"}) {
    run(std::string("CREATE TABLE kept_") + table + " AS SELECT * FROM sutler_" + table);
  }
  must(test::put(*store, group("g", {{"A", "2"}})));
  for (const char* table : {"record", "history", "store"}) {
    run(std::string("DELETE FROM sutler_") + table);
    run(std::string("INSERT INTO sutler_") + table + " SELECT * FROM kept_" + table);
  }
  // A node that starts now cannot know, and writes past what the first one has seen.
  const auto fresh = open_store();
  for (int i = 0; i < 5; ++i) must(test::put(*fresh, group("other", {{"I", std::to_string(i)}})));
  ASSERT_GT(fresh->snapshot()->revision, store->snapshot()->revision);
  for (int i = 0; i < 2; ++i) {
    const auto followed = store->follow();
    ASSERT_FALSE(followed);
    EXPECT_EQ(followed.error().code, Code::kCorrupt);
    EXPECT_NE(followed.error().message.find("put back"), std::string::npos);
  }
  EXPECT_EQ(test::show(*store->snapshot(), "g"), "A=2")
      << "the last state that it knows to be good";
  EXPECT_FALSE(test::put(*store, group("h")));
  EXPECT_EQ(must(open_store()->commit({}, kSomebody)), 7U) << "as after a restart";
}

TEST_F(Postgres, ANodeThatMissedManyCommitsTakesThemOver) {
  create_store();
  const auto slow = open_store(), busy = open_store();
  for (std::size_t i = 0; i < kTrailMax + 10; ++i) must(test::put(*busy, group("g")));
  must(slow->follow());
  EXPECT_EQ(slow->snapshot()->revision, busy->snapshot()->revision);
}

TEST_F(Postgres, WithoutTheRightToWriteAWriteSaysSo) {
  create_store();
  const std::string role = "r" + crypto::random_hex(8);
  run("CREATE ROLE " + role + " LOGIN");
  run("GRANT USAGE ON SCHEMA " + schema_ + " TO " + role);
  run("GRANT SELECT ON ALL TABLES IN SCHEMA " + schema_ + " TO " + role);
  std::string uri = postgres_uri(schema_);
  uri.replace(uri.find("user=postgres"), 13, "user=" + role);
  const auto store = must(Store::open(
      must(open_postgres(must(Dsn::parse(uri)), PostgresOpen::kExisting)), master_keys()));
  const auto refused = test::put(*store, group("g"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kRefused);
  EXPECT_NE(refused.error().hint.find("grant"), std::string::npos) << refused.error().hint;
}

TEST(PostgresDsn, ShowsNoPasswordAndRepeatsNothingThatItCannotRead) {
  const auto dsn = must(Dsn::parse("postgresql://me:s3cret@db1:5432,db2/vault?sslmode=require"));
  EXPECT_TRUE(dsn.has_password());
  EXPECT_EQ(dsn.shown().find("s3cret"), std::string::npos);
  EXPECT_NE(dsn.shown().find("db1"), std::string::npos);
  for (const auto* wrong : {"postgresql://me:s3cr%et@db/x", "mysql://me:s3cret@db", "s3cret",
                            "postgresql://me@db:s3cret/x?nosuch=s3cret"}) {
    const auto refused = Dsn::parse(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().message.find("s3cr"), std::string::npos) << wrong;
    EXPECT_EQ(refused.error().hint.find("s3cr"), std::string::npos) << wrong;
  }
}

TEST(PostgresDsn, VerifiesTheServerUnlessItIsHere) {
  const auto mode = [](const char* uri) {
    const Dsn dsn = must(Dsn::parse(uri));
    for (const auto& [name, value] : dsn.parameters()) {
      if (name == "sslmode") return value;
    }
    return std::string("none");
  };
  EXPECT_EQ(mode("postgresql://me@db.example/x"), "verify-full");
  EXPECT_EQ(mode("postgresql://me@127.0.0.1,db.example/x"), "verify-full");
  EXPECT_EQ(mode("postgresql://me@db.example/x?sslmode=disable"), "disable");
  for (const auto* near : {"postgresql://me@127.0.0.1/x", "postgresql://me@localhost/x",
                           "postgresql:///x?host=/run/postgresql", "postgresql://me@[::1]/x"}) {
    EXPECT_NE(mode(near), "verify-full") << near;
  }
  EXPECT_TRUE(must(Dsn::parse("postgresql://me@db.example/x?sslmode=require")).is_unverified());
  EXPECT_FALSE(must(Dsn::parse("postgresql://me@db.example/x")).is_unverified());
}

TEST(PostgresDsn, ADatabaseThatIsNotThereIsUnreachable) {
  const test::Folder folder;
  const std::string uri = "postgresql:///x?host=" + (folder / "nothing").string();
  const auto opened = open_postgres(must(Dsn::parse(uri)), PostgresOpen::kExisting);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().name, kDatabaseUnreachable);
  EXPECT_EQ(opened.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace sutler::store
