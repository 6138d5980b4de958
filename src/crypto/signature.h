// Ed25519 signatures (RFC 8032), for the audit's checkpoints.
#pragma once

#include <string>
#include <string_view>

#include "base/locked_bytes.h"
#include "base/result.h"

namespace sutler::crypto {

class SigningKey {
 public:
  [[nodiscard]] static SigningKey generate();
  // From the 32 private bytes that seed() gave.
  [[nodiscard]] static base::Result<SigningKey> from_seed(std::string_view seed);

  [[nodiscard]] std::string_view seed() const { return seed_.expose(); }
  [[nodiscard]] const std::string& public_key() const { return public_key_; }  // 32 bytes
  [[nodiscard]] std::string sign(std::string_view message) const;              // 64 bytes

 private:
  SigningKey(base::LockedBytes seed, std::string public_key);
  base::LockedBytes seed_;
  std::string public_key_;
};

[[nodiscard]] bool verify_signature(std::string_view public_key, std::string_view message,
                                    std::string_view signature);

}  // namespace sutler::crypto
