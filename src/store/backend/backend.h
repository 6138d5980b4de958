// What a database has to do for sutler: keep versioned opaque records with a revision feed.
//
// A backend is completely untrusted (after OpenBao's `physical.Backend`): it sees sealed bytes,
// opaque ids and numbers, and whatever it gives back is verified above. It need not know what a
// group is. Thread-safe: calls are serialised by the implementation. Errors: kConflict (an expected
// version or revision is not the current one; nothing was written), kNoSpace, kUnavailable (worth
// another try), kCorrupt (the database itself is damaged), kInternal.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sutler::store {

// Names of errors of a database on another machine that say nothing about what it holds. This one
// (kUnavailable): it cannot be asked now.
inline constexpr char kDatabaseUnreachable[] = "database_unreachable";
inline constexpr char kDatabaseBusy[] = "database_busy";      // kUnavailable
inline constexpr char kDatabaseDenied[] = "database_denied";  // kRefused: its role may not do that

// One version of one record. `id` is opaque and unique within its kind. A deleted record keeps its
// row, without content, so that its version numbers never start again.
struct Record {
  std::string kind;
  std::string id;
  std::uint64_t version = 0;   // 1, 2, 3 …, gapless per record
  std::uint64_t revision = 0;  // of the commit that wrote it
  bool deleted = false;
  std::string key_id;   // of the master key that wraps the data key
  std::string wrapped;  // data key, wrapped
  std::string header;   // sealed
  std::string body;     // sealed
};

// A commit: all of it or nothing. `revision` is the new one; the current must be one less. For
// each record the current version must be `version - 1` (0: there is none).
struct Batch {
  std::uint64_t revision = 0;
  std::vector<Record> records;
};

// Old versions of one record that may go: those below `below`.
struct Purge {
  std::string kind;
  std::string id;
  std::uint64_t below = 0;
};

// Small values beside the records that raise no revision (last used, checkpoints). Written with an
// empty value, the key goes.
struct Telemetry {
  std::string key;
  std::string value;
};

enum class KeyOrder { kAscending, kDescending };

// Telemetry rows whose key is at or after `first` and before `last`, compared byte by byte: up to
// `limit` of them from that end of the range.
struct TelemetryRange {
  std::string first;
  std::string last;
  std::size_t limit = 0;
  KeyOrder order = KeyOrder::kAscending;
};

// Rows with the lines of nodes' audit logs (docs/formats/audit.md): much, and of no use to a copy
// of the store.
[[nodiscard]] inline bool is_audit_line_row(std::string_view key) {
  return key.size() == 55 && key.starts_with("audit/") && key[38] == '/';
}

// The wrapped data key of one version of a record, with what its associated data is made of.
struct WrappedKey {
  std::string kind;
  std::string id;
  std::uint64_t version = 0;
  std::uint64_t revision = 0;
  bool deleted = false;
  std::string key_id;
  std::string wrapped;
};

// The data key of `before`, wrapped anew.
struct Rewrap {
  WrappedKey before;
  std::string key_id;
  std::string wrapped;
};

// How many data keys a master key wraps.
struct KeyUse {
  std::string key_id;
  std::uint64_t current = 0;  // of current records, the head too
  std::uint64_t history = 0;  // of versions before them
};

// What one state of a store is made of.
struct Contents {
  std::string store_id;
  std::uint64_t revision = 0;
  std::vector<KeyUse> keys;  // by id
};

// Takes everything that a store holds, row by row. An error stops the giver.
class RowSink {
 public:
  virtual ~RowSink() = default;
  // What it has a use for. The giver need not read the rest; it may come all the same.
  enum class Wants {
    kEverything,
    kNoAuditLines,  // of telemetry: what is_audit_line_row() says
    kCurrent,       // nor the history
  };
  [[nodiscard]] virtual Wants wants() const { return Wants::kEverything; }
  [[nodiscard]] virtual base::Result<void> begin(const Contents& contents) = 0;  // comes first
  // The head comes before all other records.
  [[nodiscard]] virtual base::Result<void> current(Record&& record) = 0;
  [[nodiscard]] virtual base::Result<void> history(Record&& record) = 0;
  [[nodiscard]] virtual base::Result<void> telemetry(Telemetry&& row) = 0;
};

class Backend {
 public:
  using Visit = std::function<base::Result<void>(Record&&)>;
  virtual ~Backend() = default;

  // Durable when it returns.
  [[nodiscard]] virtual base::Result<void> apply(const Batch& batch) = 0;
  // Every current record, deleted ones too, from one consistent state; stops at the visitor's
  // error.
  [[nodiscard]] virtual base::Result<void> load_all(const Visit& visit) = 0;
  // Every current record whose revision is above the given one, in order of revision.
  [[nodiscard]] virtual base::Result<void> load_since(std::uint64_t revision,
                                                      const Visit& visit) = 0;
  // All versions of one record that are still kept, the current one too, newest first. Of records
  // of kind "head", which change in every commit, only the current one.
  [[nodiscard]] virtual base::Result<std::vector<Record>> history(const std::string& kind,
                                                                  const std::string& id) = 0;
  // One version of one record, current or old; nothing when it is not kept.
  [[nodiscard]] virtual base::Result<std::optional<Record>> version(const std::string& kind,
                                                                    const std::string& id,
                                                                    std::uint64_t version) = 0;
  // Every version, current or old, that the commits from `first` to `last` wrote and that is still
  // kept, in order of revision, kind and id. Heads are left out, and so are the bodies: `body` is
  // empty. Costs what these commits wrote, not what the store holds.
  [[nodiscard]] virtual base::Result<void> changes(std::uint64_t first, std::uint64_t last,
                                                   const Visit& visit) = 0;
  // Every version that is kept and not the current one, in order of kind, id and version, without
  // body.
  [[nodiscard]] virtual base::Result<void> old_versions(const Visit& visit) = 0;
  // Removes old versions, all or none; the current version of a record stays whatever `below` says.
  // Raises no revision. Gives how many went. Durable when it returns.
  [[nodiscard]] virtual base::Result<std::uint64_t> purge(const std::vector<Purge>& batch) = 0;
  // The current revision, 0 in an empty store.
  [[nodiscard]] virtual base::Result<std::uint64_t> revision() = 0;
  // A number that differs from the last one when somebody else may have changed the database in
  // the meantime, whatever the revision says.
  [[nodiscard]] virtual base::Result<std::uint64_t> change_stamp() = 0;
  // Waits until the revision is above the given one or the time is over; gives the revision.
  [[nodiscard]] virtual base::Result<std::uint64_t> wait(std::uint64_t revision,
                                                         std::chrono::milliseconds limit) = 0;
  // All of the batch or nothing.
  [[nodiscard]] virtual base::Result<void> put_telemetry(const std::vector<Telemetry>& batch) = 0;
  // All telemetry whose key starts with the prefix.
  [[nodiscard]] virtual base::Result<std::vector<Telemetry>> telemetry(
      const std::string& prefix) = 0;
  // Telemetry in the range, in its order. Costs what it gives, not what the store holds.
  [[nodiscard]] virtual base::Result<std::vector<Telemetry>> telemetry_between(
      const TelemetryRange& range) = 0;
  // Takes or renews the named lease for that time, by the database's clock; false: somebody else
  // has it. A time of 0 gives it up.
  [[nodiscard]] virtual base::Result<bool> lease(const std::string& name, const std::string& holder,
                                                 std::chrono::seconds time) = 0;
  // True: no other process can have this database open, so that what a node keeps as telemetry need
  // not say which node it is.
  [[nodiscard]] virtual bool one_process() const { return false; }
  // By id; versions of the history count too.
  [[nodiscard]] virtual base::Result<std::vector<KeyUse>> key_use() = 0;
  // Up to `limit` data keys, of current records and of the history, that another master key than
  // this one wraps.
  [[nodiscard]] virtual base::Result<std::vector<WrappedKey>> wrapped_by_others(
      const std::string& key_id, std::size_t limit) = 0;
  // Replaces wrapped data keys and nothing else, all in one durable step that raises no revision. A
  // version that is gone or is wrapped otherwise than `before` says stays as it is; gives how many
  // were replaced.
  [[nodiscard]] virtual base::Result<std::uint64_t> rewrap(const std::vector<Rewrap>& batch) = 0;
  // Leaves no copy of replaced or removed rows in the database's files, as far as it can.
  [[nodiscard]] virtual base::Result<void> scrub() = 0;
  // Everything, from one consistent state; writers are not held up.
  [[nodiscard]] virtual base::Result<void> dump(RowSink& sink) = 0;
  // An empty backend takes over what `produce` puts into the sink it is given, its store id and
  // revision too: all of it or nothing. kConflict when there are records.
  using Produce = std::function<base::Result<void>(RowSink&)>;
  [[nodiscard]] virtual base::Result<void> fill(const Produce& produce) = 0;
  // The store's random id, made with the database; 32 hex digits.
  [[nodiscard]] virtual base::Result<std::string> store_id() = 0;
};

}  // namespace sutler::store
