// What a commit is going to write, checked against the snapshot before anything is sealed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "store/state.h"
#include "store/store.h"

namespace sutler::store {

// One record to be written, in plaintext.
struct PlannedRecord {
  Record record;  // kind, id, version, revision and deleted are set
  std::string header;
  base::Secret body;
};

// Errors as Store::commit says. Nothing is changed.
[[nodiscard]] base::Result<std::vector<PlannedRecord>> plan_changes(
    const std::vector<Change>& changes, const State& state, const StoreKeys& keys,
    const CommitInfo& info);

// The records of a new store: the audit key and the team `default`.
[[nodiscard]] std::vector<PlannedRecord> plan_first_records(const StoreKeys& keys,
                                                            const CommitInfo& info);

}  // namespace sutler::store
