// A database that gives what nobody wrote: it is refused by name, and the last good state stays.
#include <gtest/gtest.h>

#include <thread>

#include "store/local_copy.h"
#include "store/postgres/postgres_test_support.h"
#include "store/postgres/statements.h"

namespace sutler::store {
namespace {

using base::Code;
using test::group;
using test::master_keys;
using test::must;
using test::Postgres;
using test::put;

const std::string kTooLarge =
    "decode(repeat('00', " + std::to_string(postgres::kCellBytesMax + 1) + "), 'hex')";

TEST_F(Postgres, ACellThatIsTooLargeIsRefusedByNameAndTheLastStateStays) {
  create_store();
  const auto store = open_store();
  must(put(*store, group("g", {{"A", "1"}})));
  for (const std::string column : {"body", "header", "wrapped", "key_id"}) {
    run("CREATE TABLE kept AS SELECT * FROM sutler_record");
    run("UPDATE sutler_record SET " + column + " = " + kTooLarge + " WHERE kind = 'group'::bytea");
    run("UPDATE sutler_store SET generation = generation + 1");
    const auto verified = store->verify();
    ASSERT_FALSE(verified) << column;
    EXPECT_EQ(verified.error().code, Code::kCorrupt);
    const std::string& said = verified.error().message;
    EXPECT_NE(said.find("group/"), std::string::npos) << said;
    EXPECT_NE(said.find("sutler_record"), std::string::npos) << said;
    EXPECT_NE(said.find(std::to_string(postgres::kCellBytesMax)), std::string::npos) << said;
    EXPECT_EQ(test::show(*store->snapshot(), "g"), "A=1") << "the last good state";
    EXPECT_FALSE(put(*store, group("h")));
    run("DELETE FROM sutler_record");
    run("INSERT INTO sutler_record SELECT * FROM kept");
    run("DROP TABLE kept");
    must(store->verify());
  }
  EXPECT_TRUE(put(*store, group("h")));
}

TEST_F(Postgres, AnOldVersionThatIsTooLargeIsRefusedByName) {
  create_store();
  const auto store = open_store();
  must(put(*store, group("g", {{"A", "1"}})));
  must(put(*store, group("g", {{"A", "2"}})));
  run("UPDATE sutler_history SET body = " + kTooLarge);
  const auto old = store->version("default", "g", 1);
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().code, Code::kCorrupt);
  EXPECT_NE(old.error().message.find("sutler_history"), std::string::npos) << old.error().message;
  EXPECT_EQ(must(store->version("default", "g", 2)).variables.size(), 1U);
}

TEST_F(Postgres, TelemetryThatIsTooLargeIsRefusedByNameAndPrintedAsItCanBe) {
  create_store();
  const auto backend = open();
  run("INSERT INTO sutler_telemetry VALUES (decode('6e6f64652f0a', 'hex'), " + kTooLarge + ")");
  const auto found = backend->telemetry("node/");
  ASSERT_FALSE(found);
  const std::string& said = found.error().message;
  EXPECT_NE(said.find("sutler_telemetry"), std::string::npos) << said;
  EXPECT_EQ(said.find('\n'), std::string::npos) << said;
}

TEST_F(Postgres, ACopyReadsNeitherTheHistoryNorTheAuditLines) {
  create_store();
  const auto store = open_store();
  must(put(*store, group("g", {{"A", "1"}})));
  must(put(*store, group("g", {{"A", "2"}})));
  const std::string line = "audit/" + std::string(32, 'a') + "/" + std::string(16, '0');
  ASSERT_TRUE(is_audit_line_row(line));
  must(store->backend().put_telemetry({{line, "x"}, {"audit/checkpoint", "y"}}));
  // Whatever reads them fails.
  run("UPDATE sutler_telemetry SET value = " + kTooLarge + " WHERE octet_length(key) = 55");
  run("UPDATE sutler_history SET body = " + kTooLarge);
  const test::Folder folder;
  must(write_local_copy(store->backend(), {folder / "copy.db", "db"}, master_keys(), {3}));
  EXPECT_FALSE(store->backend().telemetry("audit/"));
}

TEST_F(Postgres, AChangeThatTheDatabaseIsSlowToGiveGetsMoreTimeTheNextTime) {
  create_store();
  const auto reader = open();
  must(put(*open_store(), group("g")));
  auto connection = must(postgres::Connection::open(*dsn_));
  must(connection.run("BEGIN"));
  must(connection.run("LOCK TABLE sutler_record IN ACCESS EXCLUSIVE MODE"));
  const auto ignore = [](Record&&) -> base::Result<void> { return {}; };
  EXPECT_EQ(reader->load_since(1, ignore).error().name, kDatabaseUnreachable);
  std::thread releasing([&] {
    // Until the second look waits, and longer than the first did.
    auto watch = must(postgres::Connection::open(*dsn_));
    const std::string waits =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
        "application_name = '" +
        schema_ +
        "' AND query_start < clock_timestamp() - interval '5500 milliseconds' AND "
        "state = 'active' AND query LIKE '%revision > $1%'";
    while (must(watch.ask(waits.c_str())).value_or(0) == 0) std::this_thread::yield();
    must(connection.run("COMMIT"));
  });
  must(reader->load_since(1, ignore));
  releasing.join();
}

}  // namespace
}  // namespace sutler::store
