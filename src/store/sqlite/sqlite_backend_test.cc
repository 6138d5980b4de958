// What is special to the SQLite file: what is in its bytes, who else writes to it, and what becomes
// of the file.
#include "store/sqlite/sqlite_backend.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "store/sqlite/sqlite_schema.h"
#include "store/test_support.h"

namespace sutler::store {
namespace {

using base::Code;
using test::changes;
using test::group;
using test::kSomebody;
using test::master_keys;
using test::must;
using test::put;
using test::show;

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

struct SqliteStore : testing::Test {
  test::Folder folder;
  std::filesystem::path file = folder / "sutler.db";
  std::unique_ptr<Store> store;

  SqliteStore() {
    {
      const auto backend = must(open_sqlite(file, SqliteOpen::kCreate));
      must(Store::create(*backend, *master_keys(), kSomebody));
    }
    reopen();
  }
  void reopen() {
    store.reset();
    store = must(Store::open(must(open_sqlite(file, SqliteOpen::kExisting)), master_keys()));
  }
  // As somebody with the sqlite3 command would.
  void sql(const std::string& statement) const {
    auto connection = must(sqlite::Connection::open(file));
    must(connection.execute(statement.c_str()));
  }
};

using Sqlite = SqliteStore;

TEST_F(Sqlite, WhatIsCommittedIsThereAfterReopening) {
  must(put(*store, group("g", {{"A", "1"}})));
  must(put(*store, group("g", {{"A", "2"}})));
  reopen();
  EXPECT_EQ(show(*store->snapshot(), "g"), "A=2");
  EXPECT_EQ(must(store->history("default", "g")).size(), 2U);
}

TEST_F(Sqlite, ItsFilesAreForTheOwnerOnly) {
  must(put(*store, group("g")));
  for (const auto* end : {"", "-wal", "-shm"}) {
    struct stat found{};
    ASSERT_EQ(::stat((file.string() + end).c_str(), &found), 0) << end;
    EXPECT_EQ(found.st_mode & 0777, 0600U) << end;
  }
}

TEST_F(Sqlite, NoNameOrValueIsInAnyOfItsBytes) {
  must(put(*store, group("canary-group", {{"CANARY_NAME", "canary-value"}})));
  must(put(*store, group("canary-group", {{"CANARY_NAME", "canary-other"}})));
  must(store->commit(changes(DeleteGroup{"default", "canary-group", {}}), kSomebody));
  for (const auto* end : {"", "-wal", "-shm"}) {
    const std::string bytes = bytes_of(file.string() + end);
    EXPECT_EQ(bytes.find("canary"), std::string::npos) << end;
    EXPECT_EQ(bytes.find("CANARY"), std::string::npos) << end;
    EXPECT_EQ(bytes.find("uid:7"), std::string::npos) << end;
  }
  store.reset();
  EXPECT_EQ(bytes_of(file).find("anary"), std::string::npos);
}

TEST_F(Sqlite, AFileThatExistsIsNotMadeAgain) {
  EXPECT_EQ(open_sqlite(file, SqliteOpen::kCreate).error().code, Code::kConflict);
  EXPECT_EQ(open_sqlite(folder / "other.db", SqliteOpen::kExisting).error().code, Code::kNotFound);
}

TEST_F(Sqlite, WhatIsNoSutlerStoreIsRefused) {
  write_bytes(folder / "empty.db", "");
  EXPECT_EQ(open_sqlite(folder / "empty.db", SqliteOpen::kExisting).error().code, Code::kInvalid);
  write_bytes(folder / "text.db", std::string(8192, 'x'));
  EXPECT_EQ(open_sqlite(folder / "text.db", SqliteOpen::kExisting).error().code, Code::kInvalid);
}

TEST_F(Sqlite, ANewerFormatIsRefusedByItsNumber) {
  store.reset();
  sql("PRAGMA user_version=2");
  const auto opened = open_sqlite(file, SqliteOpen::kExisting);
  EXPECT_EQ(opened.error().code, Code::kInvalid);
  EXPECT_NE(opened.error().message.find("format 2"), std::string::npos);
}

TEST_F(Sqlite, AnotherConnectionsCommitMovesTheStamp) {
  const auto stamp = must(store->backend().change_stamp());
  sql("UPDATE telemetry SET value = value");
  EXPECT_EQ(must(store->backend().change_stamp()), stamp) << "nothing was written";
  sql("INSERT INTO telemetry VALUES('x', x'00')");
  EXPECT_NE(must(store->backend().change_stamp()), stamp);
  EXPECT_TRUE(store->verify());
}

TEST_F(Sqlite, ARowChangedBySqlIsNoticedAndTheLastGoodStateStays) {
  must(put(*store, group("g", {{"A", "1"}})));
  const char* const all[] = {
      "UPDATE records SET body = zeroblob(length(body)) WHERE kind = 'group'",
      "UPDATE records SET body = CAST(body AS TEXT) WHERE kind = 'group'",
      "UPDATE records SET header = NULL WHERE 0; UPDATE records SET version = 'x'",
      "UPDATE records SET deleted = 2",
      "UPDATE records SET revision = revision + 1 WHERE kind = 'team'",
      "DELETE FROM records WHERE kind = 'group'",
      "DELETE FROM records",
      "UPDATE meta SET value = value + 1 WHERE key = 'revision'",
      "UPDATE meta SET value = value - 1 WHERE key = 'revision'",
      "UPDATE meta SET value = hex(randomblob(16)) WHERE key = 'store_id'",
      "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE key = 'store_id'",
      "UPDATE meta SET value = 2 WHERE key = 'format'",
      "INSERT INTO meta VALUES('more', 1)",
      "DELETE FROM meta WHERE key = 'format'",
      "DROP TABLE records",
  };
  for (const auto* statement : all) {
    store.reset();
    const std::string good = bytes_of(file);
    reopen();
    sql(statement);
    EXPECT_FALSE(store->verify()) << statement;
    EXPECT_EQ(show(*store->snapshot(), "g"), "A=1") << statement;
    EXPECT_FALSE(put(*store, group("h"))) << statement;
    store.reset();
    auto backend = open_sqlite(file, SqliteOpen::kExisting);
    if (backend) {
      EXPECT_FALSE(Store::open(std::move(*backend), master_keys())) << statement;
    }
    for (const auto* end : {"-wal", "-shm"}) std::filesystem::remove(file.string() + end);
    write_bytes(file, good);
    reopen();
  }
}

TEST_F(Sqlite, AByteChangedPastSqliteIsNoticedWhileRunning) {
  must(put(*store, group("g", {{"A", "1"}})));
  reopen();  // the last connection that closes moves everything into the file
  std::string body;
  must(store->backend().load_all([&](Record&& record) -> base::Result<void> {
    if (record.kind == "group") body = record.body;
    return {};
  }));
  const auto at = bytes_of(file).find(body);
  ASSERT_NE(at, std::string::npos);
  {
    std::fstream in_place(file, std::ios::binary | std::ios::in | std::ios::out);
    in_place.seekp(static_cast<std::streamoff>(at) + 20);
    in_place.put(static_cast<char>(body[20] ^ 1));
  }
  EXPECT_FALSE(store->verify());
  EXPECT_EQ(show(*store->snapshot(), "g"), "A=1");
}

TEST_F(Sqlite, WhatSomebodyAddsToTheSchemaDoesNotAct) {
  sql("CREATE TRIGGER t AFTER UPDATE ON records BEGIN DELETE FROM records; END");
  EXPECT_TRUE(store->verify());
  must(put(*store, group("g", {{"A", "1"}})));
  reopen();
  EXPECT_EQ(show(*store->snapshot(), "g"), "A=1");
}

TEST_F(Sqlite, ARemovedFileIsNeverWrittenTo) {
  for (const auto* end : {"", "-wal"}) {
    const std::filesystem::path gone = file.string() + end;
    const std::filesystem::path kept = folder / "kept";
    std::filesystem::rename(gone, kept);
    const auto refused = put(*store, group("g"));
    ASSERT_FALSE(refused) << end;
    EXPECT_EQ(refused.error().code, Code::kUnavailable) << refused.error().message;
    EXPECT_FALSE(store->verify());
    EXPECT_EQ(store->backend().apply({2, {}}).error().code, Code::kUnavailable);
    EXPECT_EQ(store->snapshot()->revision, 1U);
    std::filesystem::rename(kept, gone);
    EXPECT_TRUE(store->verify()) << "put back";
  }
  EXPECT_TRUE(put(*store, group("g")));
}

TEST_F(Sqlite, AReplacedFileIsNotTakenForOurs) {
  const std::filesystem::path kept = folder / "kept";
  std::filesystem::rename(file, kept);
  std::filesystem::copy_file(kept, file);
  EXPECT_EQ(put(*store, group("g")).error().code, Code::kUnavailable);
  EXPECT_EQ(store->backend().change_stamp().error().code, Code::kUnavailable);
}

TEST_F(Sqlite, ACutFileIsAnErrorAndNotACrash) {
  must(put(*store, group("g", {{"A", "1"}})));
  reopen();
  std::filesystem::resize_file(file, 5000);
  EXPECT_FALSE(store->verify());
  EXPECT_EQ(show(*store->snapshot(), "g"), "A=1");
  std::filesystem::resize_file(file, 0);
  EXPECT_FALSE(store->verify());
  EXPECT_EQ(show(*store->snapshot(), "g"), "A=1");
}

TEST_F(Sqlite, AHalfMadeFileOfACrashIsNoHindrance) {
  write_bytes(folder / "second.db.new", "half");
  EXPECT_TRUE(open_sqlite(folder / "second.db", SqliteOpen::kCreate));
}

// Reads all rows; in the middle of that somebody writes.
class WritingReader final : public RowSink {
 public:
  explicit WritingReader(Backend& backend) : backend_(backend) {}
  base::Result<void> begin(const Contents&) override {
    must(backend_.put_telemetry({{"t", "1"}}));
    scrubbed = backend_.scrub();
    return {};
  }
  base::Result<void> current(Record&&) override { return {}; }
  base::Result<void> history(Record&&) override { return {}; }
  base::Result<void> telemetry(Telemetry&&) override { return {}; }
  base::Result<void> scrubbed;

 private:
  Backend& backend_;
};

TEST_F(Sqlite, AScrubThatAReaderIsInTheWayOfSaysSoAndSucceedsWhenTheReaderIsGone) {
  WritingReader reader(store->backend());
  must(store->backend().dump(reader));
  ASSERT_FALSE(reader.scrubbed);
  EXPECT_EQ(reader.scrubbed.error().code, Code::kUnavailable);
  EXPECT_TRUE(store->backend().scrub());
  EXPECT_EQ(std::filesystem::file_size(file.string() + "-wal"), 0U);
}

}  // namespace
}  // namespace sutler::store
