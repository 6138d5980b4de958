#include "store/postgres/postgres_backend.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "store/backend/check_batch.h"
#include "store/postgres/pool.h"
#include "store/postgres/rows.h"
#include "store/postgres/schema.h"
#include "store/postgres/statements.h"

namespace sutler::store {

using base::Code;
using base::fail;
using base::Result;
using postgres::Connection;
using postgres::Meta;
using postgres::Transaction;
using postgres::Values;

namespace {

// Nothing depends on notifications: a change is seen so soon in any case.
constexpr std::chrono::milliseconds kPoll{500};
constexpr int kTelemetryAttempts = 3;
// Records; a commit of more may take its time.
constexpr std::size_t kLargeBatch = 500;

// A channel of this store alone: its id is hexadecimal.
std::string channel(const std::string& store_id) { return "sutler_" + store_id; }

Result<void> refuse_filling(const Meta& meta) {
  if (!meta.filling) return {};
  return fail(Code::kInvalid, "a migration into this database was begun and is not finished",
              "run the same `sutler store migrate` again");
}

// First and one past the last key with that prefix; nothing: there is no last one.
std::optional<std::string> after_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return {};
  ++prefix.back();
  return prefix;
}

// What stands behind a count that is not the expected one: a version that is not the current one.
Result<void> require_all(const Result<std::uint64_t>& changed, std::size_t expected) {
  if (!changed) return base::Unexpected(changed.error());
  if (*changed == expected) return {};
  return fail(Code::kConflict, "a record is not at the version that was expected");
}

class PostgresBackend final : public Backend {
 public:
  PostgresBackend(Dsn dsn, std::string channel, postgres::Ending ending)
      : pool_(std::move(dsn), std::move(ending)), channel_(std::move(channel)) {}

  Result<void> apply(const Batch& batch) override {
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    const bool large = batch.records.size() > kLargeBatch;
    if (large) (*connection)->set_limit(postgres::kBulkLimit);
    auto written = write(
        **connection, [&](Connection& on) { return write_batch(on, batch); },
        large ? Transaction::Kind::kBulk : Transaction::Kind::kWrite);
    if (written) tell(**connection, batch.revision);
    if (!written && written.error().code == Code::kUnavailable) unsure_ = true;
    return written;
  }

  Result<void> load_all(const Visit& visit) override {
    return read(postgres::kSelectAll, {}, visit, postgres::kBulkLimit);
  }

  Result<void> load_since(std::uint64_t revision, const Visit& visit) override {
    // Where the database needed too long to sort a great change it gets more time.
    auto loaded = read(postgres::kSelectSince, Values().number(revision), visit,
                       patient_ ? postgres::kBulkLimit : postgres::kStatementLimit);
    patient_ = !loaded && loaded.error().name == kDatabaseUnreachable;
    return loaded;
  }

  Result<std::vector<Record>> history(const std::string& kind, const std::string& id) override {
    std::vector<Record> found;
    auto loaded = read(postgres::kSelectVersions, Values().bytes(kind).bytes(id),
                       [&](Record&& record) -> Result<void> {
                         found.push_back(std::move(record));
                         return {};
                       });
    if (!loaded) return pass(loaded);
    return found;
  }

  Result<std::optional<Record>> version(const std::string& kind, const std::string& id,
                                        std::uint64_t version) override {
    if (auto sure = be_sure(); !sure) return pass(sure);
    std::optional<Record> found;
    auto loaded = read(postgres::kSelectOneVersion, Values().bytes(kind).bytes(id).number(version),
                       [&](Record&& record) -> Result<void> {
                         found = std::move(record);
                         return {};
                       });
    if (!loaded) return pass(loaded);
    return found;
  }

  Result<void> changes(std::uint64_t first, std::uint64_t last, const Visit& visit) override {
    return read(postgres::kSelectChanges, Values().number(first).number(last), visit);
  }

  Result<void> old_versions(const Visit& visit) override {
    return read(postgres::kSelectOldVersions, {}, visit, postgres::kBulkLimit);
  }

  Result<std::uint64_t> purge(const std::vector<Purge>& batch) override {
    std::vector<std::string_view> kinds, ids;
    std::vector<std::uint64_t> below;
    for (const Purge& one : batch) {
      kinds.push_back(one.kind);
      ids.push_back(one.id);
      below.push_back(one.below);
    }
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    return (*connection)
        ->run(postgres::kPurge,
              Values().bytes_column(kinds).bytes_column(ids).number_column(below));
  }

  Result<std::uint64_t> revision() override {
    auto meta = read_meta();
    if (!meta) return pass(meta);
    return meta->revision;
  }

  // Other nodes commit all the time, and that is told by the revision. This is raised when the
  // whole store is another one.
  Result<std::uint64_t> change_stamp() override {
    auto meta = read_meta();
    if (!meta) return pass(meta);
    return meta->generation;
  }

  Result<std::uint64_t> wait(std::uint64_t known, std::chrono::milliseconds limit) override {
    const std::lock_guard lock(listen_mutex_);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (true) {
      if (auto ready = listen(); !ready) return pass(ready);
      auto meta = postgres::read_meta(*listener_);
      if (!meta) return lose_listener(std::move(meta.error()));
      const auto left = deadline - std::chrono::steady_clock::now();
      if (meta->revision != known || left.count() <= 0) return meta->revision;
      auto waited =
          listener_->wait_news(std::min(kPoll, std::chrono::ceil<std::chrono::milliseconds>(left)));
      if (!waited) return lose_listener(std::move(waited.error()));
    }
  }

  Result<void> put_telemetry(const std::vector<Telemetry>& batch) override {
    Result<void> put;
    for (int i = 0; i < kTelemetryAttempts; ++i) {
      auto connection = pool_.take();
      if (!connection) return pass(connection);
      put = write(**connection, [&](Connection& on) { return postgres::put_telemetry(on, batch); });
      if (put || put.error().code != Code::kConflict) break;
    }
    return put;
  }

  Result<std::vector<Telemetry>> telemetry(const std::string& prefix) override {
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    const auto end = after_prefix(prefix);
    if (!end) {
      return postgres::read_telemetry(**connection, postgres::kTelemetryFrom,
                                      Values().bytes(prefix));
    }
    return postgres::read_telemetry(**connection, postgres::kTelemetryBetween,
                                    Values().bytes(prefix).bytes(*end));
  }

  Result<std::vector<Telemetry>> telemetry_between(const TelemetryRange& range) override {
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    const bool up = range.order == KeyOrder::kAscending;
    return postgres::read_telemetry(
        **connection, up ? postgres::kTelemetryAscending : postgres::kTelemetryDescending,
        Values().bytes(range.first).bytes(range.last).number(range.limit));
  }
  // With a time of 0 it ends at once, and whether it was somebody else's is told all the same.
  Result<bool> lease(const std::string& name, const std::string& holder,
                     std::chrono::seconds time) override {
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
    auto taken =
        (*connection)
            ->run(postgres::kTakeLease, Values().bytes(name).bytes(holder).number(seconds));
    if (!taken) return pass(taken);
    return *taken == 1;
  }

  Result<std::vector<KeyUse>> key_use() override {
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    (*connection)->set_limit(postgres::kBulkLimit);
    return postgres::count_keys(**connection);
  }

  Result<std::vector<WrappedKey>> wrapped_by_others(const std::string& key_id,
                                                    std::size_t limit) override {
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    (*connection)->set_limit(postgres::kBulkLimit);
    return postgres::find_wrapped(**connection, key_id, limit);
  }

  Result<std::uint64_t> rewrap(const std::vector<Rewrap>& batch) override {
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    std::uint64_t replaced = 0;
    auto done = write(**connection, [&](Connection& on) -> Result<void> {
      auto count = postgres::replace_wrapped(on, batch);
      if (!count) return pass(count);
      replaced = *count;
      return {};
    });
    if (!done) return pass(done);
    return replaced;
  }

  // Old row versions go with the next vacuum. A role that does not own the tables may not ask for
  // it, and then the database does it in its own time.
  Result<void> scrub() override {
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    (*connection)->set_limit(postgres::kBulkLimit);
    for (const char* sql : {"VACUUM sutler_record", "VACUUM sutler_history"}) {
      (void)(*connection)->run(sql);
    }
    return {};
  }

  Result<void> dump(RowSink& sink) override {
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    auto transaction = Transaction::begin(**connection, Transaction::Kind::kSnapshot);
    if (!transaction) return pass(transaction);
    (*connection)->set_limit(postgres::kBulkLimit);
    return postgres::dump_rows(**connection, sink);
  }

  Result<void> fill(const Produce& produce) override {
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    (*connection)->set_limit(postgres::kBulkLimit);
    auto filled = write(
        **connection, [&](Connection& on) { return postgres::fill_rows(on, produce); },
        Transaction::Kind::kBulk);
    return filled;
  }

  Result<std::string> store_id() override {
    auto meta = read_meta();
    if (!meta) return pass(meta);
    return std::move(meta->store_id);
  }

 private:
  // One transaction; nothing of it stays when `body` or the commit fails, unless the connection is
  // lost in the commit: then only the database knows.
  template <class Body>
  Result<void> write(Connection& connection, Body&& body,
                     Transaction::Kind kind = Transaction::Kind::kWrite) {
    auto transaction = Transaction::begin(connection, kind);
    if (!transaction) return pass(transaction);
    if (auto done = body(connection); !done) return done;
    return transaction->commit();
  }

  // The revision goes first: its row is the lock that lets one writer in at a time.
  static Result<void> write_batch(Connection& connection, const Batch& batch) {
    if (batch.revision == 0) return check_revision(batch, 0);
    if (auto fits = check_revision(batch, batch.revision - 1); !fits) return fits;
    auto moved = connection.run(
        postgres::kMoveRevision,
        Values().number(batch.revision).number(batch.revision - 1).number(postgres::kFormat));
    if (!moved) return pass(moved);
    if (*moved != 1) {
      return fail(Code::kConflict, "the store is not at revision " +
                                       std::to_string(batch.revision - 1) + " any more");
    }
    std::vector<const Record*> fresh, changed;
    std::vector<std::string_view> kinds, ids;
    for (const Record& record : batch.records) {
      (record.version == 1 ? fresh : changed).push_back(&record);
      if (record.version == 1 || !keeps_history(record.kind)) continue;
      kinds.push_back(record.kind);
      ids.push_back(record.id);
    }
    if (!kinds.empty()) {
      auto kept =
          connection.run(postgres::kKeepVersions, Values().bytes_column(kinds).bytes_column(ids));
      if (auto all = require_all(kept, kinds.size()); !all) return all;
    }
    auto updated = postgres::put_records(connection, postgres::kUpdateRecords, changed);
    if (auto all = require_all(updated, changed.size()); !all) return all;
    return require_all(postgres::put_records(connection, postgres::kInsertRecords, fresh),
                       fresh.size());
  }

  // After the commit and apart from it, so that an engine without notifications loses nothing.
  void tell(Connection& connection, std::uint64_t revision) {
    (void)connection.run("SELECT pg_notify($1, $2)",
                         Values().text(channel_).text(std::to_string(revision)));
  }

  Result<void> listen() {
    if (listener_ && !listener_->is_broken()) return {};
    auto made = pool_.connect_to_listen();
    if (!made) return pass(made);
    listener_ = std::move(*made);
    listener_->set_limit(postgres::kListenLimit);
    (void)listener_->run(("LISTEN " + channel_).c_str());
    if (!listener_->is_broken()) return {};
    listener_.reset();
    return fail(Code::kUnavailable, "the connection to the database was lost", {},
                kDatabaseUnreachable);
  }

  // Whether a version is there says nothing while a commit may still be on its way.
  Result<void> be_sure() {
    if (!unsure_) return {};
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    if (auto settled = postgres::settle(**connection); !settled) return settled;
    unsure_ = false;
    return {};
  }

  base::Unexpected lose_listener(base::Error why) {
    listener_.reset();
    if (why.name == kDatabaseUnreachable) pool_.tell_down(why);
    return base::Unexpected(std::move(why));
  }

  Result<Meta> read_meta() {
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    return postgres::read_meta(**connection);
  }

  Result<void> read(const char* sql, const Values& values, const Visit& visit,
                    std::chrono::milliseconds limit = postgres::kStatementLimit) {
    auto connection = pool_.take();
    if (!connection) return pass(connection);
    (*connection)->set_limit(limit);
    return postgres::each_record(**connection, sql, values, visit);
  }

  postgres::Pool pool_;
  const std::string channel_;
  std::atomic<bool> patient_{false};  // with the next load_since()
  std::atomic<bool> unsure_{false};   // the outcome of a commit is not known
  std::mutex listen_mutex_;           // over the listener
  std::optional<Connection> listener_;
};

Result<Meta> prepare(Connection& connection, PostgresOpen mode) {
  auto meta = postgres::read_meta(connection);
  if (!meta && meta.error().name == "no_schema" && mode == PostgresOpen::kCreate) {
    auto made = postgres::create_tables(connection);
    // Somebody else did it at the same time: theirs is as good.
    if (!made && made.error().code != Code::kConflict) return pass(made);
    return postgres::read_meta(connection);
  }
  if (!meta || meta->format == postgres::kFormat) return meta;
  if (auto updated = postgres::update_tables(connection); !updated) return pass(updated);
  return postgres::read_meta(connection);
}

}  // namespace

Result<std::unique_ptr<Backend>> open_postgres(const Dsn& dsn, PostgresOpen mode,
                                               postgres::Ending ending) {
  auto connection = Connection::open(dsn, ending);
  if (!connection) return pass(connection);
  auto meta = prepare(*connection, mode);
  if (!meta && meta.error().name == "no_schema") {
    return fail(Code::kNotFound, dsn.shown() + " holds no sutler store",
                "make one with `sutler init --store …`", "no_schema");
  }
  if (!meta) return pass(meta, dsn.shown());
  if (auto whole = refuse_filling(*meta); !whole) return pass(whole, dsn.shown());
  return std::make_unique<PostgresBackend>(dsn, channel(meta->store_id), std::move(ending));
}

}  // namespace sutler::store
