#include "store/store_impl.h"

namespace sutler::store {

using base::Code;
using base::Result;

namespace {

// What says nothing against what the database holds: it is away, busy, full, or lets us not in.
bool is_passing(const base::Error& error) {
  return error.name == kDatabaseUnreachable || error.name == kDatabaseBusy ||
         error.code == Code::kConflict || error.code == Code::kNoSpace ||
         error.name == kDatabaseDenied;
}

}  // namespace

Result<Batch> seal_all(std::vector<PlannedRecord> planned, const Sealer& sealer) {
  Batch batch;
  batch.records.reserve(planned.size() + 1);
  for (PlannedRecord& one : planned) {
    auto sealed = sealer.seal(one.record, one.header, one.body.expose());
    if (!sealed) return pass(sealed);
    batch.records.push_back(std::move(one.record));
  }
  return batch;
}

Result<void> add_opened(Delta& delta, const Batch& batch, const RecordCodec& codec) {
  Scratch scratch;
  for (const Record& record : batch.records) {
    auto opened = codec.open(record, scratch);
    if (!opened) return pass(opened);
    if (opened->group) {
      auto readable = opened->group->open();
      if (!readable) return pass(readable);
    }
    delta.add(std::move(*opened));
  }
  return {};
}

void Store::Impl::publish(Publication publication) {
  publication.after = state.snapshot;
  {
    const std::lock_guard lock(published_mutex);
    publication.before = std::exchange(published, state.snapshot);
    published_sealer = sealer;
    published_codec = codec;
  }
  for (const auto& subscriber : subscribers) subscriber(publication);
}

void Store::Impl::set_integrity(std::optional<base::Error> error) {
  const std::lock_guard lock(published_mutex);
  integrity = std::move(error);
}

std::optional<base::Error> Store::Impl::get_integrity() const {
  const std::lock_guard lock(published_mutex);
  return integrity;
}

// Of an epoch that a restore began everything is newer than what was before it.
Result<void> Store::Impl::check_successor(const Loaded& loaded) const {
  if (!codec) return {};
  if (!loaded.codec->keys().same_as(codec->keys())) {
    return base::fail(Code::kCorrupt, "the database holds another store than before");
  }
  const Head& next = loaded.state.head;
  const Head& ours = state.head;
  if (next.epoch < ours.epoch || (next.epoch == ours.epoch && next.revision < ours.revision) ||
      (next.epoch == ours.epoch && next.revision == ours.revision && next != ours)) {
    return base::fail(Code::kCorrupt,
                      "the database was put back to an older state: it is at revision " +
                          std::to_string(next.revision) + ", we had " +
                          std::to_string(ours.revision),
                      "if that was on purpose, restart the server");
  }
  if (next.epoch == ours.epoch && next.revision > ours.revision &&
      descent(next, ours) == Descent::kAnother) {
    return fail_fork(next);
  }
  return {};
}

Result<void> Store::Impl::take_over(Loaded&& loaded) {
  const bool first = !codec;
  if (auto fits = check_successor(loaded); !fits) return fits;
  if (!first && loaded.state.head == state.head) return {};  // what we have is what is there
  codec = std::move(loaded.codec);
  state = std::move(loaded.state);
  publish({.all = !first});
  return {};
}

Result<void> Store::Impl::verify_everything() {
  // Asked before the rows are read: what changes after it is seen the next time.
  auto stamp = backend->change_stamp();
  Result<void> verified;
  if (!stamp) {
    verified = pass(stamp);
  } else if (auto loaded = load_everything(*backend, sealer); !loaded) {
    verified = pass(loaded);
  } else {
    verified = take_over(std::move(*loaded));
  }
  if (!verified) {
    if (!is_passing(verified.error())) set_integrity(verified.error());
    return verified;
  }
  verified_stamp = *stamp;
  unsettled = false;
  set_integrity({});
  return {};
}

Result<void> Store::Impl::verify_if_changed() {
  auto stamp = backend->change_stamp();
  if (!stamp && is_passing(stamp.error())) return pass(stamp);
  if (!stamp || *stamp != verified_stamp || get_integrity()) return verify_everything();
  return unsettled ? follow_head() : Result<void>();
}

// What other nodes committed is laid over what we have; where that does not fit, all is read.
Result<void> Store::Impl::take_changes() {
  auto moved = store::catch_up(*backend, *codec, state);
  if (!moved && is_passing(moved.error())) return pass(moved);
  if (!moved) return verify_everything();  // keeps its error for integrity()
  unsettled = false;
  publish({.removed = std::move(moved->removed), .added = std::move(moved->added)});
  return {};
}

// Two commits can have the same revision when a failover lost one of them: the head tells.
Result<void> Store::Impl::follow_head() {
  auto row = read_head(*backend);
  if (!row && is_passing(row.error())) return pass(row);
  auto opened = row ? open_head(*sealer, *row) : Result<OpenedHead>(pass(row));
  if (!opened) return verify_everything();
  if (opened->head == state.head) {
    unsettled = false;
    return {};
  }
  const bool later =
      opened->head.epoch == state.head.epoch && opened->head.revision > state.head.revision;
  return later ? take_changes() : verify_everything();
}

Result<void> Store::Impl::ready_to_write() {
  // A store that failed its verification waits for verify(): a commit must not be what repairs it.
  if (const auto error = get_integrity()) {
    return base::fail(error->code == Code::kCorrupt ? Code::kCorrupt : Code::kUnavailable,
                      "the store failed its verification and takes no writes: " + error->message,
                      error->hint);
  }
  return verify_if_changed();
}

Result<std::uint64_t> Store::Impl::write(std::vector<PlannedRecord> planned,
                                         const CommitInfo& info) {
  const std::uint64_t revision = state.head.revision + 1;
  auto batch = seal_all(std::move(planned), *sealer);
  if (!batch) return pass(batch);
  Delta delta(state);
  if (auto opened = add_opened(delta, *batch, *codec); !opened) return pass(opened);
  auto head = seal_head(*sealer, delta.finish(revision, state.head.epoch), codec->keys());
  if (!head) return pass(head);
  batch->revision = revision;
  batch->records.push_back(std::move(*head));

  auto applied = backend->apply(*batch);
  if (!applied && applied.error().code == Code::kConflict) {
    (void)follow_head();
    return base::fail(Code::kConflict, "somebody else changed the store at the same time",
                      "repeat the change", kOvertaken);
  }
  if (!applied) {
    // The write may have happened all the same: only the backend can tell.
    auto written = was_written(batch->records.front());
    if (!written) {
      doubt(std::move(*batch), info);
      applied.error().message += "; the change may have been made all the same";
    }
    if (!written || !*written) return pass(applied);
  }
  Delta::Moved moved = std::move(delta).apply_to(state);
  publish({.removed = std::move(moved.removed), .added = std::move(moved.added)});
  return revision;
}

// Others may have committed since: the head need not be ours any more, but the version is.
Result<bool> Store::Impl::was_written(const Record& ours) {
  auto found = backend->version(ours.kind, ours.id, ours.version);
  if (!found) return pass(found);
  if (!*found) return false;
  const bool same = (*found)->header == ours.header && (*found)->body == ours.body;
  if (!same) unsettled = true;
  return same;
}

void Store::Impl::doubt(Batch&& batch, const CommitInfo& info) {
  unsettled = true;
  // While the database is away no commit gets as far as this.
  constexpr std::size_t kDoubtsMax = 100;
  if (doubts.size() == kDoubtsMax) doubts.erase(doubts.begin());
  doubts.push_back({info, batch.revision, std::move(batch.records.front())});
  in_doubt = true;
}

void Store::Impl::settle_doubts() {
  while (!doubts.empty()) {
    auto written = was_written(doubts.front().first);
    if (!written) return;
    const Doubt settled = std::move(doubts.front());
    doubts.erase(doubts.begin());
    if (!told) continue;
    told({settled.info, settled.revision,
          *written ? Settled::Outcome::kMade : Settled::Outcome::kNotMade});
  }
  in_doubt = false;
}

// Without the lock of a commit, which may be waiting for the database.
std::shared_ptr<const RecordCodec> Store::Impl::current_codec() const {
  const std::lock_guard lock(published_mutex);
  return published_codec;
}

Result<std::uint64_t> Store::Impl::purge(const std::vector<Purge>& purges) {
  const std::lock_guard lock(commit_mutex);
  if (auto ready = ready_to_write(); !ready) return pass(ready);
  return backend->purge(purges);
}

}  // namespace sutler::store
