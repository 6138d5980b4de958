#include "source/sources.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/glob.h"
#include "base/log.h"
#include "crypto/aead.h"
#include "source/cached_source.h"
#include "source/reference.h"
#include "source/sources_state.h"

namespace sutler::source {
namespace {

constexpr std::size_t kReferenceBytesMax = 2048;
// A clock may be a little off from one start to the next.
constexpr std::chrono::minutes kClockSlack{5};

bool any_matches(const std::vector<std::string>& patterns, std::string_view name) {
  return std::ranges::any_of(
      patterns, [&](const auto& pattern) { return base::glob_matches(pattern, name); });
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// `allow` is matched against the text of a reference, so that no store may read it as another one.
bool climbs(std::string_view locator) {
  while (true) {
    const auto end = locator.find('/');
    const std::string_view part = locator.substr(0, end);
    if (part == ".." || part == ".") return true;
    if (end == std::string_view::npos) return false;
    locator.remove_prefix(end + 1);
  }
}

}  // namespace

bool Dependency::holds(base::UnixTime now) const {
  return now.microseconds < slot->holds_until.load(std::memory_order_relaxed) &&
         slot->generation.load(std::memory_order_relaxed) == generation;
}

void Dependency::touch(base::UnixTime now) const { slot->use(now); }

Sources::State::State(std::vector<Configured> configured, Options options, const base::Clock& clock)
    : shared(std::make_shared<Shared>(clock, std::move(options))) {
  shared->make_room = [this] { make_room(); };
  for (auto& one : configured) {
    auto made = std::make_shared<CachedSource>(std::move(one), shared);
    by_name.emplace(made->common().name, made.get());
    all.push_back(std::move(made));
  }
  load_disk();
  for (const auto& source : all) source->start();
  keeper = std::thread([this, now = shared->clock.now()] { keep(now); });
}

void Sources::State::load_disk() {
  const Options& options = shared->options;
  if (options.cache_dir.empty() || options.cache_key.size() != crypto::kAeadKeyBytes) return;
  auto opened = DiskCache::open(options.cache_dir, options.cache_key);
  if (!opened) {
    base::log::warning("the sources keep no sealed cache on the disk",
                       {{"error", opened.error().message}});
    return;
  }
  shared->disk = std::move(*opened);
  std::vector<DiskCache::Owner> owners;
  for (const auto& source : all) {
    const Common& common = source->common();
    if (common.disk_cache) owners.push_back({common.name, common.fingerprint});
  }
  shared->disk->retain(owners);
  const base::UnixTime now = shared->clock.now();
  for (const auto& source : all) {
    const Common& common = source->common();
    if (!common.disk_cache) continue;
    for (auto& kept : shared->disk->load({common.name, common.fingerprint}, now + -common.stale_max,
                                         now + kClockSlack)) {
      source->restore(std::move(kept));
    }
  }
  make_room();
}

Sources::State::~State() {
  {
    const std::lock_guard lock(mutex);
    stopped = true;
  }
  changed.notify_all();
  for (const auto& source : all) source->stop();
  shared->alarm.stop();
  keeper.join();
  for (const auto& source : all) source->wait_for_end();
  if (!shared->disk) return;
  for (const auto& source : all) source->write_dirty();
}

void Sources::State::keep(base::UnixTime before) {
  std::unique_lock lock(mutex);
  while (!stopped) {
    changed.wait_for(lock, shared->options.tick, [&] { return stopped; });
    if (stopped) return;
    lock.unlock();
    const base::UnixTime now = shared->clock.now();
    for (const auto& source : all) {
      if (now < before) {
        source->shift_back(std::chrono::microseconds(before.microseconds - now.microseconds));
      }
      source->keep();
      if (shared->disk) source->write_dirty();
    }
    before = now;
    lock.lock();
  }
}

// The least recently used goes, of whatever source.
void Sources::State::make_room() {
  const std::lock_guard lock(room_mutex);
  while (shared->is_full()) {
    CachedSource* oldest = nullptr;
    base::UnixTime used_at;
    for (const auto& source : all) {
      const auto used = source->oldest_use();
      if (used && (oldest == nullptr || *used < used_at)) {
        oldest = source.get();
        used_at = *used;
      }
    }
    if (oldest == nullptr || !oldest->evict_oldest()) return;
  }
}

CachedSource* Sources::State::find(std::string_view name) const {
  const auto at = by_name.find(name);
  return at == by_name.end() ? nullptr : at->second;
}

Sources::Sources(std::vector<Configured> configured, Options options, const base::Clock& clock)
    : state_(std::make_unique<State>(std::move(configured), std::move(options), clock)) {}

Sources::~Sources() = default;

bool Sources::has(std::string_view source) const { return state_->find(source) != nullptr; }
bool Sources::empty() const { return state_->all.empty(); }

Sources::Permission Sources::permission(std::string_view source, std::string_view team,
                                        std::string_view group, std::string_view ref) const {
  const CachedSource* found = state_->find(source);
  if (found == nullptr) return Permission::kNo;
  if (found->common().allow.empty()) return Permission::kOwnersOnly;
  const bool allowed = std::ranges::any_of(found->common().allow, [&](const Allowance& one) {
    return base::glob_matches(one.team, team) && any_matches(one.groups, group) &&
           any_matches(one.refs, ref);
  });
  return allowed ? Permission::kYes : Permission::kNo;
}

base::Result<void> Sources::validate(std::string_view source, std::string_view ref) const {
  const CachedSource* found = state_->find(source);
  const std::string from(source);
  if (found == nullptr) {
    std::string known;
    for (const auto& one : state_->all) known += (known.empty() ? "" : ", ") + one->common().name;
    return base::fail(base::Code::kInvalid, "there is no source '" + from + "'",
                      known.empty() ? "sources are configured in the config file, under sources:"
                                    : "the sources are: " + known);
  }
  const Cut cut = cut_reference(ref);
  const auto refuse = [&](std::string what) {
    return base::fail(base::Code::kInvalid,
                      "a reference into source '" + from + "' " + std::move(what),
                      "write it as LOCATOR or LOCATOR#KEY, as docs/sources/ shows for each kind");
  };
  if (ref.size() > kReferenceBytesMax) {
    return refuse("is longer than " + std::to_string(kReferenceBytesMax) + " bytes");
  }
  if (std::ranges::any_of(ref, is_control)) return refuse("holds a control character");
  if (cut.locator.empty()) return refuse("names no locator");
  if (ref.ends_with('#')) return refuse("ends with # and names no key");
  if (climbs(cut.locator)) return refuse("has a part that is . or ..");
  return found->driver().validate(cut.locator);
}

void Sources::obtain(std::vector<Wanted> wanted, FetchTime& time, std::function<void()> done) {
  const Deadline now = std::chrono::steady_clock::now();
  const auto waiting =
      std::make_shared<Waiting>([waits = state_->shared->waits, now, done = std::move(done)] {
        const auto took = std::chrono::steady_clock::now() - now;
        waits->record(static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
        done();
      });
  std::ranges::sort(wanted);
  std::chrono::milliseconds patience{0};
  for (auto at = wanted.begin(); at != wanted.end();) {
    const auto end =
        std::find_if(at, wanted.end(), [&](const Wanted& one) { return one.source != at->source; });
    std::vector<std::string> locators;
    for (auto one = at; one != end; ++one) {
      if (locators.empty() || locators.back() != one->locator) locators.push_back(one->locator);
    }
    if (CachedSource* source = state_->find(at->source)) {
      source->join(locators, waiting);
      patience = std::max(patience, source->common().deadline);
    }
    at = end;
  }
  time.span = std::max(time.span, patience);
  if (waiting->settle()) {
    state_->shared->alarm.now(waiting);
  } else {
    state_->shared->alarm.at(std::min(now + patience, time.started + time.span), waiting);
  }
}

std::optional<base::UnixTime> Sources::next_try(std::string_view source,
                                                std::string_view ref) const {
  CachedSource* found = state_->find(source);
  if (found == nullptr) return std::nullopt;
  return found->next_try(cut_reference(ref).locator);
}

Answer<std::string> Sources::check(const std::string& source) {
  CachedSource* found = state_->find(source);
  if (found == nullptr) {
    return std::unexpected(
        Failure{FailureKind::kBadReference, "there is no source '" + source + "'", {}});
  }
  try {
    return found->driver().check(std::chrono::steady_clock::now() + found->common().deadline);
  } catch (...) {
    return std::unexpected(
        Failure{FailureKind::kOutage, "source " + source + " failed inside", {}});
  }
}

base::Result<Sources::Refreshed> Sources::refresh(const std::string& source) {
  CachedSource* found = state_->find(source);
  if (found == nullptr) {
    return base::fail(base::Code::kNotFound, "there is no source '" + source + "'");
  }
  return found->refresh();
}

}  // namespace sutler::source
