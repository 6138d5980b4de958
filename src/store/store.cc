#include "store/store.h"

#include <thread>

#include "crypto/random.h"
#include "store/change_plan.h"
#include "store/loader.h"

namespace sutler::store {

using base::Code;
using base::Result;

struct Store::Impl {
  Impl(std::unique_ptr<Backend> its_backend, std::shared_ptr<const Sealer> its_sealer)
      : backend(std::move(its_backend)),
        id(its_sealer->store_id()),
        sealer(std::move(its_sealer)) {}

  std::unique_ptr<Backend> backend;
  const std::string id;

  std::mutex commit_mutex;  // over everything down to the blank line
  std::shared_ptr<const Sealer> sealer;
  std::shared_ptr<const RecordCodec> codec;
  State state;
  std::uint64_t verified_stamp = 0;
  bool unsettled = false;  // the outcome of a write is not known
  std::vector<std::function<void(const Publication&)>> subscribers;

  mutable std::mutex published_mutex;  // never held while anything is waited for
  std::shared_ptr<const Snapshot> published;
  std::optional<base::Error> integrity;

  void publish(Publication publication);
  void set_integrity(std::optional<base::Error> error);
  [[nodiscard]] std::optional<base::Error> get_integrity() const;
  [[nodiscard]] Result<void> verify_everything();
  [[nodiscard]] Result<void> verify_if_changed();
  [[nodiscard]] Result<void> check_successor(const Loaded& loaded) const;
  [[nodiscard]] Result<void> take_over(Loaded&& loaded);
  [[nodiscard]] Result<void> ready_to_write();
  [[nodiscard]] Result<std::uint64_t> write(std::vector<PlannedRecord> planned);
  [[nodiscard]] Result<bool> was_written(const Batch& batch);
  [[nodiscard]] Result<void> take_changes();
  [[nodiscard]] Result<void> follow_head();
  [[nodiscard]] std::shared_ptr<const RecordCodec> current_codec();
  [[nodiscard]] Result<PurgeReport> carry_out(Result<std::vector<Purge>> purges);
};

namespace {

// Writers of other nodes may come first so often.
constexpr unsigned kCommitAttempts = 12;
constexpr unsigned kCommitPauseMsMax = 10;  // times the attempt

constexpr char kOvertaken[] = "overtaken";

// Two nodes that met once should not meet again.
void pause_before(unsigned attempt) {
  std::uint32_t random = 0;
  crypto::random_fill({reinterpret_cast<unsigned char*>(&random), sizeof random});
  std::this_thread::sleep_for(
      std::chrono::microseconds(random % (attempt * kCommitPauseMsMax * 1000)));
}

bool is_unreachable(const base::Error& error) { return error.name == kDatabaseUnreachable; }

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

// Opens what was just sealed, as the next start will: nothing is written that cannot be read.
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

}  // namespace

void Store::Impl::publish(Publication publication) {
  publication.after = state.snapshot;
  {
    const std::lock_guard lock(published_mutex);
    publication.before = std::exchange(published, state.snapshot);
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
    // A database that is away says nothing against what we have.
    if (!is_unreachable(verified.error())) set_integrity(verified.error());
    return verified;
  }
  verified_stamp = *stamp;
  unsettled = false;
  set_integrity({});
  return {};
}

Result<void> Store::Impl::verify_if_changed() {
  auto stamp = backend->change_stamp();
  if (!stamp && is_unreachable(stamp.error())) return pass(stamp);
  if (!stamp || *stamp != verified_stamp || get_integrity()) return verify_everything();
  return unsettled ? follow_head() : Result<void>();
}

// What other nodes committed is laid over what we have; where that does not fit, all is read.
Result<void> Store::Impl::take_changes() {
  auto moved = catch_up(*backend, *codec, state);
  if (!moved && is_unreachable(moved.error())) return pass(moved);
  if (!moved) return verify_everything();  // keeps its error for integrity()
  unsettled = false;
  publish({.removed = std::move(moved->removed), .added = std::move(moved->added)});
  return {};
}

// Two commits can have the same revision when a failover lost one of them: the head tells.
Result<void> Store::Impl::follow_head() {
  auto row = read_head(*backend);
  if (!row && is_unreachable(row.error())) return pass(row);
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

Result<std::uint64_t> Store::Impl::write(std::vector<PlannedRecord> planned) {
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
    (void)take_changes();
    return base::fail(Code::kConflict, "somebody else changed the store at the same time",
                      "repeat the change", kOvertaken);
  }
  if (!applied) {
    // The write may have happened all the same: only the backend can tell.
    auto written = was_written(*batch);
    if (!written) unsettled = true;
    if (!written || !*written) return pass(applied);
  }
  Delta::Moved moved = std::move(delta).apply_to(state);
  publish({.removed = std::move(moved.removed), .added = std::move(moved.added)});
  return revision;
}

// Others may have committed since: the head need not be ours any more, but the version is.
Result<bool> Store::Impl::was_written(const Batch& batch) {
  const Record& ours = batch.records.front();
  auto found = backend->version(ours.kind, ours.id, ours.version);
  if (!found) return pass(found);
  if (!*found) return false;
  const bool same = (*found)->header == ours.header && (*found)->body == ours.body;
  if (!same) unsettled = true;
  return same;
}

std::shared_ptr<const RecordCodec> Store::Impl::current_codec() {
  const std::lock_guard lock(commit_mutex);
  return codec;
}

Result<PurgeReport> Store::Impl::carry_out(Result<std::vector<Purge>> purges) {
  if (!purges) return pass(purges);
  if (purges->empty()) return PurgeReport{};
  const std::lock_guard lock(commit_mutex);
  if (auto ready = ready_to_write(); !ready) return pass(ready);
  auto gone = backend->purge(*purges);
  if (!gone) return pass(gone);
  return PurgeReport{purges->size(), *gone};
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<void> Store::create(Backend& backend, const crypto::MasterKeys& keys,
                           const CommitInfo& info) {
  auto revision = backend.revision();
  if (!revision) return pass(revision);
  if (*revision != 0) return base::fail(Code::kConflict, "the database holds a store already");
  auto id = backend.store_id();
  if (!id) return pass(id);
  const auto sealer =
      std::make_shared<const Sealer>(*id, std::make_shared<const crypto::MasterKeys>(keys));
  const auto store_keys = std::make_shared<const StoreKeys>(StoreKeys::generate());

  auto batch = seal_all(plan_first_records(*store_keys, info), *sealer);
  if (!batch) return pass(batch);
  State state{.head = {}, .snapshot = std::make_shared<Snapshot>(), .others = {}, .audit_seed = {}};
  Delta delta(state);
  auto opened = add_opened(delta, *batch, RecordCodec(sealer, store_keys));
  if (!opened) return pass(opened);
  auto head = seal_head(*sealer, delta.finish(1, 1), *store_keys);
  if (!head) return pass(head);
  batch->revision = 1;
  batch->records.push_back(std::move(*head));
  return backend.apply(*batch);
}

Result<std::unique_ptr<Store>> Store::open(std::unique_ptr<Backend> backend,
                                           std::shared_ptr<const crypto::MasterKeys> keys) {
  auto id = backend->store_id();
  if (!id) return pass(id);
  auto sealer = std::make_shared<const Sealer>(*id, std::move(keys));
  auto impl = std::make_unique<Impl>(std::move(backend), std::move(sealer));
  auto loaded = impl->verify_everything();
  if (!loaded) return pass(loaded);
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

std::shared_ptr<const Snapshot> Store::snapshot() const {
  const std::lock_guard lock(impl_->published_mutex);
  return impl_->published;
}

void Store::subscribe(std::function<void(const Publication&)> subscriber) {
  const std::lock_guard lock(impl_->commit_mutex);
  Publication first;
  first.after = impl_->state.snapshot;
  subscriber(first);
  impl_->subscribers.push_back(std::move(subscriber));
}

Result<std::uint64_t> Store::commit(std::vector<Change> changes, const CommitInfo& info) {
  if (auto fit = check_message(info.message); !fit) return pass(fit);
  const std::lock_guard lock(impl_->commit_mutex);
  Result<std::uint64_t> written;
  for (unsigned attempt = 1; attempt <= kCommitAttempts; ++attempt) {
    if (auto ready = impl_->ready_to_write(); !ready) return pass(ready);
    if (changes.empty()) return impl_->state.head.revision;
    // Again on what the others left: an expected version that is no longer current shows here.
    auto planned = plan_changes(changes, impl_->state, impl_->codec->keys(), info);
    if (!planned) return pass(planned);
    written = impl_->write(std::move(*planned));
    if (written || written.error().name != kOvertaken) break;
    pause_before(attempt);
  }
  return written;
}

Result<void> Store::follow() {
  const std::lock_guard lock(impl_->commit_mutex);
  if (impl_->get_integrity()) return impl_->verify_everything();
  if (auto same = impl_->verify_if_changed(); !same) return same;
  return impl_->follow_head();
}

Result<void> Store::verify() {
  const std::lock_guard lock(impl_->commit_mutex);
  return impl_->verify_if_changed();
}

std::optional<base::Error> Store::integrity() const { return impl_->get_integrity(); }

Result<base::Secret> Store::audit_seed() const {
  const std::lock_guard lock(impl_->commit_mutex);
  return impl_->state.audit_seed.clone();
}

Result<void> Store::change_keys(std::shared_ptr<const crypto::MasterKeys> keys) {
  const std::lock_guard lock(impl_->commit_mutex);
  auto needed = impl_->backend->key_use();
  if (!needed) return pass(needed);
  for (const KeyUse& use : *needed) {
    if (keys->has(use.key_id)) continue;
    return base::fail(Code::kRefused,
                      "master key " + use.key_id + " is still needed by " +
                          std::to_string(use.current) + " current records and " +
                          std::to_string(use.history) + " older versions",
                      "keep it in master_key until `sutler master-key rotate` is done");
  }
  auto sealer = std::make_shared<const Sealer>(impl_->id, std::move(keys));
  // What is in memory holds on to the old keys: all of it is read anew.
  auto loaded = load_everything(*impl_->backend, sealer);
  if (!loaded) return pass(loaded);
  if (auto fits = impl_->check_successor(*loaded); !fits) return fits;
  impl_->sealer = std::move(sealer);
  impl_->codec = std::move(loaded->codec);
  impl_->state = std::move(loaded->state);
  impl_->publish({.all = true});
  return {};
}

std::shared_ptr<const Sealer> Store::sealer() const {
  const std::lock_guard lock(impl_->commit_mutex);
  return impl_->sealer;
}

std::shared_ptr<const RecordCodec> Store::codec() const {
  const std::lock_guard lock(impl_->commit_mutex);
  return impl_->codec;
}

const std::string& Store::id() const { return impl_->id; }

Backend& Store::backend() { return *impl_->backend; }

Result<std::vector<Store::Version>> Store::history(const std::string& team,
                                                   const std::string& name) {
  const auto codec = impl_->current_codec();
  return History(*impl_->backend, *codec).versions(team, name);
}

Result<model::Group> Store::version(const std::string& team, const std::string& name,
                                    std::uint64_t version) {
  const auto codec = impl_->current_codec();
  return History(*impl_->backend, *codec).open(team, name, version);
}

Result<model::Team> Store::team_version(const std::string& id, std::uint64_t version) {
  const auto codec = impl_->current_codec();
  return History(*impl_->backend, *codec).open_team(id, version);
}

Result<Commit> Store::commit_changes(std::uint64_t revision) {
  auto found = commits({.first = revision, .last = revision, .changes_max = 0});
  if (!found) return pass(found);
  if (!found->empty()) return std::move(found->front());
  return base::fail(
      Code::kNotFound,
      "there is no revision " + std::to_string(revision) + ", or nothing of it is kept",
      "see which are: sutler revision list", "no_revision");
}

Result<std::vector<Commit>> Store::commits(const CommitQuery& query) {
  const auto codec = impl_->current_codec();
  return History(*impl_->backend, *codec).commits(query);
}

Result<PurgeReport> Store::purge(const std::string& team, const std::string& name,
                                 const PurgeRule& rule) {
  const auto now = snapshot();
  if (!now->find_group(team, name) && !now->find_deleted(team, name)) {
    return base::fail(Code::kNotFound,
                      "there never was a group \"" + name + "\" in team \"" + team + "\"");
  }
  const auto codec = impl_->current_codec();
  return impl_->carry_out(History(*impl_->backend, *codec).purgeable(team, name, rule));
}

Result<PurgeReport> Store::purge_all(const PurgeRule& rule, const PurgeConsent& before) {
  const auto codec = impl_->current_codec();
  auto purges = History(*impl_->backend, *codec).purgeable(*snapshot(), rule);
  if (purges && !purges->empty() && before) {
    if (auto agreed = before(purges->size()); !agreed) return pass(agreed);
  }
  return impl_->carry_out(std::move(purges));
}

}  // namespace sutler::store
