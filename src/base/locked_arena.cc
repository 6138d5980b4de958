#include "base/locked_arena.h"

#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

namespace sutler::base {
namespace {

constexpr std::size_t kCanaryBytes = 8;
constexpr std::size_t kSmallestBytes = 64;
constexpr std::size_t kClasses = 8;  // 64 bytes to 8 KiB
constexpr std::size_t kFirstSlabBytes = 16 * 1024;
constexpr std::size_t kSlabBytesMax = 256 * 1024;

constexpr std::size_t class_bytes(std::size_t index) { return kSmallestBytes << index; }

// kClasses: too large for a slab.
std::size_t class_of(std::size_t bytes) {
  std::size_t index = 0;
  while (index < kClasses && class_bytes(index) < bytes + kCanaryBytes) ++index;
  return index;
}

class Arena {
 public:
  Arena() {
    if (sodium_init() < 0) std::abort();
    randombytes_buf(canary_.data(), canary_.size());
  }

  void* take(std::size_t bytes) {
    const std::size_t index = class_of(bytes);
    const std::lock_guard lock(mutex_);
    ++use_.blocks;
    if (index == kClasses) return take_large(bytes);
    SizeClass& size = classes_[index];
    if (size.free.empty()) add_slab(size, class_bytes(index));
    unsigned char* const block = size.free.back();
    size.free.pop_back();
    std::memcpy(block + bytes, canary_.data(), canary_.size());
    return block;
  }

  void give_back(void* what, std::size_t bytes) noexcept {
    const std::size_t index = class_of(bytes);
    auto* const block = static_cast<unsigned char*>(what);
    const std::lock_guard lock(mutex_);
    --use_.blocks;
    if (index == kClasses) return sodium_free(block);
    if (std::memcmp(block + bytes, canary_.data(), canary_.size()) != 0) std::abort();
    sodium_memzero(block, bytes + canary_.size());
    classes_[index].free.push_back(block);  // never grows: its room was made with the slab
  }

  LockedUse use() {
    const std::lock_guard lock(mutex_);
    return use_;
  }

 private:
  struct SizeClass {
    std::vector<unsigned char*> free;
    std::size_t blocks = 0;
    std::size_t next_slab_bytes = kFirstSlabBytes;
  };

  static void* take_large(std::size_t bytes) {
    void* const block = sodium_malloc(bytes);
    if (block == nullptr) std::abort();
    std::memset(block, 0, bytes);
    return block;
  }

  void add_slab(SizeClass& size, std::size_t block_bytes) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t bytes = std::max(size.next_slab_bytes, page);
    size.next_slab_bytes = std::min(2 * bytes, kSlabBytesMax);
    void* const all =
        ::mmap(nullptr, bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) std::abort();
    auto* const slab = static_cast<unsigned char*>(all) + page;
    if (::mprotect(slab, bytes, PROT_READ | PROT_WRITE) != 0) std::abort();
    (void)::madvise(slab, bytes, MADV_DONTDUMP);
    if (::mlock(slab, bytes) != 0) use_.unlocked_bytes += bytes;
    use_.slab_bytes += bytes;
    size.blocks += bytes / block_bytes;
    size.free.reserve(size.blocks);
    for (std::size_t at = bytes; at >= block_bytes; at -= block_bytes) {
      size.free.push_back(slab + at - block_bytes);
    }
  }

  std::mutex mutex_;
  std::array<unsigned char, kCanaryBytes> canary_{};
  std::array<SizeClass, kClasses> classes_;
  LockedUse use_;
};

// Never destroyed: keys in static objects die after everything else.
Arena& arena() {
  static Arena& only = *new Arena;
  return only;
}

}  // namespace

void* locked_allocate(std::size_t bytes) { return arena().take(bytes); }

void locked_free(void* block, std::size_t bytes) noexcept {
  if (block != nullptr) arena().give_back(block, bytes);
}

LockedUse locked_use() { return arena().use(); }

}  // namespace sutler::base
