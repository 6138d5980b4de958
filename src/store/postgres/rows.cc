#include "store/postgres/rows.h"

#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "store/postgres/statements.h"

namespace sutler::store::postgres {

using base::Code;
using base::Result;

namespace {

constexpr std::size_t kPieceRows = 1000;
constexpr std::size_t kPieceBytes = 8 * 1024 * 1024;

constexpr char kWayOut[] = "the database was changed from outside; restore a backup";

base::Unexpected damaged() {
  return base::fail(Code::kCorrupt, "database: a row has a column of the wrong type", kWayOut);
}

// What stands in a database is not to be printed as it is.
std::string shown(std::optional<std::string_view> bytes) {
  constexpr std::size_t kBytesMax = 64;
  if (!bytes) return "?";
  const bool plain = std::ranges::all_of(*bytes, [](char c) { return c > ' ' && c < 0x7f; });
  if (plain && bytes->size() <= kBytesMax) return std::string(*bytes);
  return base::hex_encode(bytes->substr(0, kBytesMax)) + (bytes->size() > kBytesMax ? "…" : "");
}

base::Unexpected damaged(std::string_view table, const std::string& key) {
  return base::fail(Code::kCorrupt,
                    "database: row " + key + " of " + std::string(table) +
                        " has a column of the wrong type, or one of more than " +
                        std::to_string(kCellBytesMax) + " bytes",
                    kWayOut);
}

// For an error: a statement that reads both may find it in either.
std::string_view table_of(std::string_view sql) {
  const bool current = sql.contains("sutler_record"), old = sql.contains("sutler_history");
  if (current && old) return "sutler_record or sutler_history";
  return current ? "sutler_record" : "sutler_history";
}

// Columns of some records, as arrays.
Values record_columns(std::span<const Record* const> records) {
  std::vector<std::string_view> kinds, ids, key_ids, wrapped, headers, bodies;
  std::vector<std::uint64_t> versions, revisions;
  std::vector<char> deleted;
  for (const Record* one : records) {
    kinds.push_back(one->kind);
    ids.push_back(one->id);
    versions.push_back(one->version);
    revisions.push_back(one->revision);
    deleted.push_back(one->deleted ? 1 : 0);
    key_ids.push_back(one->key_id);
    wrapped.push_back(one->wrapped);
    headers.push_back(one->header);
    bodies.push_back(one->body);
  }
  Values out;
  out.bytes_column(kinds).bytes_column(ids).number_column(versions).number_column(revisions);
  out.flag_column(std::move(deleted)).bytes_column(key_ids).bytes_column(wrapped);
  out.bytes_column(headers).bytes_column(bodies);
  return out;
}

Result<Record> read_record(const Row& row, std::string_view sql) {
  const auto kind = row.bytes(0), id = row.bytes(1);
  const auto version = row.number(2), revision = row.number(3);
  const auto deleted = row.flag(4);
  const auto key_id = row.bytes(5), wrapped = row.bytes(6), header = row.bytes(7),
             body = row.bytes(8);
  if (!kind || !id || !version || !revision || !deleted || !key_id || !wrapped || !header ||
      !body) {
    return damaged(table_of(sql), shown(kind) + "/" + shown(id) + "@" +
                                      (version ? std::to_string(*version) : "?"));
  }
  Record record;
  record.kind = *kind;
  record.id = *id;
  record.version = *version;
  record.revision = *revision;
  record.deleted = *deleted;
  record.key_id = *key_id;
  record.wrapped = *wrapped;
  record.header = *header;
  record.body = *body;
  return record;
}

}  // namespace

Result<void> each_record(Connection& connection, const char* sql, const Values& values,
                         const Backend::Visit& visit) {
  return connection.each(sql, values, [&](const Row& row) -> Result<void> {
    auto record = read_record(row, sql);
    if (!record) return pass(record);
    return visit(std::move(*record));
  });
}

Result<std::uint64_t> put_records(Connection& connection, const char* sql,
                                  std::span<const Record* const> records) {
  std::uint64_t changed = 0;
  while (!records.empty()) {
    std::size_t count = 0, bytes = 0;
    while (count < records.size() && count < kPieceRows && bytes < kPieceBytes) {
      bytes += records[count]->header.size() + records[count]->body.size();
      ++count;
    }
    auto put = connection.run(sql, record_columns(records.first(count)));
    if (!put) return pass(put);
    changed += *put;
    records = records.subspan(count);
  }
  return changed;
}

Result<std::vector<KeyUse>> count_keys(Connection& connection) {
  std::vector<KeyUse> found;
  auto read = connection.each(kCountKeys, {}, [&](const Row& row) -> Result<void> {
    const auto id = row.bytes(0);
    const auto current = row.number(1), history = row.number(2);
    if (!id || !current || !history) return damaged();
    found.push_back({std::string(*id), *current, *history});
    return {};
  });
  if (!read) return pass(read);
  return found;
}

Result<std::vector<WrappedKey>> find_wrapped(Connection& connection, const std::string& other_than,
                                             std::size_t limit) {
  std::vector<WrappedKey> found;
  const Values values = Values().bytes(other_than).number(limit);
  auto read = connection.each(kFindWrapped, values, [&](const Row& row) -> Result<void> {
    const auto kind = row.bytes(0), id = row.bytes(1), key_id = row.bytes(5),
               wrapped = row.bytes(6);
    const auto version = row.number(2), revision = row.number(3);
    const auto deleted = row.flag(4);
    if (!kind || !id || !version || !revision || !deleted || !key_id || !wrapped) return damaged();
    found.push_back({std::string(*kind), std::string(*id), *version, *revision, *deleted,
                     std::string(*key_id), std::string(*wrapped)});
    return {};
  });
  if (!read) return pass(read);
  return found;
}

Result<std::uint64_t> replace_wrapped(Connection& connection, const std::vector<Rewrap>& batch) {
  std::vector<std::string_view> kinds, ids, before, key_ids, wrapped;
  std::vector<std::uint64_t> versions;
  for (const Rewrap& one : batch) {
    kinds.push_back(one.before.kind);
    ids.push_back(one.before.id);
    versions.push_back(one.before.version);
    before.push_back(one.before.wrapped);
    key_ids.push_back(one.key_id);
    wrapped.push_back(one.wrapped);
  }
  Values values;
  values.bytes_column(kinds).bytes_column(ids).number_column(versions).bytes_column(before);
  values.bytes_column(key_ids).bytes_column(wrapped);
  std::uint64_t replaced = 0;
  // A version that became an old one since it was read has the same identity in the history.
  for (const char* sql : {kRewrapCurrent, kRewrapOld}) {
    auto done = connection.run(sql, values);
    if (!done) return pass(done);
    replaced += *done;
  }
  return replaced;
}

Result<void> put_telemetry(Connection& connection, const std::vector<Telemetry>& batch) {
  // In order of key, as every node writes them: two that write the same rows do not wait for each
  // other in a circle.
  std::map<std::string_view, std::string_view> last;
  for (const Telemetry& one : batch) last.insert_or_assign(one.key, one.value);
  std::vector<std::string_view> put, values, gone;
  for (const auto& [key, value] : last) {
    if (value.empty()) {
      gone.push_back(key);
    } else {
      put.push_back(key);
      values.push_back(value);
    }
  }
  if (!put.empty()) {
    auto done = connection.run(kPutTelemetry, Values().bytes_column(put).bytes_column(values));
    if (!done) return pass(done);
  }
  if (gone.empty()) return {};
  auto done = connection.run(kDropTelemetry, Values().bytes_column(gone));
  if (!done) return pass(done);
  return {};
}

Result<Telemetry> read_telemetry_row(const Row& row) {
  const auto key = row.bytes(0), value = row.bytes(1);
  if (!key || !value) return damaged("sutler_telemetry", shown(key));
  return Telemetry{std::string(*key), std::string(*value)};
}

Result<std::vector<Telemetry>> read_telemetry(Connection& connection, const char* sql,
                                              const Values& values) {
  std::vector<Telemetry> found;
  auto read = connection.each(sql, values, [&](const Row& row) -> Result<void> {
    auto one = read_telemetry_row(row);
    if (!one) return pass(one);
    found.push_back(std::move(*one));
    return {};
  });
  if (!read) return pass(read);
  return found;
}

}  // namespace sutler::store::postgres
