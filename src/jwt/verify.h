// Northflank's token: a signed statement of which workload asks (protocol.md).
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"
#include "jwt/jws.h"
#include "jwt/refusal.h"

namespace sutler::jwt {

enum class ExpiryDemand { kWhenPresent, kAlways };

struct Policy {
  int leeway_seconds = base::limits::kLeewaySecondsDefault;  // for exp and nbf; 0 to 60
  ExpiryDemand exp = ExpiryDemand::kWhenPresent;
};

// The claims of a verified token. There is no way to one but verify(): what is not verified has no
// accessor.
class Claims {
 public:
  [[nodiscard]] const std::string& project_id() const { return project_id_; }
  [[nodiscard]] const std::string& object_id() const { return object_id_; }
  [[nodiscard]] const std::string& object_type() const { return object_type_; }
  // Seconds since 1970, as written in the token.
  [[nodiscard]] std::optional<double> issued_at() const { return issued_at_; }
  [[nodiscard]] std::optional<double> expires_at() const { return expires_at_; }
  [[nodiscard]] std::optional<double> not_before() const { return not_before_; }
  [[nodiscard]] std::size_t key() const { return key_; }  // position in the list of keys

 private:
  friend class ClaimsReader;
  Claims() = default;
  std::string project_id_, object_id_, object_type_;
  std::optional<double> issued_at_, expires_at_, not_before_;
  std::size_t key_ = 0;
};

[[nodiscard]] std::expected<Claims, Refusal> verify(std::string_view token,
                                                    std::span<const Key> keys, const Policy& policy,
                                                    base::UnixTime now);

}  // namespace sutler::jwt
