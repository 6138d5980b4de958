// When a certificate ends: for warnings, not for judging peers.
#pragma once

#include <filesystem>

#include "base/clock.h"
#include "base/result.h"

namespace sutler::crypto {

// Of the first certificate in a PEM file, the one that is shown to clients. kNotFound, kRefused;
// kInvalid: there is no certificate in it.
[[nodiscard]] base::Result<base::UnixTime> certificate_expiry(const std::filesystem::path& file);

}  // namespace sutler::crypto
