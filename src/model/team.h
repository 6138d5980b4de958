// A Northflank team or user, and the keys shared with Northflank for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/locked_bytes.h"
#include "base/result.h"

namespace sutler::model {

enum class KeyAlgorithm { kHs256, kHs384, kHs512 };
[[nodiscard]] std::string_view to_word(KeyAlgorithm algorithm);  // "HS256"
[[nodiscard]] std::optional<KeyAlgorithm> key_algorithm_from(std::string_view word);

struct SigningKey {
  std::string id;  // 8 hex digits, made by us
  KeyAlgorithm algorithm = KeyAlgorithm::kHs256;
  base::LockedBytes secret;  // for as long as the team is known: out of cores and swap
  base::UnixTime created;
  std::optional<base::UnixTime> retire_at;  // from then on it verifies nothing
};

// An address range, IPv4 or IPv6.
class Cidr {
 public:
  // "10.0.0.0/8", "2001:db8::/32" or one address. kInvalid names the text.
  [[nodiscard]] static base::Result<Cidr> parse(std::string_view text);
  // The address in text form; an IPv4-mapped IPv6 address counts as IPv4.
  [[nodiscard]] bool contains(std::string_view address) const;
  [[nodiscard]] const std::string& text() const { return text_; }
  bool operator==(const Cidr& other) const { return text_ == other.text_; }

 private:
  Cidr() = default;
  std::string text_;
  unsigned char bytes_[16] = {};
  int family_ = 0;
  int prefix_bits_ = 0;
};

// What happens to a change by which a known workload loses a key, or its fetch fails.
enum class ImpactPolicy { kReport, kRefuse };                 // kRefuse: it needs `force`
[[nodiscard]] std::string_view to_word(ImpactPolicy policy);  // "report"
[[nodiscard]] std::optional<ImpactPolicy> impact_policy_from(std::string_view word);

struct TeamOptions {
  bool require_match = false;
  bool require_exp = false;
  std::vector<Cidr> allow_from;  // empty: from everywhere
  int leeway_seconds = base::limits::kLeewaySecondsDefault;
  ImpactPolicy impact = ImpactPolicy::kReport;
  bool operator==(const TeamOptions&) const = default;
};

struct Team {
  std::string id;
  std::string path;  // exact URL path: "/" for default
  TeamOptions options;
  std::vector<SigningKey> keys;
};

[[nodiscard]] Team clone(const Team& team);

// A slug of 1 to 39 characters `[a-z0-9]([a-z0-9-]*[a-z0-9])?`; `healthz` is reserved.
[[nodiscard]] base::Result<void> validate_team_id(std::string_view id);
// Starts with `/`, unreserved characters and `/` only, no empty, `.` or `..` part, at most 256
// bytes, not `/healthz`. A final `/` is part of the path.
[[nodiscard]] base::Result<void> validate_team_path(std::string_view path);

enum class WeakKeys { kRefuse, kAllow };
// Refuses what an attacker could guess: shorter than 32 bytes, a PEM, `APP_SECRET`, fewer than 8
// different bytes. With kAllow only an empty key and one over kSigningKeyBytesMax are refused.
[[nodiscard]] base::Result<void> check_signing_key(std::string_view key, WeakKeys weak);

}  // namespace sutler::model
