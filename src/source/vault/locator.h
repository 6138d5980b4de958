// Where a secret lies in a Vault: `MOUNT/PATH` or `MOUNT/PATH?version=N`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sutler::source {

struct VaultLocator {
  std::string path;                      // with the mount, as in `vault kv get`
  std::optional<std::uint64_t> version;  // of KV v2; 1 or more
};

// kInvalid: an empty or relative segment, a slash at an end, a control character, only a mount,
// another question than `version=N`.
[[nodiscard]] base::Result<VaultLocator> parse_vault_locator(std::string_view locator);

// "a/b c" -> "a/b%20c".
[[nodiscard]] std::string encode_path(std::string_view path);

}  // namespace sutler::source
