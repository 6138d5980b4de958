// Bytes of a long-lived key: in locked memory, left out of core dumps, wiped when freed. There may
// be many: they share pages (locked_arena.h).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sutler::base {

class LockedBytes {
 public:
  LockedBytes() = default;
  // Zeroed memory of that size. Aborts when the machine has none left.
  explicit LockedBytes(std::size_t bytes);
  explicit LockedBytes(std::string_view content);
  LockedBytes(LockedBytes&& other) noexcept;
  LockedBytes& operator=(LockedBytes&& other) noexcept;
  LockedBytes(const LockedBytes&) = delete;
  LockedBytes& operator=(const LockedBytes&) = delete;
  ~LockedBytes();

  [[nodiscard]] LockedBytes clone() const { return LockedBytes(expose()); }
  [[nodiscard]] std::span<unsigned char> bytes() { return {data_, size_}; }
  [[nodiscard]] std::span<const unsigned char> bytes() const { return {data_, size_}; }
  [[nodiscard]] std::string_view expose() const {
    return {reinterpret_cast<const char*>(data_), size_};
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  unsigned char* data_ = nullptr;
  std::size_t size_ = 0;
};

// Keeps this process out of core dumps and away from debuggers of the same user
// (RLIMIT_CORE 0, PR_SET_DUMPABLE 0). Call once at the start, before any key is read.
void harden_process() noexcept;

}  // namespace sutler::base
