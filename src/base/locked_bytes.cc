#include "base/locked_bytes.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>
#include <utility>

namespace sutler::base {

LockedBytes::LockedBytes(std::size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  if (sodium_init() < 0) std::abort();
  data_ = static_cast<unsigned char*>(sodium_malloc(bytes));
  if (data_ == nullptr) std::abort();
  std::memset(data_, 0, bytes);
}

LockedBytes::LockedBytes(std::string_view content) : LockedBytes(content.size()) {
  if (!content.empty()) std::memcpy(data_, content.data(), content.size());
}

LockedBytes::LockedBytes(LockedBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

LockedBytes& LockedBytes::operator=(LockedBytes&& other) noexcept {
  if (this != &other) {
    sodium_free(data_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

LockedBytes::~LockedBytes() { sodium_free(data_); }

void harden_process() noexcept {
  const rlimit none{0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace sutler::base
