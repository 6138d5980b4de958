#include "resolve/bundle_cache.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "crypto/random.h"

namespace sutler::resolve {
namespace {

constexpr std::size_t kShards = 64;

std::shared_ptr<const crypto::AeadKey> make_key(std::uint64_t seals_max) {
  base::LockedBytes bytes(crypto::kAeadKeyBytes);
  crypto::random_fill(bytes.bytes());
  return std::make_shared<const crypto::AeadKey>(std::move(bytes), seals_max);
}

// The type as it was sent: a template may show it. Lengths keep the parts apart.
std::string key_of(const model::Workload& workload) {
  std::string key;
  key.reserve(workload.team.size() + workload.project_id.size() + workload.object_id.size() +
              workload.object_type.size() + 8);
  for (const std::string* part :
       {&workload.team, &workload.project_id, &workload.object_id, &workload.object_type}) {
    key += static_cast<char>(part->size() & 0xff);
    key += static_cast<char>((part->size() >> 8) & 0xff);
    key += *part;
  }
  return key;
}

registry::ServedPointer served_of(const model::Workload& workload, Rendered& resolved) {
  auto served = std::make_shared<registry::Served>();
  served->workload = workload;
  served->groups.reserve(resolved.groups.size());
  for (std::size_t i = 0; i < resolved.groups.size(); ++i) {
    served->groups.push_back({resolved.groups[i]->header().name, resolved.groups[i]->version(),
                              std::move(resolved.won[i])});
  }
  return served;
}

}  // namespace

struct BundleCache::Entry::Impl {
  std::shared_ptr<const crypto::AeadKey> aead;
  std::string key;
  std::string sealed;
  std::string groups_json;
  std::string keys_json;
  // Groups by name and version, so that an entry keeps no old snapshot alive.
  registry::ServedPointer served;
  std::vector<source::Dependency> dependencies;  // the values of sources in it
  std::uint64_t match_generation = 0;
  // Of the last view in which it was found valid.
  mutable std::atomic<std::uint64_t> view_generation{0};

  [[nodiscard]] std::size_t bytes() const {
    constexpr std::size_t kAround = 512;  // nodes of the list and the table, control blocks
    std::size_t sum =
        kAround + sizeof(Impl) + key.size() + sealed.size() + groups_json.size() + keys_json.size();
    for (const registry::ServedGroup& group : served->groups) {
      sum += sizeof(registry::ServedGroup) + group.name.size() + group.won.size();
    }
    return sum + dependencies.size() * sizeof(source::Dependency);
  }

  [[nodiscard]] bool holds(base::UnixTime now) const {
    for (const auto& dependency : dependencies) {
      if (!dependency.holds(now)) return false;
    }
    for (const auto& dependency : dependencies) dependency.touch(now);
    return true;
  }

  // Whether resolve() would give the same in this view.
  [[nodiscard]] bool is_valid(const View& view, const model::Workload& workload) const {
    if (view.generation != 0 &&
        view_generation.load(std::memory_order_relaxed) == view.generation) {
      return true;
    }
    const auto team = view.snapshot->teams.find(workload.team);
    if (team == view.snapshot->teams.end()) return false;
    if (served->groups.empty() && team->second->team.options.require_match) return false;
    if (match_generation != view.index.generation(workload.team)) return false;
    for (const registry::ServedGroup& group : served->groups) {
      const auto record = view.snapshot->find_group(workload.team, group.name);
      if (!record || record->version() != group.version) return false;
    }
    view_generation.store(view.generation, std::memory_order_relaxed);
    return true;
  }
};

// The entries of a shard, most recently used first.
struct BundleCache::Shard {
  using Pointer = std::shared_ptr<const Entry::Impl>;
  using List = std::list<Pointer>;

  std::mutex mutex;
  List list;
  std::unordered_map<std::string_view, List::iterator> by_key;  // views into the entries

  Pointer find(std::string_view key) {
    const auto at = by_key.find(key);
    if (at == by_key.end()) return nullptr;
    list.splice(list.begin(), list, at->second);
    return *at->second;
  }

  // Gives the bytes that went.
  std::size_t erase(List::iterator at) {
    const std::size_t bytes = (*at)->bytes();
    by_key.erase((*at)->key);
    list.erase(at);
    return bytes;
  }
};

struct BundleCache::State {
  explicit State(const Options& given) : options(given), aead(make_key(given.seals_per_key_max)) {}

  Options options;
  std::mutex key_mutex;
  std::shared_ptr<const crypto::AeadKey> aead;
  std::array<Shard, kShards> shards;
  std::atomic<std::size_t> bytes{0};
  std::atomic<std::uint64_t> hits{0};
  std::atomic<std::uint64_t> misses{0};

  std::size_t shard_of(std::string_view key) const {
    return std::hash<std::string_view>()(key) % kShards;
  }

  std::shared_ptr<const crypto::AeadKey> current_key() {
    const std::lock_guard lock(key_mutex);
    return aead;
  }

  // Another key in the place of `worn`, unless somebody was faster; the entries go with the key.
  void change_key(const std::shared_ptr<const crypto::AeadKey>& worn) {
    {
      const std::lock_guard lock(key_mutex);
      if (aead != worn) return;
      aead = make_key(options.seals_per_key_max);
    }
    for (Shard& shard : shards) {
      const std::lock_guard lock(shard.mutex);
      while (!shard.list.empty()) bytes -= shard.erase(shard.list.begin());
    }
  }

  void put(const Shard::Pointer& entry) {
    if (entry->bytes() > options.bytes_max) return;
    const std::size_t home = shard_of(entry->key);
    {
      Shard& shard = shards[home];
      const std::lock_guard lock(shard.mutex);
      if (const auto at = shard.by_key.find(entry->key); at != shard.by_key.end()) {
        bytes -= shard.erase(at->second);
      }
      shard.list.push_front(entry);
      shard.by_key.emplace(entry->key, shard.list.begin());
      bytes += entry->bytes();
    }
    make_room(home, entry);
  }

  // Starts with the shard that grew, so that the work is spread as the entries are; a single large
  // entry may push into its neighbours. One lock at a time.
  void make_room(std::size_t home, const Shard::Pointer& newest) {
    for (std::size_t i = 0; i < kShards && bytes > options.bytes_max; ++i) {
      Shard& shard = shards[(home + i) % kShards];
      const std::lock_guard lock(shard.mutex);
      while (bytes > options.bytes_max && !shard.list.empty()) {
        const auto oldest = std::prev(shard.list.end());
        if (*oldest == newest) break;
        bytes -= shard.erase(oldest);
      }
    }
  }

  base::Result<std::string> seal(std::string_view key, std::string_view body,
                                 std::shared_ptr<const crypto::AeadKey>& sealed_by) {
    sealed_by = current_key();
    base::Result<std::string> sealed = sealed_by->seal(key, body);
    if (sealed || sealed.error().code != base::Code::kUnavailable) return sealed;
    change_key(sealed_by);
    sealed_by = current_key();
    return sealed_by->seal(key, body);
  }
};

BundleCache::BundleCache(const Options& options) : state_(std::make_unique<State>(options)) {}
BundleCache::~BundleCache() = default;

base::Result<BundleCache::Entry> BundleCache::get(const View& view, const model::Workload& workload,
                                                  Sourcing* sourcing) {
  std::string key = key_of(workload);
  Entry entry;
  {
    Shard& shard = state_->shards[state_->shard_of(key)];
    const std::lock_guard lock(shard.mutex);
    entry.impl_ = shard.find(key);
  }
  const base::UnixTime now = sourcing == nullptr ? base::UnixTime() : sourcing->now;
  if (entry.impl_ && entry.impl_->is_valid(view, workload) && entry.impl_->holds(now)) {
    state_->hits.fetch_add(1, std::memory_order_relaxed);
    return entry;
  }
  state_->misses.fetch_add(1, std::memory_order_relaxed);
  base::Result<Rendered> resolved = render(view, workload, sourcing);
  if (!resolved) return pass(resolved);
  auto made = std::make_shared<Entry::Impl>();
  base::Result<std::string> sealed = state_->seal(key, resolved->body.expose(), made->aead);
  if (!sealed) return pass(sealed);
  made->key = std::move(key);
  made->sealed = std::move(*sealed);
  made->groups_json = std::move(resolved->groups_json);
  made->keys_json = std::move(resolved->keys_json);
  made->served = served_of(workload, *resolved);
  if (sourcing != nullptr && sourcing->asking != nullptr) {
    made->dependencies = sourcing->asking->take_dependencies();
  }
  made->match_generation = view.index.generation(workload.team);
  made->view_generation = view.generation;
  entry.impl_ = made;
  state_->put(entry.impl_);
  return entry;
}

std::uint64_t BundleCache::hits() const { return state_->hits; }
std::uint64_t BundleCache::misses() const { return state_->misses; }
std::size_t BundleCache::bytes() const { return state_->bytes; }

std::size_t BundleCache::Entry::body_bytes() const {
  return impl_->sealed.size() - crypto::kAeadOverheadBytes;
}

bool BundleCache::Entry::open_into(char* out) const {
  return impl_->aead->open_into(impl_->key, impl_->sealed, out);
}

std::string_view BundleCache::Entry::groups_json() const { return impl_->groups_json; }
std::string_view BundleCache::Entry::keys_json() const { return impl_->keys_json; }
const registry::ServedPointer& BundleCache::Entry::served() const { return impl_->served; }

}  // namespace sutler::resolve
