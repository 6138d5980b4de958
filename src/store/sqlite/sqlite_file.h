// The file of a new embedded store.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace sutler::store::sqlite {

// Made beside its place and moved there when it is complete: a crash leaves no half store.
// kConflict when the file exists.
[[nodiscard]] base::Result<void> create_file(const std::filesystem::path& file);

}  // namespace sutler::store::sqlite
