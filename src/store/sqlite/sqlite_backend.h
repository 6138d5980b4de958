// The embedded backend: one SQLite file, WAL, synchronous=FULL.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "store/backend/backend.h"

namespace sutler::store {

enum class SqliteOpen { kExisting, kCreate };

// kCreate makes the file (0600) and its tables; kConflict when it exists. kExisting: kNotFound when
// it does not, kInvalid when it is no sutler store or a newer one than this binary knows. The
// caller holds the data directory's `lock`.
[[nodiscard]] base::Result<std::unique_ptr<Backend>> open_sqlite(const std::filesystem::path& file,
                                                                 SqliteOpen mode);

}  // namespace sutler::store
