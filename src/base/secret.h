// A string that must not be seen: the value of a variable, the content of a file, a signing key.
//
// Move-only, so that each copy is a decision (clone()); wiped when it dies or is assigned over;
// no operator<< and no implicit conversion, so that it cannot slip into a log or an error.
// Not thread-safe, like a string.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/wipe.h"

namespace sutler::base {

class Secret {
 public:
  Secret() = default;
  // Takes the bytes over; what the caller's string held is wiped.
  explicit Secret(std::string&& bytes) : bytes_(std::move(bytes)) { wipe(bytes); }
  explicit Secret(std::string_view bytes) : bytes_(bytes) {}
  explicit Secret(const char* text) : bytes_(text) {}
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe(bytes_);
      bytes_ = std::move(other.bytes_);
      wipe(other.bytes_);
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(bytes_); }

  [[nodiscard]] Secret clone() const { return Secret(std::string_view(bytes_)); }
  // The bytes, for the few places whose work is to use them. The view dies with the Secret.
  [[nodiscard]] std::string_view expose() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

  // Takes time that depends on the lengths only, not on where the first difference is.
  [[nodiscard]] bool equals(std::string_view other) const noexcept;
  [[nodiscard]] bool equals(const Secret& other) const noexcept { return equals(other.bytes_); }

 private:
  std::string bytes_;
};

}  // namespace sutler::base
