#include "base/secret.h"

#include <sodium.h>

namespace sutler::base {

bool Secret::equals(std::string_view other) const noexcept {
  if (bytes_.size() != other.size()) return false;
  return sodium_memcmp(bytes_.data(), other.data(), other.size()) == 0;
}

}  // namespace sutler::base
