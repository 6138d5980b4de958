// The rules of a batch, the same for every backend.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "store/backend/backend.h"

namespace sutler::store {

// kConflict unless the batch is the next one after `current` and holds no record twice; kInternal
// when a record says another revision.
[[nodiscard]] base::Result<void> check_revision(const Batch& batch, std::uint64_t current);
// kConflict unless the record is the next version after `current` (0: there is none).
[[nodiscard]] base::Result<void> check_version(const Record& record, std::uint64_t current);
// Of the head only the current version is kept: it changes with every commit and tells nothing
// later.
[[nodiscard]] bool keeps_history(std::string_view kind);

}  // namespace sutler::store
