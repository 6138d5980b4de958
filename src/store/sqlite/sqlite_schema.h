// The tables of the embedded store and the SQL on them (docs/formats/store.md).
#pragma once

#include <string>

#include "base/result.h"
#include "store/backend/backend.h"
#include "store/sqlite/sqlite_handles.h"

namespace sutler::store::sqlite {

inline constexpr std::uint64_t kFormat = 1;
inline constexpr std::uint64_t kApplicationId = 0x5375746c;  // "Sutl"

// `records` has the current version of each record, `history` the ones before. Rowids are in order
// of making, so that loading all reads the file from front to back.
inline constexpr const char* kCreateTables = R"sql(
  CREATE TABLE meta(key TEXT PRIMARY KEY, value NOT NULL);
  CREATE TABLE records(
    kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, revision INTEGER NOT NULL,
    deleted INTEGER NOT NULL, key_id TEXT NOT NULL, wrapped BLOB NOT NULL, header BLOB NOT NULL,
    body BLOB NOT NULL, UNIQUE(kind, id));
  CREATE INDEX records_by_revision ON records(revision);
  CREATE TABLE history(
    kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, revision INTEGER NOT NULL,
    deleted INTEGER NOT NULL, key_id TEXT NOT NULL, wrapped BLOB NOT NULL, header BLOB NOT NULL,
    body BLOB NOT NULL, UNIQUE(kind, id, version));
  CREATE INDEX history_by_revision ON history(revision);
  CREATE TABLE telemetry(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
)sql";
inline constexpr const char* kInsertMeta = "INSERT INTO meta(key, value) VALUES(?1, ?2)";
inline constexpr const char* kSelectMeta = "SELECT key, value FROM meta ORDER BY key";

// The columns in the order in which read_record() and bind_record() have them.
#define SUTLER_RECORD_COLUMNS "kind, id, version, revision, deleted, key_id, wrapped, header, body"
inline constexpr const char* kSelectAll =
    "SELECT " SUTLER_RECORD_COLUMNS " FROM records NOT INDEXED";
inline constexpr const char* kSelectSince =
    "SELECT " SUTLER_RECORD_COLUMNS " FROM records WHERE revision > ?1 ORDER BY revision";
inline constexpr const char* kSelectHistory = "SELECT " SUTLER_RECORD_COLUMNS
                                              " FROM records WHERE kind = ?1 AND id = ?2 "
                                              "UNION ALL SELECT " SUTLER_RECORD_COLUMNS
                                              " FROM history WHERE kind = ?1 AND id = ?2 "
                                              "ORDER BY version DESC";
inline constexpr const char* kSelectOneVersion =
    "SELECT " SUTLER_RECORD_COLUMNS
    " FROM records WHERE kind = ?1 AND id = ?2 AND version = ?3 "
    "UNION ALL SELECT " SUTLER_RECORD_COLUMNS
    " FROM history WHERE kind = ?1 AND id = ?2 AND version = ?3";
#define SUTLER_RECORD_WITHOUT_BODY \
  "kind, id, version, revision, deleted, key_id, wrapped, header, x''"
inline constexpr const char* kSelectChanges =
    "SELECT " SUTLER_RECORD_WITHOUT_BODY
    " FROM records WHERE revision BETWEEN ?1 AND ?2 AND kind <> 'head' "
    "UNION ALL SELECT " SUTLER_RECORD_WITHOUT_BODY
    " FROM history WHERE revision BETWEEN ?1 AND ?2 ORDER BY revision, kind, id";
inline constexpr const char* kSelectOldVersions =
    "SELECT " SUTLER_RECORD_WITHOUT_BODY " FROM history ORDER BY kind, id, version";
#undef SUTLER_RECORD_WITHOUT_BODY
inline constexpr const char* kPurge =
    "DELETE FROM history WHERE kind = ?1 AND id = ?2 AND version < ?3";
inline constexpr const char* kCountChanges = "SELECT changes()";
inline constexpr const char* kSelectVersion =
    "SELECT version FROM records WHERE kind = ?1 AND id = ?2";
inline constexpr const char* kKeepVersion =
    "INSERT INTO history(" SUTLER_RECORD_COLUMNS
    ") "
    "SELECT " SUTLER_RECORD_COLUMNS " FROM records WHERE kind = ?1 AND id = ?2";
inline constexpr const char* kInsertRecord =
    "INSERT INTO records(" SUTLER_RECORD_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
inline constexpr const char* kUpdateRecord =
    "UPDATE records SET version = ?3, revision = ?4, deleted = ?5, key_id = ?6, wrapped = ?7, "
    "header = ?8, body = ?9 WHERE kind = ?1 AND id = ?2";
#undef SUTLER_RECORD_COLUMNS
inline constexpr const char* kSelectRevision = "SELECT value FROM meta WHERE key = 'revision'";
inline constexpr const char* kUpdateRevision = "UPDATE meta SET value = ?1 WHERE key = 'revision'";
inline constexpr const char* kPutTelemetry =
    "INSERT OR REPLACE INTO telemetry(key, value) VALUES(?1, ?2)";
inline constexpr const char* kDropTelemetry = "DELETE FROM telemetry WHERE key = ?1";
inline constexpr const char* kSelectTelemetry =
    "SELECT key, value FROM telemetry WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key";
inline constexpr const char* kSelectTelemetryUp =
    "SELECT key, value FROM telemetry WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3";
inline constexpr const char* kSelectTelemetryDown =
    "SELECT key, value FROM telemetry WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3";
// Changes when another connection has committed, never by our own commits.
inline constexpr const char* kDataVersion = "PRAGMA data_version";

struct Meta {
  std::uint64_t format = 0;
  std::uint64_t revision = 0;
  std::string store_id;
};

// kInvalid: no sutler store, or one of a newer format. kCorrupt: `meta` is not what it was made as.
[[nodiscard]] base::Result<Meta> read_meta(Connection& connection);
// Makes the tables and a new store id in one transaction.
[[nodiscard]] base::Result<void> create_tables(Connection& connection);

// The row that the statement stands on. kCorrupt: a column of another type than it must have.
[[nodiscard]] base::Result<Record> read_record(const Statement& row);
void bind_record(Statement& statement, const Record& record);

}  // namespace sutler::store::sqlite
