// Memory for many small secrets: locked, left out of core dumps, wiped when freed, in few mappings.
//
// libsodium's sodium_malloc gives each block pages and guard pages of its own, three mappings; a
// process may have some 65,000 (vm.max_map_count), so that a few thousand keys would be all. Here
// blocks of one size share a slab: one stretch of locked pages between two guard pages. A block
// that was written beyond its end aborts the process when it is freed. Thread-safe.
#pragma once

#include <cstddef>

namespace sutler::base {

// Zeroed memory. Aborts when the machine has none left. Blocks over 8 KiB get pages of their own.
[[nodiscard]] void* locked_allocate(std::size_t bytes);
// `bytes` as it was asked for; nothing happens for null.
void locked_free(void* block, std::size_t bytes) noexcept;

struct LockedUse {
  std::size_t blocks = 0;          // in use
  std::size_t slab_bytes = 0;      // taken from the system
  std::size_t unlocked_bytes = 0;  // of these, what RLIMIT_MEMLOCK did not allow to be locked
};
[[nodiscard]] LockedUse locked_use();

}  // namespace sutler::base
