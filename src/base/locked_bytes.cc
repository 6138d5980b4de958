#include "base/locked_bytes.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstring>
#include <utility>

#include "base/locked_arena.h"

namespace sutler::base {

LockedBytes::LockedBytes(std::size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  data_ = static_cast<unsigned char*>(locked_allocate(bytes));
}

LockedBytes::LockedBytes(std::string_view content) : LockedBytes(content.size()) {
  if (!content.empty()) std::memcpy(data_, content.data(), content.size());
}

LockedBytes::LockedBytes(LockedBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

LockedBytes& LockedBytes::operator=(LockedBytes&& other) noexcept {
  if (this != &other) {
    locked_free(data_, size_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

LockedBytes::~LockedBytes() { locked_free(data_, size_); }

void harden_process() noexcept {
  const rlimit none{0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace sutler::base
