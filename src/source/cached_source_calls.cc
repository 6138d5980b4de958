// The side of a CachedSource that calls the store: its threads, one call with its retries, and what
// each outcome does to a document.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/wipe.h"
#include "source/cached_source.h"
#include "source/chance.h"

namespace sutler::source {
namespace {

using std::chrono::microseconds;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kIdleThread{10};

bool is_outage(FailureKind kind) {
  return kind == FailureKind::kOutage || kind == FailureKind::kLogin;
}

}  // namespace

void CachedSource::work() {
  Lock lock(mutex_);
  while (!stopped_) {
    if (queued_ == 0) {
      base::wipe_registers();
      ++idle_;
      const bool woken = work_.wait_for(lock, kIdleThread, [&] { return stopped_ || queued_ > 0; });
      --idle_;
      if (!woken) break;
      continue;
    }
    if (!take_token(lock)) continue;
    if (const CallPointer call = next_call(); !call->slots.empty()) run(lock, call);
  }
  // Not there: given up by wait_for_end().
  if (const auto self = threads_.find(std::this_thread::get_id()); self != threads_.end()) {
    ended_threads_.push_back(std::move(self->second));
    threads_.erase(self);
  }
  --live_;
  ended_.notify_all();
}

// False when there is nothing left to take it for.
bool CachedSource::take_token(Lock& lock) {
  while (!stopped_ && queued_ > 0) {
    const microseconds wait = tokens_.take(Steady::now());
    if (wait.count() == 0) return true;
    pause_.wait_for(lock, wait);
  }
  return false;
}

CachedSource::CallPointer CachedSource::next_call() {
  auto call = std::make_shared<Call>();
  call->deadline = Steady::now() + common_.deadline;
  const std::size_t most = std::max<std::size_t>(driver_->batch_max(), 1);
  for (auto* queue : {&foreground_, &background_}) {
    while (!queue->empty() && call->slots.size() < most) {
      const SlotPointer slot = std::move(queue->front());
      queue->pop_front();
      if (!slot->queued) continue;
      slot->queued = false;
      --queued_;
      call->probe = call->probe || slot->probe;
      call->before.push_back(slot->content);
      call->slots.push_back(slot);
    }
  }
  return call;
}

// Until each of its documents is settled. Gives the lock away meanwhile.
void CachedSource::run(Lock& lock, const CallPointer& call) {
  const auto place = calls_.insert(calls_.end(), call);
  for (unsigned attempt = 1;; ++attempt) {
    call->in_driver = true;
    ++call_count_;
    lock.unlock();
    std::vector<Outcome> outcomes = ask(*call);
    lock.lock();
    call->in_driver = false;
    if (stopped_ || call->abandoned) break;
    note_call(outcomes, shared_->clock.now());

    // Only what was not reached is worth another attempt.
    microseconds pause = pause_after(attempt, {}, chance());
    std::size_t outages = 0;
    bool lost = true;
    for (const Outcome& outcome : outcomes) {
      lost = lost && !outcome.content && is_outage(outcome.failure.kind);
      if (outcome.content || outcome.failure.kind != FailureKind::kOutage) continue;
      ++outages;
      pause = std::max<microseconds>(pause, outcome.failure.retry_after);
    }
    const bool again = outages > 0 && attempt < kAttemptsMax && !breaker_.is_open() &&
                       Steady::now() + pause < call->deadline;
    After after;
    if (!again && lost) note_lost_call(call->probe, shared_->clock.now(), after);
    call->slots.clear();
    call->before.clear();
    for (Outcome& outcome : outcomes) {
      if (again && !outcome.content && outcome.failure.kind == FailureKind::kOutage) {
        call->slots.push_back(outcome.slot);
        call->before.push_back(outcome.slot->content);
      } else {
        settle(std::move(outcome), after);
      }
    }
    finish(lock, std::move(after));
    if (shared_->is_full()) shared_->make_room();
    lock.lock();
    if (!again || stopped_) break;
    const Deadline until = Steady::now() + pause;
    while (!stopped_ && Steady::now() < until) pause_.wait_until(lock, until);
    if (stopped_) break;
  }
  calls_.erase(place);
}

std::vector<CachedSource::Outcome> CachedSource::ask(const Call& call) {
  std::vector<Outcome> outcomes;
  std::vector<std::string> locators;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < call.slots.size(); ++i) {
    const SlotPointer& slot = call.slots[i];
    outcomes.push_back({slot, nullptr, {}, {}});
    // Whoever saved it may have been checked by another kind of source.
    if (const auto valid = driver_->validate(slot->locator); !valid) {
      outcomes.back().failure = {FailureKind::kBadReference, valid.error().message, {}};
      continue;
    }
    locators.push_back(slot->locator);
    places.push_back(i);
  }
  if (locators.empty()) return outcomes;
  std::vector<Answer<Document>> answers;
  const auto start = Steady::now();
  try {
    if (locators.size() == 1) {
      answers.push_back(driver_->read(locators.front(), call.deadline));
    } else {
      answers = driver_->read_many(locators, call.deadline);
    }
  } catch (...) {
    answers.clear();  // and its words, which may hold anything
  }
  latency_.record(static_cast<std::uint64_t>(
      std::chrono::duration_cast<microseconds>(Steady::now() - start).count()));
  const Failure broken{FailureKind::kOutage, "source " + common_.name + " failed inside", {}};
  answers.reserve(places.size());
  while (answers.size() < places.size()) answers.emplace_back(std::unexpected(broken));
  for (std::size_t i = 0; i < places.size(); ++i) {
    outcomes[places[i]] = outcome_of(call, places[i], std::move(answers[i]));
  }
  return outcomes;
}

CachedSource::Outcome CachedSource::outcome_of(const Call& call, std::size_t index,
                                               Answer<Document> answer) {
  const SlotPointer& slot = call.slots[index];
  if (!answer) return {slot, nullptr, {}, std::move(answer.error())};
  const microseconds good_for = answer->good_for.value_or(std::chrono::seconds(0));
  auto sealed = shared_->seal.seal(common_.name + '\0' + slot->locator, std::move(*answer),
                                   call.before[index]);
  if (!sealed) return {slot, nullptr, {}, {FailureKind::kOutage, sealed.error().message, {}}};
  return {slot, std::move(*sealed), good_for, {}};
}

// One attempt, for the counters and the breaker's good news.
void CachedSource::note_call(const std::vector<Outcome>& outcomes, base::UnixTime now) {
  bool answered = false;
  for (const Outcome& outcome : outcomes) {
    if (!outcome.content) ++errors_[static_cast<std::size_t>(outcome.failure.kind)];
    if (outcome.content || !is_outage(outcome.failure.kind)) {
      answered = true;
    } else {
      last_error_ = outcome.failure.message;
      last_failure_ = now;
    }
  }
  reachable_ = answered;
  if (!answered) return;
  last_success_ = now;
  last_error_.clear();
  if (breaker_.note_answer()) store_is_back(now);
}

// A call that was not answered and is not tried again.
void CachedSource::note_lost_call(bool probe, base::UnixTime now, After& after) {
  reachable_ = false;
  last_failure_ = now;
  if (probe) return breaker_.note_failed_probe(now, chance());
  if (!breaker_.note_outage(now, chance())) return;
  base::log::warning("a source is out: what is known of it is served, as long as it may be",
                     {{"source", common_.name}, {"error", last_error_}});
  give_up_queue(after);
}

// The store is known to be out: what waits for its turn need not.
void CachedSource::give_up_queue(After& after) {
  for (auto* queue : {&foreground_, &background_}) {
    for (const SlotPointer& slot : std::exchange(*queue, {})) {
      if (!slot->queued) continue;
      slot->queued = false;
      --queued_;
      settled(slot, shared_->clock.now(), after);
    }
  }
}

// What failed meanwhile need not wait for its own time.
void CachedSource::store_is_back(base::UnixTime now) {
  base::log::info("a source is back", {{"source", common_.name}});
  for (const auto& [locator, slot] : slots_) {
    if (slot->known.asking == Known::Asking::kYes) continue;
    if (slot->known.failures > 0) slot->known.retry_at = now;
    if (slot->known.fresh_until > now) continue;
    slot->hold({});
    schedule(*slot, now);
  }
}

void CachedSource::settle(Outcome outcome, After& after) {
  const SlotPointer slot = outcome.slot;
  const base::UnixTime now = shared_->clock.now();
  if (outcome.content) {
    settle_value(*slot, std::move(outcome), now);
  } else if (is_outage(outcome.failure.kind)) {
    settle_outage(*slot, std::move(outcome.failure), now, after);
  } else {
    settle_negative(*slot, std::move(outcome.failure), now, after);
  }
  settled(slot, now, after);
}

void CachedSource::settle_value(Slot& slot, Outcome outcome, base::UnixTime now) {
  const bool same = slot.content == outcome.content;
  if (!same) {
    if (slot.content) shared_->bytes -= slot.content->size();
    shared_->bytes += outcome.content->size();
    slot.content = std::move(outcome.content);
    slot.generation.fetch_add(1, std::memory_order_relaxed);
  }
  note_value(slot.known, spans_, outcome.good_for, now);
  slot.failure = std::nullopt;
  slot.hold(slot.known.fresh_until);
  // The same content is written again only when its time on the disk has fallen well behind.
  const bool due = !same || now >= slot.written_at + spans_.stale_max / 20;
  if (shared_->disk && common_.disk_cache && due && !slot.dirty) {
    slot.dirty = true;
    dirty_.push_back(slots_.find(slot.locator)->second);
  }
}

void CachedSource::settle_negative(Slot& slot, Failure failure, base::UnixTime now, After& after) {
  drop_content(slot);
  const bool same = slot.known.what == Known::What::kNegative && slot.failure &&
                    slot.failure->kind == failure.kind;
  if (!same) slot.generation.fetch_add(1, std::memory_order_relaxed);
  note_negative(slot.known, spans_, now);
  slot.failure = std::move(failure);
  slot.hold(slot.known.fresh_until);
  after.forget.push_back(slot.locator);
}

void CachedSource::settle_outage(Slot& slot, Failure failure, base::UnixTime now, After& after) {
  const auto retry_after = failure.retry_after;
  note_outage(slot.known, retry_after, chance(), now);
  slot.failure = std::move(failure);
  if (slot.known.what != Known::What::kValue && slot.content) {
    drop_content(slot);
    after.forget.push_back(slot.locator);
  }
  const Store there = store(now);
  slot.hold(holds_until(slot.known, judge(slot.known, Store::kOut, Wait::kCannot, now), there,
                        breaker_.retry_at()));
}

// Nobody waits for it any more; the keeper looks at it when it is time.
void CachedSource::settled(const SlotPointer& slot, base::UnixTime now, After& after) {
  slot->known.asking = Known::Asking::kNo;
  slot->probe = false;
  for (auto& waiting : std::exchange(slot->waiters, {})) {
    if (waiting->settle()) after.fire.push_back(std::move(waiting));
  }
  if (std::exchange(slot->changed, false)) {
    slot->known.fresh_until = std::min(slot->known.fresh_until, now);
    slot->hold({});
    return schedule(*slot, now);
  }
  const Known& known = slot->known;
  base::UnixTime due = now + kFreshMin;
  if (known.what == Known::What::kValue) due = refresh_at(known, chance());
  if (known.what == Known::What::kNegative) due = known.fresh_until;
  if (known.failures > 0) due = known.retry_at;
  schedule(*slot, due);
}

}  // namespace sutler::source
