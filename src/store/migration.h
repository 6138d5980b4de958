// Moving a store from one backend into another, while a server works on the first.
//
// A pass compares every row of the source, of one consistent state, with what the target has, and
// writes what differs: the first pass copies all, a pass after a kill goes on where that one was,
// and a pass after the server has stopped takes what changed since. Until finish() the target is no
// store that a server would open.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/hash.h"
#include "store/backend/backend.h"

namespace sutler::store {

enum class RowPlace { kCurrent, kHistory };

// What makes a row that row: two with the same mark are the same.
struct RowMark {
  std::uint64_t revision = 0;
  bool deleted = false;
  crypto::Digest digest{};  // SHA-256 of header, body, wrapped key and key id, one after the other
  bool operator==(const RowMark&) const = default;
};
[[nodiscard]] RowMark mark_of(const Record& record);

// Where a store is moved to. Not thread-safe; every call is durable when it returns.
class MigrationTarget {
 public:
  // In the current place a record has one row, whatever its version.
  struct RowName {
    std::string kind, id;
    std::uint64_t version = 0;
  };
  using VisitMark = std::function<base::Result<void>(RowPlace, RowName&&, const RowMark&)>;
  virtual ~MigrationTarget() = default;

  // Begins, or goes on, and ends whatever other process is at it: its next write is refused.
  // kArrived: this store is there already. kConflict: another store is in there, or on its way
  // there.
  enum class Begun { kMoving, kArrived };
  [[nodiscard]] virtual base::Result<Begun> begin(const std::string& store_id) = 0;
  [[nodiscard]] virtual base::Result<void> marks(const VisitMark& visit) = 0;
  // Puts rows in the place of those with the same name.
  [[nodiscard]] virtual base::Result<void> put(RowPlace place, const std::vector<Record>& rows) = 0;
  [[nodiscard]] virtual base::Result<void> remove(RowPlace place,
                                                  const std::vector<RowName>& rows) = 0;
  // From now on it is a store at that revision, with this telemetry and no other.
  [[nodiscard]] virtual base::Result<void> finish(std::uint64_t revision,
                                                  const std::vector<Telemetry>& telemetry) = 0;
};

struct PassReport {
  std::uint64_t revision = 0;  // of the source
  std::uint64_t rows = 0;      // that it holds
  std::uint64_t written = 0;
  std::uint64_t removed = 0;
  std::vector<Telemetry> telemetry;
};
// `progress` is told how many rows were compared so far. Errors of source and target.
[[nodiscard]] base::Result<PassReport> migration_pass(
    Backend& source, MigrationTarget& target, const std::function<void(std::uint64_t)>& progress);

}  // namespace sutler::store
