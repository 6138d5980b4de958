#include "store/sqlite/sqlite_backend.h"

#include <condition_variable>
#include <functional>
#include <mutex>

#include "base/file.h"
#include "store/backend/check_batch.h"
#include "store/backend/lease_table.h"
#include "store/sqlite/file_watch.h"
#include "store/sqlite/sqlite_file.h"
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_schema.h"

namespace sutler::store {

using base::Code;
using base::Result;
using sqlite::Connection;
using sqlite::Resetting;
using sqlite::Statement;
using std::chrono::seconds;

namespace {

constexpr std::chrono::milliseconds kPoll{200};  // for commits of other processes

// The statements of the write path, prepared once.
struct Prepared {
  Statement revision, set_revision, version, keep, insert, update, put_telemetry, drop_telemetry,
      data_version;
};

Result<Prepared> prepare_all(Connection& connection) {
  Prepared out;
  const std::pair<Statement*, const char*> all[] = {
      {&out.revision, sqlite::kSelectRevision},      {&out.set_revision, sqlite::kUpdateRevision},
      {&out.version, sqlite::kSelectVersion},        {&out.keep, sqlite::kKeepVersion},
      {&out.insert, sqlite::kInsertRecord},          {&out.update, sqlite::kUpdateRecord},
      {&out.put_telemetry, sqlite::kPutTelemetry},   {&out.data_version, sqlite::kDataVersion},
      {&out.drop_telemetry, sqlite::kDropTelemetry},
  };
  for (const auto& [statement, sql] : all) {
    auto prepared = connection.prepare(sql);
    if (!prepared) return pass(prepared);
    *statement = std::move(*prepared);
  }
  return out;
}

// The first number of the first row; `none` when there is no row.
Result<std::uint64_t> ask(Statement& statement, std::optional<std::uint64_t> none = {}) {
  const Resetting resetting(statement);
  auto row = statement.step();
  if (!row) return pass(row);
  const auto value = *row ? statement.number(0) : none;
  if (!value) return base::fail(Code::kCorrupt, "database: a number is missing or wrong");
  return *value;
}

Result<void> visit_rows(Statement& rows, const Backend::Visit& visit) {
  while (true) {
    auto row = rows.step();
    if (!row) return pass(row);
    if (!*row) return {};
    auto record = sqlite::read_record(rows);
    if (!record) return pass(record);
    if (auto visited = visit(std::move(*record)); !visited) return visited;
  }
}

class SqliteBackend final : public Backend {
 public:
  SqliteBackend(std::filesystem::path file, Connection connection, Prepared prepared,
                sqlite::FileWatch watch)
      : file_(std::move(file)),
        connection_(std::move(connection)),
        prepared_(std::move(prepared)),
        watch_(std::move(watch)) {}

  Result<void> apply(const Batch& batch) override {
    auto applied = write([&] { return write_batch(batch); });
    if (applied) moved_.notify_all();
    return applied;
  }

  // By its own connection: it reads the file, not what this one remembers, and holds up nobody.
  Result<void> load_all(const Visit& visit) override {
    return read(sqlite::kSelectAll, [](Statement&) {}, visit);
  }

  Result<void> load_since(std::uint64_t revision, const Visit& visit) override {
    return read(
        sqlite::kSelectSince, [&](Statement& statement) { statement.bind(1, revision); }, visit);
  }

  Result<std::vector<Record>> history(const std::string& kind, const std::string& id) override {
    std::vector<Record> found;
    auto loaded = read(
        sqlite::kSelectHistory,
        [&](Statement& statement) { statement.bind_text(1, kind).bind_text(2, id); },
        [&](Record&& record) -> Result<void> {
          found.push_back(std::move(record));
          return {};
        });
    if (!loaded) return pass(loaded);
    return found;
  }

  Result<std::optional<Record>> version(const std::string& kind, const std::string& id,
                                        std::uint64_t version) override {
    std::optional<Record> found;
    auto loaded = read(
        sqlite::kSelectOneVersion,
        [&](Statement& statement) {
          statement.bind_text(1, kind).bind_text(2, id).bind(3, version);
        },
        [&](Record&& record) -> Result<void> {
          found = std::move(record);
          return {};
        });
    if (!loaded) return pass(loaded);
    return found;
  }

  Result<void> changes(std::uint64_t first, std::uint64_t last, const Visit& visit) override {
    return read(
        sqlite::kSelectChanges,
        [&](Statement& statement) { statement.bind(1, first).bind(2, last); }, visit);
  }

  Result<void> old_versions(const Visit& visit) override {
    return read(sqlite::kSelectOldVersions, [](Statement&) {}, visit);
  }

  Result<std::uint64_t> purge(const std::vector<Purge>& batch) override {
    std::uint64_t gone = 0;
    auto done = write([&]() -> Result<void> {
      auto purge = connection_.prepare(sqlite::kPurge);
      if (!purge) return pass(purge);
      auto count = connection_.prepare(sqlite::kCountChanges);
      if (!count) return pass(count);
      for (const Purge& one : batch) {
        auto ran = purge->bind_text(1, one.kind).bind_text(2, one.id).bind(3, one.below).run();
        if (!ran) return ran;
        auto went = ask(*count);
        if (!went) return pass(went);
        gone += *went;
      }
      return {};
    });
    if (!done) return pass(done);
    return gone;
  }

  Result<std::uint64_t> revision() override {
    const std::lock_guard lock(mutex_);
    if (auto present = watch_.check_present(); !present) return pass(present);
    return ask(prepared_.revision);
  }

  Result<std::uint64_t> change_stamp() override {
    const std::lock_guard lock(mutex_);
    if (auto present = watch_.check_present(); !present) return pass(present);
    if (auto seen = note_changes(); !seen) return pass(seen);
    return stamp_;
  }

  Result<std::uint64_t> wait(std::uint64_t known, std::chrono::milliseconds limit) override {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (true) {
      auto current = revision();
      if (!current || *current > known) return current;
      std::unique_lock lock(mutex_);
      const auto now = std::chrono::steady_clock::now();
      if (now >= deadline) return current;
      // A commit between the two locks is seen at the next poll at the latest.
      moved_.wait_until(lock, std::min(deadline, now + kPoll));
    }
  }

  Result<void> put_telemetry(const std::vector<Telemetry>& batch) override {
    return write([&]() -> Result<void> {
      for (const Telemetry& one : batch) {
        auto put =
            one.value.empty()
                ? prepared_.drop_telemetry.bind_text(1, one.key).run()
                : prepared_.put_telemetry.bind_text(1, one.key).bind_blob(2, one.value).run();
        if (!put) return put;
      }
      return {};
    });
  }

  Result<std::vector<Telemetry>> telemetry(const std::string& prefix) override {
    const std::lock_guard lock(mutex_);
    if (auto present = watch_.check_present(); !present) return pass(present);
    auto rows = connection_.prepare(sqlite::kSelectTelemetry);
    if (!rows) return pass(rows);
    return sqlite::take_telemetry(rows->bind_text(1, prefix));
  }

  // Its own connection: a reader of much does not hold up the writers.
  Result<std::vector<Telemetry>> telemetry_between(const TelemetryRange& range) override {
    auto reader = open_reader();
    if (!reader) return pass(reader);
    return sqlite::telemetry_between(*reader, range);
  }

  Result<bool> lease(const std::string& name, const std::string& holder, seconds time) override {
    return leases_.take(name, holder, time);
  }
  bool one_process() const override { return true; }

  Result<std::vector<KeyUse>> key_use() override {
    auto reader = open_reader();
    if (!reader) return pass(reader);
    return sqlite::count_keys(*reader);
  }

  Result<std::vector<WrappedKey>> wrapped_by_others(const std::string& key_id,
                                                    std::size_t limit) override {
    auto reader = open_reader();
    if (!reader) return pass(reader);
    return sqlite::find_wrapped(*reader, key_id, limit);
  }

  Result<std::uint64_t> rewrap(const std::vector<Rewrap>& batch) override {
    std::uint64_t replaced = 0;
    auto done = write([&] { return sqlite::replace_wrapped(connection_, batch, replaced); });
    if (!done) return pass(done);
    return replaced;
  }

  Result<void> scrub() override {
    const std::lock_guard lock(mutex_);
    if (auto present = watch_.check_present(); !present) return present;
    if (auto seen = note_changes(); !seen) return seen;
    auto done = empty_wal();
    watch_.accept();
    return done;
  }

  Result<void> dump(RowSink& sink) override {
    auto reader = open_reader();
    if (!reader) return pass(reader);
    return sqlite::dump_rows(*reader, sink);
  }

  Result<void> fill(const Produce& produce) override {
    return write([&] { return sqlite::fill_rows(connection_, produce); });
  }

  // As it is in the file now: whether that is the right one is for the reader to say.
  Result<std::string> store_id() override {
    const std::lock_guard lock(mutex_);
    if (auto present = watch_.check_present(); !present) return pass(present);
    auto meta = sqlite::read_meta(connection_);
    if (!meta) return pass(meta);
    return std::move(meta->store_id);
  }

 private:
  // One transaction; nothing of it stays when `body` or the commit fails.
  template <class Body>
  Result<void> write(Body&& body) {
    const std::lock_guard lock(mutex_);
    if (auto present = watch_.check_present(); !present) return present;
    if (auto seen = note_changes(); !seen) return seen;
    auto done = connection_.execute("BEGIN IMMEDIATE");
    if (done) done = body();
    if (done) done = connection_.execute("COMMIT");
    connection_.roll_back();
    watch_.accept();
    if (!done) return done;
    // Removed in the meantime: then nobody will find what was written.
    return watch_.check_present();
  }

  // A checkpoint that a reader is in the way of tells so in its row, not by an error. Nobody waits
  // for that reader here: writes would wait too.
  Result<void> empty_wal() {
    if (auto set = connection_.execute("PRAGMA busy_timeout=100"); !set) return set;
    auto busy = connection_.ask_number("PRAGMA wal_checkpoint(TRUNCATE)");
    auto reset = connection_.execute(sqlite::kSetBusyTimeout);
    if (!busy) return pass(busy);
    if (*busy == 0) return reset;
    return base::fail(Code::kUnavailable,
                      "database: somebody reads it (a backup?), so that what is in the file cannot "
                      "be replaced yet");
  }

  Result<void> write_batch(const Batch& batch) {
    auto current = ask(prepared_.revision);
    if (!current) return pass(current);
    if (auto ok = check_revision(batch, *current); !ok) return ok;
    for (const Record& record : batch.records) {
      if (auto ok = write_record(record); !ok) return ok;
    }
    return prepared_.set_revision.bind(1, batch.revision).run();
  }

  Result<void> write_record(const Record& record) {
    prepared_.version.bind_text(1, record.kind).bind_text(2, record.id);
    auto current = ask(prepared_.version, 0);
    if (!current) return pass(current);
    if (auto ok = check_version(record, *current); !ok) return ok;
    if (*current != 0 && keeps_history(record.kind)) {
      auto kept = prepared_.keep.bind_text(1, record.kind).bind_text(2, record.id).run();
      if (!kept) return kept;
    }
    Statement& put = *current == 0 ? prepared_.insert : prepared_.update;
    sqlite::bind_record(put, record);
    return put.run();
  }

  Result<void> read(const char* sql, const std::function<void(Statement&)>& bind,
                    const Visit& visit) {
    auto connection = open_reader();
    if (!connection) return pass(connection);
    auto rows = connection->prepare(sql);
    if (!rows) return pass(rows);
    bind(*rows);
    return visit_rows(*rows, visit);
  }

  // A connection of its own in one read transaction.
  Result<Connection> open_reader() {
    if (auto present = watch_present(); !present) return pass(present);
    auto connection = Connection::open(file_);
    if (!connection) return connection;
    auto begun = connection->execute("PRAGMA query_only=ON; BEGIN");
    if (!begun) return pass(begun);
    if (auto meta = sqlite::read_meta(*connection); !meta) return pass(meta);
    return connection;
  }

  Result<void> watch_present() {
    const std::lock_guard lock(mutex_);
    return watch_.check_present();
  }

  // Raises the stamp when somebody else wrote. Under the lock, before anything of ours is written.
  Result<void> note_changes() {
    auto version = ask(prepared_.data_version);
    if (!version) return pass(version);
    const bool files_changed = watch_.looks_changed();
    if (files_changed || (data_version_ && *data_version_ != *version)) ++stamp_;
    data_version_ = *version;
    return {};
  }

  const std::filesystem::path file_;
  std::mutex mutex_;  // over everything below
  std::condition_variable moved_;
  Connection connection_;
  Prepared prepared_;
  sqlite::FileWatch watch_;
  std::optional<std::uint64_t> data_version_;
  std::uint64_t stamp_ = 0;
  LeaseTable leases_;  // one process has the store
};

// What is no database is no store; one that is damaged stays kCorrupt.
base::Unexpected fail_open(base::Error error, const std::filesystem::path& file) {
  if (error.name == sqlite::kNotADatabase) error.code = Code::kInvalid;
  error.message = file.string() + ": " + error.message;
  return base::Unexpected(std::move(error));
}

}  // namespace

Result<std::unique_ptr<Backend>> open_sqlite(const std::filesystem::path& file, SqliteOpen mode) {
  if (mode == SqliteOpen::kCreate) {
    if (auto made = sqlite::create_file(file); !made) return pass(made);
  }
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return base::fail(Code::kNotFound, "there is no " + file.string(),
                      "make a store with `sutler init`");
  }
  auto connection = Connection::open(file);
  if (!connection) return fail_open(std::move(connection.error()), file);
  auto meta = sqlite::read_meta(*connection);
  if (!meta) return fail_open(std::move(meta.error()), file);
  if (auto wal = connection->execute("PRAGMA journal_mode=WAL"); !wal) return pass(wal);
  auto prepared = prepare_all(*connection);
  if (!prepared) return pass(prepared, file.string());
  // The first read makes the -wal file, which the watch wants to see.
  if (auto revision = ask(prepared->revision); !revision) return pass(revision, file.string());
  sqlite::FileWatch watch(file);
  if (auto watched = watch.start(); !watched) return pass(watched);
  return std::make_unique<SqliteBackend>(file, std::move(*connection), std::move(*prepared),
                                         std::move(watch));
}

}  // namespace sutler::store
