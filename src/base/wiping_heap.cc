// Replaces the global operators new and delete: what is freed is wiped first.
//
// Secrets pass through strings, JSON trees and library containers that know nothing of secrets.
// Wiping at the one place through which all of them free memory is simpler to trust than wiping
// at each of them, and costs a few nanoseconds a block. Memory that C libraries take with malloc
// is not covered: OpenSSL cleanses its own, SQLite sees only sealed bytes.
#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "base/wipe.h"

namespace {

// Lets heap_is_wiped() see that these operators, not the library's, are the ones linked in.
thread_local bool block_was_freed = false;

void wipe_and_free(void* block) noexcept {
  if (block == nullptr) return;
  block_was_freed = true;
  explicit_bzero(block, malloc_usable_size(block));
  std::free(block);
}

void* allocate(std::size_t bytes) {
  void* block = std::malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void* allocate_aligned(std::size_t bytes, std::align_val_t alignment) {
  void* block = nullptr;
  if (posix_memalign(&block, static_cast<std::size_t>(alignment), bytes == 0 ? 1 : bytes) != 0) {
    throw std::bad_alloc();
  }
  return block;
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void* operator new(std::size_t bytes, std::align_val_t a) { return allocate_aligned(bytes, a); }
void* operator new[](std::size_t bytes, std::align_val_t a) { return allocate_aligned(bytes, a); }
void operator delete(void* block) noexcept { wipe_and_free(block); }
void operator delete[](void* block) noexcept { wipe_and_free(block); }
void operator delete(void* block, std::size_t) noexcept { wipe_and_free(block); }
void operator delete[](void* block, std::size_t) noexcept { wipe_and_free(block); }
void operator delete(void* block, std::align_val_t) noexcept { wipe_and_free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { wipe_and_free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { wipe_and_free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept {
  wipe_and_free(block);
}

namespace sutler::base {

bool heap_is_wiped() noexcept {
  static const bool works = [] {
    block_was_freed = false;
    ::operator delete(::operator new(64));
    return block_was_freed;
  }();
  return works;
}

}  // namespace sutler::base
