// Where a master key comes from. Used by MasterKeys::load only.
#pragma once

#include <string>

#include "base/locked_bytes.h"
#include "base/result.h"

namespace sutler::crypto {

// Reads the 32 bytes that the spec points to; see master_key.h for the forms.
[[nodiscard]] base::Result<base::LockedBytes> read_master_key(const std::string& spec);

}  // namespace sutler::crypto
