#include "source/cached_source.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/log.h"
#include "source/chance.h"

namespace sutler::source {
namespace {

using std::chrono::microseconds;

constexpr std::size_t kSlotBytes = 600;  // a slot with the nodes of its tables
constexpr microseconds kIdleLook{60'000'000};

}  // namespace

CachedSource::CachedSource(Sources::Configured configured, std::shared_ptr<Shared> shared)
    : common_(std::move(configured.common)),
      spans_{common_.ttl, common_.stale_max},
      driver_(std::move(configured.driver)),
      shared_(std::move(shared)),
      tokens_(common_.calls_per_second_max, std::chrono::steady_clock::now()) {}

// Says no more than that: what the store last said may name what others refer to.
Failure CachedSource::out_failure() const {
  return {FailureKind::kOutage, "source " + common_.name + " is out", {}};
}

CachedSource::Look CachedSource::look(std::string_view locator, Wait wait) {
  const std::lock_guard lock(mutex_);
  const base::UnixTime now = shared_->clock.now();
  const Store there = store(now);
  Look found;
  const auto at = slots_.find(locator);
  if (at == slots_.end()) {
    found.verdict = there == Store::kThere && wait == Wait::kMay ? Verdict::kAsk : Verdict::kNone;
    if (there == Store::kOut) found.failure = out_failure();
    return found;
  }
  Slot& slot = *at->second;
  slot.use(now);
  found.verdict = judge(slot.known, there, wait, now);
  found.slot = at->second;
  found.generation = slot.generation.load(std::memory_order_relaxed);
  found.failure = slot.failure;
  if (!found.failure && there == Store::kOut) found.failure = out_failure();
  if (slot.content) {
    found.origin = Origin{slot.known.read_at, slot.known.fresh_until, slot.known.stale_until,
                          found.verdict == Verdict::kStale, slot.failure};
  }
  if (found.verdict == Verdict::kFresh || found.verdict == Verdict::kStale) {
    ++hits_;
    found.content = slot.content;
  }
  if (found.verdict == Verdict::kStale) {
    ++stale_served_;
    slot.hold(holds_until(slot.known, found.verdict, there, breaker_.retry_at()));
  }
  return found;
}

void CachedSource::join(const std::vector<std::string>& locators,
                        const std::shared_ptr<Waiting>& waiting) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  const base::UnixTime now = shared_->clock.now();
  for (const std::string& locator : locators) {
    const auto at = slots_.find(locator);
    const Known known = at == slots_.end() ? Known{} : at->second->known;
    if (judge(known, store(now), Wait::kMay, now) != Verdict::kAsk) continue;
    const SlotPointer slot = find_or_make(locator, now);
    slot->use(now);
    if (known.asking == Known::Asking::kNo) enqueue(slot);
    if (slot->queued && !slot->foreground) to_foreground(slot);
    // Those whose time is over are not kept; looked after now and then, for there may be thousands.
    if (std::has_single_bit(slot->waiters.size())) {
      std::erase_if(slot->waiters, [](const auto& waiter) { return waiter->is_fired(); });
    }
    slot->waiters.push_back(waiting);
    waiting->add();
  }
  make_threads();
}

CachedSource::SlotPointer CachedSource::find_or_make(std::string_view locator, base::UnixTime now) {
  if (const auto at = slots_.find(locator); at != slots_.end()) return at->second;
  auto slot = std::make_shared<Slot>(std::string(locator));
  slots_.emplace(slot->locator, slot);
  by_use_.push_front(slot);
  slot->place = by_use_.begin();
  slot->listed_at = now;
  ++shared_->documents;
  shared_->bytes += kSlotBytes + slot->locator.size();
  return slot;
}

void CachedSource::schedule(Slot& slot, std::optional<base::UnixTime> due) {
  if (slot.due) due_.erase({*slot.due, &slot});
  slot.due = due;
  if (due) due_.emplace(*due, &slot);
}

void CachedSource::drop_content(Slot& slot) {
  if (!slot.content) return;
  shared_->bytes -= slot.content->size();
  slot.content = nullptr;
  slot.generation.fetch_add(1, std::memory_order_relaxed);
}

// Of a slot that nobody waits for.
void CachedSource::erase(const SlotPointer& slot) {
  drop_content(*slot);
  slot->retire();
  schedule(*slot, std::nullopt);
  by_use_.erase(slot->place);
  --shared_->documents;
  shared_->bytes -= kSlotBytes + slot->locator.size();
  slots_.erase(slots_.find(slot->locator));
}

void CachedSource::enqueue(const SlotPointer& slot) {
  slot->known.asking = Known::Asking::kYes;
  slot->queued = true;
  slot->foreground = false;
  slot->probe = breaker_.start();
  schedule(*slot, std::nullopt);
  background_.push_back(slot);
  ++queued_;
}

void CachedSource::to_foreground(const SlotPointer& slot) {
  slot->foreground = true;
  foreground_.push_back(slot);
}

void CachedSource::finish(Lock& lock, After after) {
  if (lock.owns_lock()) lock.unlock();
  for (const std::string& locator : after.forget) {
    if (shared_->disk) shared_->disk->remove({common_.name, common_.fingerprint}, locator);
  }
  for (const auto& waiting : after.fire) waiting->fire();
}

void CachedSource::restore(DiskCache::Kept kept) {
  auto content =
      shared_->seal.seal(common_.name + '\0' + kept.locator, std::move(kept.document), nullptr);
  if (!content) return;
  const std::lock_guard lock(mutex_);
  const base::UnixTime now = shared_->clock.now();
  const SlotPointer slot = find_or_make(kept.locator, now);
  if (slot->content) return;
  slot->content = std::move(*content);
  shared_->bytes += slot->content->size();
  slot->known.what = Known::What::kValue;
  slot->known.read_at = std::min(kept.read_at, now);
  slot->known.fresh_until = slot->known.read_at;
  slot->known.stale_until = slot->known.read_at + spans_.stale_max;
  slot->written_at = kept.read_at;
  schedule(*slot, slot->known.stale_until);
}

void CachedSource::keep() {
  After after;
  Lock lock(mutex_);
  if (stopped_) return;
  abandon_hanging(after);
  const base::UnixTime now = shared_->clock.now();
  while (!due_.empty() && due_.begin()->first <= now) {
    attend(slots_.find(due_.begin()->second->locator)->second, now, after);
  }
  if (queued_ > 0) make_threads();
  finish(lock, std::move(after));
}

// Gives it another time to be looked at, a call, or lets it go.
void CachedSource::attend(const SlotPointer& slot, base::UnixTime now, After& after) {
  Known& known = slot->known;
  slot->due = std::nullopt;
  due_.erase(due_.begin());
  if (known.what == Known::What::kValue && now >= known.stale_until) {
    drop_content(*slot);
    known.what = Known::What::kNothing;
    after.forget.push_back(slot->locator);
  }
  const bool in_use = is_in_use(spans_, slot->last_use(), now);
  const bool empty = known.what == Known::What::kNothing ||
                     (known.what == Known::What::kNegative && now >= known.fresh_until);
  if (empty && !in_use) return erase(slot);
  const bool hold = known.failures > 0 && now < known.retry_at;
  if (in_use && !hold && known.what != Known::What::kNegative && breaker_.admits(now)) {
    if (now < known.fresh_until) ++refreshed_ahead_;
    return enqueue(slot);
  }
  base::UnixTime next = now + kIdleLook;
  if (hold) next = known.retry_at;
  if (in_use && !hold && breaker_.is_open()) next = std::max(breaker_.retry_at(), now + kFreshMin);
  if (!in_use && now < known.fresh_until) {
    const microseconds left(known.fresh_until.microseconds - now.microseconds);
    next = now + std::max<microseconds>(left / 2, kFreshMin);
  }
  if (known.what == Known::What::kValue) next = std::min(next, known.stale_until);
  schedule(*slot, next);
}

void CachedSource::abandon_hanging(After& after) {
  const Deadline now = std::chrono::steady_clock::now();
  for (const CallPointer& call : calls_) {
    if (call->abandoned || !call->in_driver || now < call->deadline + kGrace) continue;
    call->abandoned = true;
    const Failure failure{
        FailureKind::kOutage, "source " + common_.name + " did not answer in time", {}};
    last_error_ = failure.message;
    note_lost_call(call->probe, shared_->clock.now(), after);
    for (const SlotPointer& slot : call->slots) {
      ++errors_[static_cast<std::size_t>(failure.kind)];
      settle({slot, nullptr, {}, failure}, after);
    }
  }
}

void CachedSource::write_dirty() {
  std::vector<SlotPointer> dirty;
  {
    const std::lock_guard lock(mutex_);
    dirty.swap(dirty_);
  }
  bool warned = false;
  for (const SlotPointer& slot : dirty) {
    const auto current = [&]() -> std::optional<DiskCache::Entry> {
      std::shared_ptr<const Content> content;
      base::UnixTime read_at;
      {
        const std::lock_guard lock(mutex_);
        slot->dirty = false;
        content = slot->content;
        read_at = slot->known.read_at;
        slot->written_at = read_at;
      }
      auto document = content ? content->document() : std::nullopt;
      if (!document) return std::nullopt;
      return DiskCache::Entry{std::move(*document), read_at};
    };
    const auto written =
        shared_->disk->write({common_.name, common_.fingerprint}, slot->locator, current);
    if (written) continue;
    {
      const std::lock_guard lock(mutex_);
      slot->written_at = {};  // with the next reading, then
    }
    if (!std::exchange(warned, true)) {
      base::log::warning("the sealed cache of a source cannot be written",
                         {{"source", common_.name}, {"error", written.error().message}});
    }
  }
}

void CachedSource::shift_back(microseconds d) {
  const std::lock_guard lock(mutex_);
  breaker_.shift_back(d);
  due_.clear();
  for (const auto& [locator, slot] : slots_) {
    slot->known.shift_back(d);
    slot->hold(base::UnixTime{slot->holds_until.load(std::memory_order_relaxed)} + -d);
    slot->use(slot->last_use() + -d);
    slot->listed_at = slot->listed_at + -d;
    slot->written_at = slot->written_at + -d;
    if (slot->due) {
      slot->due = *slot->due + -d;
      due_.emplace(*slot->due, slot.get());
    }
  }
}

std::optional<base::UnixTime> CachedSource::oldest_use() {
  const std::lock_guard lock(mutex_);
  // What was used since it was listed gets another round, and so does what is asked for.
  for (std::size_t tries = by_use_.size(); tries > 0; --tries) {
    Slot& slot = *by_use_.back();
    const bool asked = slot.known.asking == Known::Asking::kYes;
    if (!asked && slot.last_use() <= slot.listed_at) return slot.listed_at;
    slot.listed_at = std::max(slot.listed_at, slot.last_use());
    by_use_.splice(by_use_.begin(), by_use_, slot.place);
  }
  for (auto at = by_use_.rbegin(); at != by_use_.rend(); ++at) {
    if ((*at)->known.asking == Known::Asking::kYes) continue;
    by_use_.splice(by_use_.end(), by_use_, (*at)->place);
    return by_use_.back()->listed_at;
  }
  return std::nullopt;
}

bool CachedSource::evict_oldest() {
  After after;
  Lock lock(mutex_);
  if (by_use_.empty()) return false;
  const SlotPointer slot = by_use_.back();
  if (slot->known.asking == Known::Asking::kYes) return false;
  erase(slot);
  ++evicted_;
  after.forget.push_back(slot->locator);
  finish(lock, std::move(after));
  return true;
}

}  // namespace sutler::source
