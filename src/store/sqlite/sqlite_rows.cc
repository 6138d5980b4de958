#include "store/sqlite/sqlite_rows.h"

#include <utility>

#include "store/sqlite/sqlite_schema.h"

namespace sutler::store::sqlite {

using base::Code;
using base::Result;

namespace {

constexpr const char* kCountKeys =
    "SELECT key_id, sum(now), sum(before) FROM ("
    "SELECT key_id, 1 AS now, 0 AS before FROM records NOT INDEXED UNION ALL "
    "SELECT key_id, 0, 1 FROM history NOT INDEXED) GROUP BY key_id ORDER BY key_id";
constexpr const char* kFindWrapped =
    "SELECT kind, id, version, revision, deleted, key_id, wrapped FROM records NOT INDEXED "
    "WHERE key_id <> ?1 UNION ALL "
    "SELECT kind, id, version, revision, deleted, key_id, wrapped FROM history NOT INDEXED "
    "WHERE key_id <> ?1 LIMIT ?2";
constexpr const char* kReplaceCurrent =
    "UPDATE records SET key_id = ?5, wrapped = ?6 "
    "WHERE kind = ?1 AND id = ?2 AND version = ?3 AND wrapped = ?4";
constexpr const char* kReplaceOld =
    "UPDATE history SET key_id = ?5, wrapped = ?6 "
    "WHERE kind = ?1 AND id = ?2 AND version = ?3 AND wrapped = ?4";
constexpr const char* kChanges = "SELECT changes()";

constexpr const char* kDumpHead =
    "SELECT kind, id, version, revision, deleted, key_id, wrapped, header, body FROM records "
    "WHERE kind = 'head'";
constexpr const char* kDumpCurrent =
    "SELECT kind, id, version, revision, deleted, key_id, wrapped, header, body FROM records "
    "NOT INDEXED WHERE kind <> 'head'";
constexpr const char* kDumpHistory =
    "SELECT kind, id, version, revision, deleted, key_id, wrapped, header, body FROM history "
    "NOT INDEXED";
constexpr const char* kDumpTelemetry = "SELECT key, value FROM telemetry";
constexpr const char* kInsertHistory =
    "INSERT INTO history(kind, id, version, revision, deleted, key_id, wrapped, header, body) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
constexpr const char* kUpdateStoreId = "UPDATE meta SET value = ?1 WHERE key = 'store_id'";

base::Unexpected damaged() {
  return base::fail(Code::kCorrupt, "database: a column has another type than it must have");
}

// Calls `take` with each row.
template <class Take>
Result<void> for_each_row(Statement& rows, Take&& take) {
  while (true) {
    auto row = rows.step();
    if (!row) return pass(row);
    if (!*row) return {};
    if (auto taken = take(rows); !taken) return taken;
  }
}

using Put = Result<void> (RowSink::*)(Record&&);

Result<void> dump_records(Connection& connection, const char* sql, RowSink& sink, Put put) {
  auto rows = connection.prepare(sql);
  if (!rows) return pass(rows);
  return for_each_row(*rows, [&](Statement& row) -> Result<void> {
    auto record = read_record(row);
    if (!record) return pass(record);
    return (sink.*put)(std::move(*record));
  });
}

class Inserter final : public RowSink {
 public:
  static Result<Inserter> prepare(Connection& connection) {
    Inserter out;
    const std::pair<Statement*, const char*> all[] = {{&out.current_, kInsertRecord},
                                                      {&out.history_, kInsertHistory},
                                                      {&out.telemetry_, kPutTelemetry},
                                                      {&out.revision_, kUpdateRevision},
                                                      {&out.store_id_, kUpdateStoreId}};
    for (const auto& [statement, sql] : all) {
      auto prepared = connection.prepare(sql);
      if (!prepared) return pass(prepared);
      *statement = std::move(*prepared);
    }
    return out;
  }

  Result<void> begin(const Contents& contents) override {
    if (auto done = revision_.bind(1, contents.revision).run(); !done) return done;
    return store_id_.bind_text(1, contents.store_id).run();
  }
  Result<void> current(Record&& record) override { return insert(current_, record); }
  Result<void> history(Record&& record) override { return insert(history_, record); }
  Result<void> telemetry(Telemetry&& row) override {
    return telemetry_.bind_text(1, row.key).bind_blob(2, row.value).run();
  }

 private:
  Inserter() = default;
  static Result<void> insert(Statement& statement, const Record& record) {
    bind_record(statement, record);
    return statement.run();
  }
  Statement current_, history_, telemetry_, revision_, store_id_;
};

}  // namespace

Result<std::vector<KeyUse>> count_keys(Connection& connection) {
  auto rows = connection.prepare(kCountKeys);
  if (!rows) return pass(rows);
  std::vector<KeyUse> found;
  auto read = for_each_row(*rows, [&](Statement& row) -> Result<void> {
    const auto id = row.text(0);
    const auto current = row.number(1);
    const auto history = row.number(2);
    if (!id || !current || !history) return damaged();
    found.push_back({std::string(*id), *current, *history});
    return {};
  });
  if (!read) return pass(read);
  return found;
}

Result<std::vector<WrappedKey>> find_wrapped(Connection& connection, const std::string& other_than,
                                             std::size_t limit) {
  auto rows = connection.prepare(kFindWrapped);
  if (!rows) return pass(rows);
  rows->bind_text(1, other_than).bind(2, limit);
  std::vector<WrappedKey> found;
  auto read = for_each_row(*rows, [&](Statement& row) -> Result<void> {
    const auto kind = row.text(0), id = row.text(1), key_id = row.text(5);
    const auto version = row.number(2), revision = row.number(3), deleted = row.number(4);
    const auto wrapped = row.blob(6);
    if (!kind || !id || !key_id || !version || !revision || !deleted || !wrapped) return damaged();
    found.push_back({std::string(*kind), std::string(*id), *version, *revision, *deleted != 0,
                     std::string(*key_id), std::string(*wrapped)});
    return {};
  });
  if (!read) return pass(read);
  return found;
}

Result<void> replace_wrapped(Connection& connection, const std::vector<Rewrap>& batch,
                             std::uint64_t& replaced) {
  auto current = connection.prepare(kReplaceCurrent);
  if (!current) return pass(current);
  auto old = connection.prepare(kReplaceOld);
  if (!old) return pass(old);
  for (const Rewrap& one : batch) {
    // A version that became an old one since it was read has the same identity in the history.
    for (Statement* statement : {&*current, &*old}) {
      auto done = statement->bind_text(1, one.before.kind)
                      .bind_text(2, one.before.id)
                      .bind(3, one.before.version)
                      .bind_blob(4, one.before.wrapped)
                      .bind_text(5, one.key_id)
                      .bind_blob(6, one.wrapped)
                      .run();
      if (!done) return done;
      auto changes = connection.ask_number(kChanges);
      if (!changes) return pass(changes);
      replaced += *changes;
      if (*changes != 0) break;
    }
  }
  return {};
}

Result<void> dump_rows(Connection& connection, RowSink& sink) {
  auto meta = read_meta(connection);
  if (!meta) return pass(meta);
  auto keys = count_keys(connection);
  if (!keys) return pass(keys);
  auto done = sink.begin({std::move(meta->store_id), meta->revision, std::move(*keys)});
  if (done) done = dump_records(connection, kDumpHead, sink, &RowSink::current);
  if (done) done = dump_records(connection, kDumpCurrent, sink, &RowSink::current);
  if (done && sink.wants() != RowSink::Wants::kCurrent) {
    done = dump_records(connection, kDumpHistory, sink, &RowSink::history);
  }
  if (!done) return done;
  auto rows = connection.prepare(kDumpTelemetry);
  if (!rows) return pass(rows);
  return for_each_row(*rows, [&](Statement& row) -> Result<void> {
    const auto key = row.text(0);
    const auto value = row.blob(1);
    if (!key || !value) return damaged();
    return sink.telemetry({std::string(*key), std::string(*value)});
  });
}

Result<void> fill_rows(Connection& connection, const Backend::Produce& produce) {
  auto count = connection.ask_number("SELECT count(*) FROM records");
  if (!count) return pass(count);
  if (*count != 0) return base::fail(Code::kConflict, "the database holds a store already");
  auto inserter = Inserter::prepare(connection);
  if (!inserter) return pass(inserter);
  return produce(*inserter);
}

Result<std::vector<Telemetry>> take_telemetry(Statement& rows) {
  std::vector<Telemetry> found;
  auto taken = for_each_row(rows, [&](Statement& row) -> Result<void> {
    const auto key = row.text(0);
    const auto value = row.blob(1);
    if (!key || !value) return base::fail(Code::kCorrupt, "database: telemetry is damaged");
    found.push_back({std::string(*key), std::string(*value)});
    return {};
  });
  if (!taken) return pass(taken);
  return found;
}

Result<std::vector<Telemetry>> telemetry_between(Connection& connection,
                                                 const TelemetryRange& range) {
  auto rows = connection.prepare(range.order == KeyOrder::kAscending ? kSelectTelemetryUp
                                                                     : kSelectTelemetryDown);
  if (!rows) return pass(rows);
  rows->bind_text(1, range.first).bind_text(2, range.last).bind(3, range.limit);
  return take_telemetry(*rows);
}

}  // namespace sutler::store::sqlite
