// A hash table of shared immutable objects whose copies share structure: copying costs one pointer
// per shard, changing a copy clones only the shards that are touched. That is what lets a snapshot
// of a million groups be replaced in a fraction of a millisecond while readers keep the old one.
//
// Entries are filed under a 64-bit hash of the caller's; several may stand under one hash (two keys
// that collide, or a multimap), so the caller compares what it finds. Not thread-safe while
// it is changed; a table that is no longer changed may be read from any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace sutler::base {

// FNV-1a over the bytes, finished by a mixer; feed() several times for several parts.
class KeyHash {
 public:
  KeyHash& feed(std::string_view part) {
    for (const char c : part) step(static_cast<unsigned char>(c));
    step(0x100);  // parts cannot run into each other
    return *this;
  }
  [[nodiscard]] std::uint64_t value() const {
    std::uint64_t h = state_;
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33;
    return h;
  }

 private:
  void step(unsigned value) { state_ = (state_ ^ value) * 0x100000001b3ULL; }
  std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

template <class T>
class CowTable {
 public:
  using Pointer = std::shared_ptr<const T>;

  CowTable() : shards_(kShards) {}

  [[nodiscard]] std::size_t size() const { return size_; }

  // Calls `visit(const Pointer&)` for each entry under the hash.
  template <class Visit>
  void for_each(std::uint64_t hash, Visit&& visit) const {
    const auto& shard = shards_[hash % kShards];
    if (!shard) return;
    auto at = std::lower_bound(shard->begin(), shard->end(), hash, before);
    for (; at != shard->end() && at->hash == hash; ++at) visit(at->value);
  }

  template <class Visit>
  void for_all(Visit&& visit) const {
    for (const auto& shard : shards_) {
      if (!shard) continue;
      for (const Entry& entry : *shard) visit(entry.value);
    }
  }

  void insert(std::uint64_t hash, Pointer value) {
    Shard& shard = writable(hash);
    shard.insert(std::lower_bound(shard.begin(), shard.end(), hash, before),
                 Entry{hash, std::move(value)});
    ++size_;
  }

  // Removes the entry under the hash that is this very object.
  void erase(std::uint64_t hash, const T* value) {
    Shard& shard = writable(hash);
    auto at = std::lower_bound(shard.begin(), shard.end(), hash, before);
    while (at != shard.end() && at->hash == hash && at->value.get() != value) ++at;
    if (at == shard.end() || at->hash != hash) return;
    shard.erase(at);
    --size_;
  }

 private:
  struct Entry {
    std::uint64_t hash;
    Pointer value;
  };
  using Shard = std::vector<Entry>;
  static constexpr std::size_t kShards = 4096;

  static bool before(const Entry& entry, std::uint64_t hash) { return entry.hash < hash; }

  Shard& writable(std::uint64_t hash) {
    auto& shard = shards_[hash % kShards];
    if (!shard) {
      shard = std::make_shared<Shard>();
    } else if (shard.use_count() > 1) {
      shard = std::make_shared<Shard>(*shard);
    }
    return *shard;
  }

  std::vector<std::shared_ptr<Shard>> shards_;
  std::size_t size_ = 0;
};

}  // namespace sutler::base
