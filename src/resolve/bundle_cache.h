// The rendered answer per workload, sealed under a key that lives as long as the process in locked
// memory.
//
// An entry is valid while its team's match generation and the versions of its groups are what they
// were; in an unchanged view it is recognised by the view's generation alone. Bounded in bytes: the
// least recently used goes. Use it with the views of one Catalog. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/aead.h"
#include "resolve/catalog.h"
#include "resolve/resolver.h"

namespace sutler::resolve {

class BundleCache {
 public:
  struct Options {
    std::size_t bytes_max = 64 * 1024 * 1024;  // sealed bytes and what is around them
    // How often one key seals before another takes its place and the cache starts empty.
    std::uint64_t seals_per_key_max = crypto::kAeadSealsPerKeyMax;
  };
  explicit BundleCache(const Options& options);
  ~BundleCache();

  // An answer that may be taken several times. Immutable; outlives the cache if need be.
  class Entry {
   public:
    [[nodiscard]] std::size_t body_bytes() const;
    // Opens the JSON body into `out` (body_bytes() bytes). False never happens unless memory is
    // damaged.
    [[nodiscard]] bool open_into(char* out) const;
    [[nodiscard]] std::string_view groups_json() const;
    [[nodiscard]] std::string_view keys_json() const;
    // For the registry: one object for as long as the entry stays in the cache.
    [[nodiscard]] const registry::ServedPointer& served() const;

   private:
    friend class BundleCache;
    struct Impl;
    std::shared_ptr<const Impl> impl_;
  };

  // From the cache, or resolved and put there. Errors of resolve() are passed on and not cached. An
  // entry with values of sources is good while they are, at `sourcing->now`.
  [[nodiscard]] base::Result<Entry> get(const View& view, const model::Workload& workload,
                                        Sourcing* sourcing = nullptr);
  [[nodiscard]] std::uint64_t hits() const;
  [[nodiscard]] std::uint64_t misses() const;
  // What the entries take now.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Shard;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sutler::resolve
