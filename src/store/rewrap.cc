#include "store/rewrap.h"

#include <algorithm>

#include "base/log.h"
#include "store/record_codec.h"
#include "store/sealer.h"
#include "store/wire.h"

namespace sutler::store {

using base::Code;
using base::Result;

namespace {

constexpr char kRow[] = "rotation";
constexpr unsigned kFormat = 2;
constexpr unsigned kFormatWithoutDamaged = 1;
constexpr char kLease[] = "rotation";

std::string encode(const RotationStatus& status) {
  ByteWriter out(256);
  out.byte(kFormat);
  out.byte(static_cast<unsigned>(status.state));
  out.text(status.target);
  out.text(status.by);
  out.signed_number(status.started.microseconds);
  out.signed_number(status.ended.microseconds);
  out.number(status.rewrapped);
  out.text(status.error);
  out.number(status.damaged.count);
  out.number(status.damaged.rows.size());
  for (const DamagedRow& row : status.damaged.rows) {
    out.text(row.kind);
    out.text(row.team);
    out.text(row.name);
    out.number(row.version);
  }
  return std::move(out).take();
}

std::optional<RotationStatus> decode(std::string_view text) {
  ByteReader in(text);
  RotationStatus status;
  const unsigned format = in.byte(kFormat);
  if (format < kFormatWithoutDamaged) in.refuse();
  status.state = static_cast<RotationState>(in.byte(3));
  status.target = in.text();
  status.by = in.text();
  status.started.microseconds = in.signed_number();
  status.ended.microseconds = in.signed_number();
  status.rewrapped = in.number();
  status.error = in.text();
  if (format == kFormat) {
    status.damaged.count = in.number();
    for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
      DamagedRow& row = status.damaged.rows.emplace_back();
      row.kind = in.text();
      row.team = in.text();
      row.name = in.text();
      row.version = in.number();
    }
  }
  if (!in.done()) return std::nullopt;
  return status;
}

}  // namespace

Rotation::Rotation(Store& store, Nodes& nodes, const Notes& notes, Leases& leases,
                   const base::Clock& clock, Options options, Ended ended)
    : store_(store),
      nodes_(nodes),
      notes_(notes),
      leases_(leases),
      clock_(clock),
      options_(std::move(options)),
      ended_(std::move(ended)) {
  if (auto last = kept()) status_ = std::move(*last);
}

Rotation::~Rotation() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<RotationStatus> Rotation::kept() const {
  auto notes = notes_.read(kRow);
  if (!notes || notes->empty()) return std::nullopt;
  return decode(notes->front().text);
}

Result<void> Rotation::keep(const RotationStatus& status) {
  return notes_.put({{kRow, encode(status)}});
}

RotationStatus Rotation::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

// Whoever lost the lease stops as at the end of the process: another node goes on.
bool Rotation::stopping() const {
  const std::lock_guard lock(mutex_);
  return stop_ || lease_->lost();
}

Result<void> Rotation::check_nodes(const std::string& target) {
  const base::UnixTime now = clock_.now();
  if (auto announced = nodes_.announce(now, Nodes::When::kNow); !announced) return announced;
  auto nodes = nodes_.all();
  if (!nodes) return pass(nodes);
  for (const Node& node : *nodes) {
    if (!node.is_live(now)) continue;
    const bool has = std::ranges::find(node.keys, target) != node.keys.end();
    if (has && node.keys.front() == target) continue;
    const auto ago = (now.microseconds - node.seen.microseconds) / 1'000'000;
    return base::fail(
        Code::kRefused,
        "node " + node.name + " (seen " + std::to_string(std::max<std::int64_t>(ago, 0)) +
            " s ago) " + (has ? "does not wrap with master key " : "does not have master key ") +
            target,
        has ? "put that key first in its master_key too, send it SIGHUP, and try again"
            : "add the key to its master_key and send it SIGHUP; a node that is gone counts for "
              "60 s",
        "node_not_ready");
  }
  return {};
}

Result<void> Rotation::start(const std::string& by) {
  const std::lock_guard starting(starting_);
  std::optional<Leases::Held> lease;
  if (!working_) {
    auto taken = leases_.take(kLease);
    if (!taken) return pass(taken);
    lease = std::move(*taken);
  }
  const auto last = lease ? kept() : status();
  if (!lease || (last && last->state == RotationState::kRunning && last->target != not_ours_)) {
    return base::fail(Code::kConflict,
                      "a rotation to master key " + (last ? last->target : status().target) +
                          " is going on already",
                      "`sutler master-key status` shows how far it is");
  }
  const auto sealer = store_.sealer();
  const std::string target = sealer->keys().primary_id();
  auto used = store_.backend().key_use();
  if (!used) return pass(used);
  const bool all =
      std::ranges::all_of(*used, [&](const KeyUse& use) { return use.key_id == target; });
  if (all) {
    return base::fail(Code::kInvalid,
                      "master key " + target + ", the first of the list, wraps everything already",
                      options_.how, "nothing_to_rotate");
  }
  for (const KeyUse& use : *used) {
    if (sealer->keys().has(use.key_id)) continue;
    return base::fail(Code::kRefused,
                      "master key " + use.key_id + " still wraps data keys and is not configured",
                      "add it to master_key behind the new one");
  }
  if (auto ready = check_nodes(target); !ready) return ready;
  RotationStatus fresh{RotationState::kRunning, target, by, clock_.now(), {}, 0, {}, {}};
  if (auto noted = keep(fresh); !noted) return noted;
  launch(std::move(fresh), std::move(*lease));
  return {};
}

void Rotation::tell(RotationStatus status) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
}

void Rotation::resume() {
  const std::lock_guard starting(starting_);
  if (working_) return;
  auto last = kept();
  if (!last) return;
  if (last->state != RotationState::kRunning) {
    not_ours_.clear();
    tell(std::move(*last));
    return;
  }
  auto lease = leases_.take(kLease);
  if (!lease || !*lease) {
    tell(std::move(*last));
    return;
  }
  const std::string first = store_.sealer()->keys().primary_id();
  if (last->target != first) {
    if (not_ours_ != last->target) {
      base::log::warning(
          "a rotation of the master key was interrupted and does not go on, since "
          "its key is not the first any more",
          {{"target", last->target}, {"first", first}});
    }
    not_ours_ = last->target;
    last->state = RotationState::kFailed;
    last->error = "interrupted; its key is not the first of master_key any more";
    tell(std::move(*last));
    return;
  }
  // It may have ended between the two questions.
  last = kept();
  if (!last || last->state != RotationState::kRunning || last->target != first) return;
  base::log::info("the rotation of the master key goes on", {{"target", last->target}});
  launch(std::move(*last), std::move(**lease));
}

void Rotation::launch(RotationStatus status, Leases::Held lease) {
  if (thread_.joinable()) thread_.join();  // it has ended, or is about to
  {
    const std::lock_guard lock(mutex_);
    status_ = std::move(status);
    lease_ = std::move(lease);
  }
  working_ = true;
  thread_ = std::thread([this] {
    const auto last = run();
    std::optional<Leases::Held> done;
    {
      const std::lock_guard lock(mutex_);
      done.swap(lease_);
    }
    done.reset();
    working_ = false;
    if (last && ended_) ended_(*last);
  });
}

// What passes by itself is waited for; false: it does not, or we stop.
bool Rotation::wait_to_retry(const base::Error& error) {
  if (error.code != Code::kUnavailable && error.code != Code::kNoSpace) return false;
  std::unique_lock lock(mutex_);
  status_.error = error.message;
  return !stopped_.wait_for(lock, options_.retry_after, [this] { return stop_; });
}

// Nothing when it did not end here.
std::optional<RotationStatus> Rotation::run() {
  auto done = rewrap_all();
  while (!done && wait_to_retry(done.error())) done = rewrap_all();
  if (stopping()) return std::nullopt;  // the note says that it is running: somebody goes on
  RotationStatus last = status();
  last.ended = clock_.now();
  last.state = done ? RotationState::kDone : RotationState::kFailed;
  last.error = done ? std::string() : done.error().message;
  if (auto kept = keep(last); !kept) {
    base::log::warning("the end of a rotation could not be noted", {{"why", kept.error().message}});
  }
  tell(last);
  return last;
}

Result<void> Rotation::rewrap_all() {
  Skipped skipped;
  {
    const std::lock_guard lock(mutex_);
    status_.damaged = {};
  }
  while (!stopping()) {
    const auto sealer = store_.sealer();
    const std::string target = status().target;
    if (sealer->keys().primary_id() != target) {
      return base::fail(Code::kRefused,
                        "master key " + target + " is not the first of master_key any more");
    }
    auto found = store_.backend().wrapped_by_others(target, options_.look_ahead + skipped.size());
    if (!found) return pass(found);
    std::erase_if(*found, [&](const WrappedKey& row) {
      return skipped.contains({row.kind, row.id, row.version});
    });
    if (found->empty()) {
      if (!skipped.empty()) {
        if (auto rest = check_rest(target); !rest) return rest;
      }
      return store_.backend().scrub();
    }
    if (auto some = rewrap_some(*found, *sealer, skipped); !some) return some;
  }
  return {};
}

// Of the past a row may be damaged; current records without which the store does not open may not.
Result<void> Rotation::check_rest(const std::string& target) {
  auto used = store_.backend().key_use();
  if (!used) return pass(used);
  std::uint64_t current = 0;
  for (const KeyUse& use : *used) current += use.key_id == target ? 0 : use.current;
  if (current == 0) return {};
  return base::fail(Code::kCorrupt,
                    std::to_string(current) + " current records do not open with their master key",
                    "the database was changed from outside or is damaged; restore a backup");
}

void Rotation::skip(const WrappedKey& row, Skipped& skipped) {
  skipped.insert({row.kind, row.id, row.version});
  const auto snapshot = store_.snapshot();
  const auto codec = store_.codec();
  const std::lock_guard lock(mutex_);
  status_.damaged.add(*snapshot, codec->keys(), row.kind, row.id, row.version);
}

Result<void> Rotation::rewrap_some(std::vector<WrappedKey>& found, const Sealer& sealer,
                                   Skipped& skipped) {
  std::uint64_t replaced = 0;
  const std::size_t skipped_before = skipped.size();
  for (std::size_t at = 0; at < found.size() && !stopping();) {
    std::vector<Rewrap> batch;
    for (; at < found.size() && batch.size() < options_.batch; ++at) {
      auto one = sealer.rewrap(found[at]);
      if (one) {
        batch.push_back(std::move(*one));
      } else if (one.error().code == Code::kCorrupt) {
        skip(found[at], skipped);
      } else {
        return pass(one);
      }
    }
    auto done = store_.backend().rewrap(batch);
    if (!done) return pass(done);
    replaced += *done;
    RotationStatus now;
    {
      const std::lock_guard lock(mutex_);
      status_.rewrapped += *done;
      now = status_;
    }
    (void)keep(now);  // so that a crash forgets one batch of the count at most
  }
  if (replaced != 0 || skipped.size() != skipped_before || stopping()) return {};
  return base::fail(Code::kUnavailable, "the data keys change faster than they can be wrapped",
                    "try again", "rotation_overtaken");
}

}  // namespace sutler::store
