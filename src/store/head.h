// The head: the one sealed record that says what all the others are. It is written anew in every
// commit, so that a record put back, taken away or added without it is noticed
// (docs/formats/store.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/locked_bytes.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "store/sealer.h"

namespace sutler::store {

inline constexpr std::string_view kHeadKind = "head";
inline constexpr std::string_view kHeadId = "head";
inline constexpr std::string_view kGroupKind = "group";
inline constexpr std::string_view kTeamKind = "team";
inline constexpr std::string_view kOperatorKind = "operator";
inline constexpr std::string_view kSystemKind = "system";
inline constexpr std::string_view kAuditSeedName = "audit-seed";

// Tells heads of one revision apart: 8 bytes of a digest.
using HeadMark = std::uint64_t;
inline constexpr std::size_t kTrailMax = 128;

struct Head {
  std::uint64_t epoch = 1;
  std::uint64_t revision = 0;
  std::uint64_t count = 0;    // of current records, deleted ones too, without the head
  crypto::Digest set_hash{};  // XOR of the marks of the same records
  bool ever_held_group = false;
  // Marks of the heads before it, the last one first: of revision - 1, revision - 2 and so on, as
  // far as they are known, kTrailMax at most.
  std::vector<HeadMark> trail = {};

  bool operator==(const Head&) const = default;
};
// Of everything but the trail.
[[nodiscard]] HeadMark mark_of(const Head& head);
// The trail of the next head.
[[nodiscard]] std::vector<HeadMark> trail_after(const Head& head);
// Whether `next`, a later one of the same epoch, was made on what `ours` says: a database that was
// put back and went on from there has another one in its place. kUnknown: too far back to tell.
enum class Descent { kFollows, kAnother, kUnknown };
[[nodiscard]] Descent descent(const Head& next, const Head& ours);
[[nodiscard]] std::string encode_head(const Head& head);
[[nodiscard]] std::optional<Head> decode_head(std::string_view bytes);

// Adds a mark to a set-hash, or takes it out again.
void toggle(crypto::Digest& set_hash, const crypto::Digest& mark);

// Two keys made with the store and kept in the body of its head: one hides names in record ids, one
// makes the set-hash impossible to aim at. Immutable, thread-safe.
class StoreKeys {
 public:
  [[nodiscard]] static StoreKeys generate();
  [[nodiscard]] static std::optional<StoreKeys> from_body(std::string_view bytes);

  // For the head's body.
  [[nodiscard]] base::Secret to_body() const;
  [[nodiscard]] bool same_as(const StoreKeys& other) const;
  // A key for another purpose, which changes as little as these two.
  [[nodiscard]] base::LockedBytes derive(std::string_view info) const;
  // Where the record of that name is filed.
  [[nodiscard]] std::string record_id(std::string_view kind, std::string_view team,
                                      std::string_view name) const;
  // What the record adds to the set-hash: its place and the tags of header and body, but not the
  // wrapped key, so that changing the master key leaves it as it is.
  [[nodiscard]] crypto::Digest mark(const Record& record) const;

 private:
  explicit StoreKeys(base::LockedBytes both);
  base::LockedBytes both_;
  crypto::HmacKey id_key_;
  crypto::HmacKey set_key_;
};

}  // namespace sutler::store
