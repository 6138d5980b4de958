// The statements of the backend. Many rows travel as one array a column.
//
// A cell that is larger than anything that was ever written is read as NULL: one that a fault or a
// hand made a gigabyte is not sent, and is refused by name (rows.cc).
#pragma once

#include <cstddef>

namespace sutler::store::postgres {

inline constexpr std::size_t kCellBytesMax = 16 * 1024 * 1024;
#define SUTLER_CELL(name) "CASE WHEN octet_length(" name ") <= 16777216 THEN " name " END"
static_assert(kCellBytesMax == 16'777'216);

#define SUTLER_COLUMNS "kind, id, version, revision, deleted, key_id, wrapped, header, body"
#define SUTLER_PAIR "key, " SUTLER_CELL("value")
#define SUTLER_READ_KEYS \
  "kind, id, version, revision, deleted, " SUTLER_CELL("key_id") ", " SUTLER_CELL("wrapped")
#define SUTLER_READ SUTLER_READ_KEYS ", " SUTLER_CELL("header") ", " SUTLER_CELL("body")
#define SUTLER_NO_BODY SUTLER_READ_KEYS ", " SUTLER_CELL("header") ", ''::bytea"
#define SUTLER_ROWS                                                                           \
  "unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::boolean[], $6::bytea[], " \
  "$7::bytea[], $8::bytea[], $9::bytea[]) AS v(" SUTLER_COLUMNS ")"

inline constexpr char kSelectAll[] = "SELECT " SUTLER_READ " FROM sutler_record";
inline constexpr char kSelectSince[] = "SELECT " SUTLER_READ
                                       " FROM sutler_record WHERE revision > $1 "
                                       "ORDER BY revision, kind, id";
inline constexpr char kSelectVersions[] =
    "SELECT " SUTLER_READ
    " FROM sutler_record WHERE kind = $1 AND id = $2 UNION ALL "
    "SELECT " SUTLER_READ
    " FROM sutler_history WHERE kind = $1 AND id = $2 "
    "ORDER BY version DESC";
inline constexpr char kSelectOneVersion[] =
    "SELECT " SUTLER_READ
    " FROM sutler_record WHERE kind = $1 AND id = $2 AND version = $3 UNION ALL "
    "SELECT " SUTLER_READ " FROM sutler_history WHERE kind = $1 AND id = $2 AND version = $3";
inline constexpr char kSelectChanges[] =
    "SELECT " SUTLER_NO_BODY
    " FROM sutler_record WHERE revision >= $1 AND revision <= $2 AND kind <> 'head'::bytea "
    "UNION ALL SELECT " SUTLER_NO_BODY
    " FROM sutler_history WHERE revision >= $1 AND revision <= $2 AND kind <> 'head'::bytea "
    "ORDER BY revision, kind, id";
inline constexpr char kSelectOldVersions[] =
    "SELECT " SUTLER_NO_BODY " FROM sutler_history ORDER BY kind, id, version";
inline constexpr char kDumpHead[] =
    "SELECT " SUTLER_READ " FROM sutler_record WHERE kind = 'head'::bytea";
inline constexpr char kDumpCurrent[] =
    "SELECT " SUTLER_READ " FROM sutler_record WHERE kind <> 'head'::bytea ORDER BY kind, id";
inline constexpr char kDumpHistory[] =
    "SELECT " SUTLER_READ " FROM sutler_history ORDER BY kind, id, version";
inline constexpr char kDumpTelemetry[] =
    "SELECT " SUTLER_PAIR " FROM sutler_telemetry ORDER BY key";
// As is_audit_line_row() says.
inline constexpr char kDumpNoAuditLines[] =
    "SELECT " SUTLER_PAIR
    " FROM sutler_telemetry WHERE NOT (octet_length(key) = 55 AND "
    "substring(key FROM 1 FOR 6) = 'audit/'::bytea AND "
    "substring(key FROM 39 FOR 1) = '/'::bytea) ORDER BY key";

inline constexpr char kMoveRevision[] =
    "UPDATE sutler_store SET revision = $1 WHERE one = 1 AND revision = $2 AND NOT filling "
    "AND format = $3";
// The versions that are about to be replaced.
inline constexpr char kKeepVersions[] =
    "INSERT INTO sutler_history (" SUTLER_COLUMNS
    ") SELECT r.kind, r.id, r.version, r.revision, r.deleted, r.key_id, r.wrapped, r.header, "
    "r.body "
    "FROM sutler_record r JOIN unnest($1::bytea[], $2::bytea[]) AS k(kind, id) "
    "ON r.kind = k.kind AND r.id = k.id";
inline constexpr char kUpdateRecords[] =
    "UPDATE sutler_record r SET version = v.version, revision = v.revision, deleted = v.deleted, "
    "key_id = v.key_id, wrapped = v.wrapped, header = v.header, body = v.body FROM " SUTLER_ROWS
    " WHERE r.kind = v.kind AND r.id = v.id AND r.version = v.version - 1";
inline constexpr char kInsertRecords[] =
    "INSERT INTO sutler_record (" SUTLER_COLUMNS ") SELECT " SUTLER_COLUMNS " FROM " SUTLER_ROWS;
inline constexpr char kInsertHistory[] =
    "INSERT INTO sutler_history (" SUTLER_COLUMNS ") SELECT " SUTLER_COLUMNS " FROM " SUTLER_ROWS;

inline constexpr char kPurge[] =
    "DELETE FROM sutler_history h USING unnest($1::bytea[], $2::bytea[], $3::bigint[]) "
    "AS p(kind, id, below) WHERE h.kind = p.kind AND h.id = p.id AND h.version < p.below";

inline constexpr char kCountKeys[] =
    "SELECT key_id, sum(c)::bigint, sum(h)::bigint FROM "
    "(SELECT key_id, count(*) AS c, 0 AS h FROM sutler_record GROUP BY key_id UNION ALL "
    "SELECT key_id, 0, count(*) FROM sutler_history GROUP BY key_id) AS both_tables "
    "GROUP BY key_id ORDER BY key_id";
inline constexpr char kFindWrapped[] =
    "SELECT " SUTLER_READ_KEYS
    " FROM sutler_record WHERE key_id <> $1 UNION ALL "
    "SELECT " SUTLER_READ_KEYS " FROM sutler_history WHERE key_id <> $1 LIMIT $2";
#define SUTLER_REWRAPS                                                                      \
  " AS r SET key_id = v.key_id, wrapped = v.wrapped FROM unnest($1::bytea[], $2::bytea[], " \
  "$3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[]) "                                   \
  "AS v(kind, id, version, before, key_id, wrapped) WHERE r.kind = v.kind AND r.id = v.id " \
  "AND r.version = v.version AND r.wrapped = v.before"
inline constexpr char kRewrapCurrent[] = "UPDATE sutler_record" SUTLER_REWRAPS;
inline constexpr char kRewrapOld[] = "UPDATE sutler_history" SUTLER_REWRAPS;

inline constexpr char kPutTelemetry[] =
    "INSERT INTO sutler_telemetry (key, value) SELECT key, value FROM "
    "unnest($1::bytea[], $2::bytea[]) AS v(key, value) ORDER BY key "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value";
inline constexpr char kDropTelemetry[] =
    "DELETE FROM sutler_telemetry WHERE key IN (SELECT unnest($1::bytea[]))";
inline constexpr char kTelemetryFrom[] =
    "SELECT " SUTLER_PAIR " FROM sutler_telemetry WHERE key >= $1 ORDER BY key";
inline constexpr char kTelemetryBetween[] = "SELECT key, " SUTLER_CELL(
    "value") " FROM sutler_telemetry WHERE key >= $1 AND key < $2 ORDER BY key";
inline constexpr char kTelemetryAscending[] = "SELECT key, " SUTLER_CELL(
    "value") " FROM sutler_telemetry WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3";
inline constexpr char kTelemetryDescending[] =
    "SELECT " SUTLER_PAIR
    " FROM sutler_telemetry WHERE key >= $1 AND key < $2 ORDER BY key DESC "
    "LIMIT $3";

inline constexpr char kTakeLease[] =
    "INSERT INTO sutler_lease (name, holder, until) "
    "VALUES ($1, $2, now() + $3 * interval '1 second') ON CONFLICT (name) DO UPDATE "
    "SET holder = excluded.holder, until = excluded.until "
    "WHERE sutler_lease.holder = excluded.holder OR sutler_lease.until <= now()";

inline constexpr char kInspect[] =
    "SELECT convert_to(current_setting('server_version'), 'UTF8'), "
    "convert_to(current_setting('synchronous_commit'), 'UTF8'), "
    "convert_to(current_setting('synchronous_standby_names'), 'UTF8'), "
    "convert_to(current_setting('fsync'), 'UTF8'), (SELECT count(*) FROM pg_stat_replication), "
    "(SELECT count(*) FROM pg_stat_replication WHERE coalesce(sync_state, 'sync') <> 'async')";

inline constexpr char kBeginFilling[] =
    "UPDATE sutler_store SET filling = true WHERE one = 1 AND revision = 0";
inline constexpr char kEndFilling[] =
    "UPDATE sutler_store SET filling = false, store_id = $1, revision = $2, "
    "generation = generation + 1 WHERE one = 1";

inline constexpr char kBeginMigration[] =
    "UPDATE sutler_store SET filling = true, store_id = $1 WHERE one = 1 AND revision = 0";
inline constexpr char kTakeMigration[] =
    "INSERT INTO sutler_lease (name, holder, until) VALUES ('migration'::bytea, $1, now()) "
    "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder";
inline constexpr char kIsOurMigration[] =
    "SELECT s.one FROM sutler_store s, sutler_lease l WHERE s.one = 1 AND s.filling AND "
    "s.store_id = $1 AND l.name = 'migration'::bytea AND l.holder = $2 FOR UPDATE";
#define SUTLER_MARK \
  "kind, id, version, revision, deleted, sha256(header || body || wrapped || key_id)"
inline constexpr char kCurrentMarks[] = "SELECT " SUTLER_MARK " FROM sutler_record";
inline constexpr char kHistoryMarks[] = "SELECT " SUTLER_MARK " FROM sutler_history";
#undef SUTLER_MARK
#define SUTLER_REPLACE                                                                 \
  " DO UPDATE SET version = excluded.version, revision = excluded.revision, "          \
  "deleted = excluded.deleted, key_id = excluded.key_id, wrapped = excluded.wrapped, " \
  "header = excluded.header, body = excluded.body"
inline constexpr char kMoveCurrent[] =
    "INSERT INTO sutler_record (" SUTLER_COLUMNS ") SELECT " SUTLER_COLUMNS " FROM " SUTLER_ROWS
    " ON CONFLICT (kind, id)" SUTLER_REPLACE;
inline constexpr char kMoveHistory[] =
    "INSERT INTO sutler_history (" SUTLER_COLUMNS ") SELECT " SUTLER_COLUMNS " FROM " SUTLER_ROWS
    " ON CONFLICT (kind, id, version)" SUTLER_REPLACE;
#undef SUTLER_REPLACE
#define SUTLER_NAMED                                                                    \
  " AS r USING unnest($1::bytea[], $2::bytea[], $3::bigint[]) AS v(kind, id, version) " \
  "WHERE r.kind = v.kind AND r.id = v.id AND r.version = v.version"
inline constexpr char kRemoveCurrent[] = "DELETE FROM sutler_record" SUTLER_NAMED;
inline constexpr char kRemoveHistory[] = "DELETE FROM sutler_history" SUTLER_NAMED;
#undef SUTLER_NAMED

#undef SUTLER_REWRAPS
#undef SUTLER_ROWS
#undef SUTLER_NO_BODY
#undef SUTLER_READ
#undef SUTLER_PAIR
#undef SUTLER_READ_KEYS
#undef SUTLER_CELL
#undef SUTLER_COLUMNS

}  // namespace sutler::store::postgres
