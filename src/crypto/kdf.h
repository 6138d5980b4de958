// HKDF with SHA-256 (RFC 5869): independent keys from one.
#pragma once

#include <string_view>

#include "base/locked_bytes.h"

namespace sutler::crypto {

// 32 bytes for the purpose named by `info`.
[[nodiscard]] base::LockedBytes derive_key(std::string_view key, std::string_view info);

}  // namespace sutler::crypto
