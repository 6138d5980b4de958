// Rows of older versions that do not open: damaged, or changed from outside. Work on many rows goes
// on without them and says which they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/head.h"
#include "store/snapshot.h"

namespace sutler::store {

struct DamagedRow {
  std::string kind;  // "group", "team", "operator" or "system"
  std::string team;  // of a group; empty: not known
  std::string name;  // of a group, team or operator; the record's id where none is known
  std::uint64_t version = 0;
};
// `group "web" of team "default", version 3`
[[nodiscard]] std::string describe(const DamagedRow& row);

struct Damaged {
  static constexpr std::size_t kNamedMax = 20;
  std::uint64_t count = 0;
  std::vector<DamagedRow> rows;  // the first kNamedMax

  // A row says nothing of its name: it is who is filed there now, if anybody is.
  void add(const Snapshot& snapshot, const StoreKeys& keys, std::string_view kind,
           std::string_view id, std::uint64_t version);
  // `[{"kind","team"?,"name","version"}]`, as a record of the audit has groups; empty: none.
  [[nodiscard]] std::string json() const;
};

}  // namespace sutler::store
