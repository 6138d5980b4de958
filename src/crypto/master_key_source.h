// Where a master key comes from. Used by MasterKeys::load only.
#pragma once

#include <chrono>
#include <string>

#include "base/locked_bytes.h"
#include "base/result.h"

namespace sutler::crypto {

// Reads the 32 bytes that the spec points to; see master_key.h for the forms. A command that has
// not ended within the limit is killed: the caller may be the thread that waits for signals.
[[nodiscard]] base::Result<base::LockedBytes> read_master_key(
    const std::string& spec, std::chrono::milliseconds command_limit = std::chrono::seconds(10));

}  // namespace sutler::crypto
