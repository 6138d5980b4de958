#include "store/head.h"

#include <algorithm>
#include <cstring>

#include "base/encoding.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "store/wire.h"

namespace sutler::store {
namespace {

constexpr unsigned kFormat = 1;
constexpr unsigned kWithTrail = 2;  // of a head that has one
constexpr std::size_t kMarkBytes = 8;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kTagBytes = 16;

std::string_view tag_of(std::string_view sealed) {
  return sealed.substr(sealed.size() - std::min(sealed.size(), kTagBytes));
}

void write_head(ByteWriter& out, const Head& head) {
  out.number(head.epoch);
  out.number(head.revision);
  out.number(head.count);
  out.raw({reinterpret_cast<const char*>(head.set_hash.data()), head.set_hash.size()});
  out.byte(head.ever_held_group ? 1 : 0);
}

}  // namespace

HeadMark mark_of(const Head& head) {
  ByteWriter out(80);
  write_head(out, head);
  const crypto::Digest digest = crypto::sha256(std::move(out).take());
  HeadMark mark = 0;
  std::memcpy(&mark, digest.data(), sizeof mark);
  return mark;
}

std::vector<HeadMark> trail_after(const Head& head) {
  std::vector<HeadMark> trail;
  if (head.revision == 0) return trail;
  trail.reserve(std::min(head.trail.size() + 1, kTrailMax));
  trail.push_back(mark_of(head));
  const std::size_t kept = std::min(head.trail.size(), kTrailMax - 1);
  trail.insert(trail.end(), head.trail.begin(),
               head.trail.begin() + static_cast<std::ptrdiff_t>(kept));
  return trail;
}

Descent descent(const Head& next, const Head& ours) {
  const std::uint64_t back = next.revision - ours.revision;
  if (back == 0 || back > next.trail.size()) return Descent::kUnknown;
  return next.trail[back - 1] == mark_of(ours) ? Descent::kFollows : Descent::kAnother;
}

std::string encode_head(const Head& head) {
  ByteWriter out(80 + head.trail.size() * kMarkBytes);
  out.byte(head.trail.empty() ? kFormat : kWithTrail);
  write_head(out, head);
  if (!head.trail.empty()) out.number(head.trail.size());
  for (const HeadMark mark : head.trail) {
    out.raw({reinterpret_cast<const char*>(&mark), sizeof mark});
  }
  return std::move(out).take();
}

std::optional<Head> decode_head(std::string_view bytes) {
  ByteReader in(bytes);
  Head head;
  const unsigned format = in.byte(kWithTrail);
  if (format == 0) in.refuse();
  head.epoch = in.number();
  head.revision = in.number();
  head.count = in.number();
  const std::string_view hash = in.raw(head.set_hash.size());
  head.ever_held_group = in.byte(1) == 1;
  if (format == kWithTrail) {
    const std::size_t count = in.count();
    if (count == 0 || count > kTrailMax) in.refuse();
    for (std::size_t i = 0; in.ok() && i < count; ++i) {
      const std::string_view mark = in.raw(kMarkBytes);
      if (in.ok()) std::memcpy(&head.trail.emplace_back(), mark.data(), kMarkBytes);
    }
  }
  if (!in.done()) return std::nullopt;
  std::memcpy(head.set_hash.data(), hash.data(), hash.size());
  return head;
}

void toggle(crypto::Digest& set_hash, const crypto::Digest& mark) {
  for (std::size_t i = 0; i < set_hash.size(); ++i) set_hash[i] ^= mark[i];
}

StoreKeys::StoreKeys(base::LockedBytes both)
    : both_(std::move(both)),
      id_key_(crypto::HashAlgorithm::kSha256, both_.expose().substr(0, kKeyBytes)),
      set_key_(crypto::HashAlgorithm::kSha256, both_.expose().substr(kKeyBytes)) {}

StoreKeys StoreKeys::generate() {
  base::LockedBytes both(2 * kKeyBytes);
  crypto::random_fill(both.bytes());
  return StoreKeys(std::move(both));
}

std::optional<StoreKeys> StoreKeys::from_body(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.byte(kFormat) != kFormat) in.refuse();
  const std::string_view both = in.raw(2 * kKeyBytes);
  if (!in.done()) return std::nullopt;
  return StoreKeys(base::LockedBytes(both));
}

base::Secret StoreKeys::to_body() const {
  ByteWriter out(1 + 2 * kKeyBytes);
  out.byte(kFormat);
  out.raw(both_.expose());
  return base::Secret(std::move(out).take());
}

bool StoreKeys::same_as(const StoreKeys& other) const {
  return crypto::equal_in_constant_time(both_.expose(), other.both_.expose());
}

base::LockedBytes StoreKeys::derive(std::string_view info) const {
  return crypto::derive_key(both_.expose(), info);
}

std::string StoreKeys::record_id(std::string_view kind, std::string_view team,
                                 std::string_view name) const {
  std::string message;
  message.reserve(kind.size() + team.size() + name.size() + 2);
  message.append(kind).append(1, '\0').append(team).append(1, '\0').append(name);
  return base::hex_encode(id_key_.sign(message).view().substr(0, kIdBytes / 2));
}

crypto::Digest StoreKeys::mark(const Record& record) const {
  // The place with its lengths, then two tags of fixed size (a missing one is all zeros).
  Identity identity("set", place_of(record));
  char message[256] = {};
  const std::string_view place = identity.of(Part::kKey);
  std::memcpy(message, place.data(), place.size());
  const std::string_view header = tag_of(record.header);
  const std::string_view body = tag_of(record.body);
  std::memcpy(message + place.size(), header.data(), header.size());
  std::memcpy(message + place.size() + kTagBytes, body.data(), body.size());
  const crypto::Tag tag = set_key_.sign({message, place.size() + 2 * kTagBytes});
  crypto::Digest mark;
  std::memcpy(mark.data(), tag.bytes.data(), mark.size());
  return mark;
}

}  // namespace sutler::store
