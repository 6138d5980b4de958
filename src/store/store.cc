#include "store/store.h"

#include <algorithm>
#include <thread>

#include "crypto/random.h"
#include "store/store_impl.h"

namespace sutler::store {

using base::Code;
using base::Result;

namespace {

// Writers of other nodes may come first so often.
constexpr unsigned kCommitAttempts = 60;
constexpr unsigned kRefusalsMax = 5;
constexpr unsigned kCommitPauseMsMax = 10;  // times the attempt, up to five times

// Two nodes that met once should not meet again.
void pause_before(unsigned attempt) {
  std::uint32_t random = 0;
  crypto::random_fill({reinterpret_cast<unsigned char*>(&random), sizeof random});
  std::this_thread::sleep_for(
      std::chrono::microseconds(random % (std::min(attempt, 5U) * kCommitPauseMsMax * 1000)));
}

}  // namespace

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
  unsigned refused = 0;
  for (unsigned attempt = 1; attempt <= kCommitAttempts; ++attempt) {
    if (auto ready = impl_->ready_to_write(); !ready) return pass(ready);
    if (changes.empty()) return impl_->state.head.revision;
    const std::uint64_t before = impl_->state.head.revision;
    // Again on what the others left: an expected version that is no longer current shows here.
    auto planned = plan_changes(changes, impl_->state, impl_->codec->keys(), info);
    if (!planned) return pass(planned);
    written = impl_->write(std::move(*planned), info);
    if (written || written.error().name != kOvertaken) break;
    // Refused, though nobody came first: another attempt would end the same way.
    const bool moved = impl_->state.head.revision != before;
    if (!moved && ++refused == kRefusalsMax) break;
    pause_before(attempt);
  }
  return written;
}

Result<void> Store::catch_up() {
  if (impl_->backend->one_process()) return {};
  const std::lock_guard lock(impl_->commit_mutex);
  if (auto broken = impl_->get_integrity()) return base::Unexpected(std::move(*broken));
  auto revision = impl_->backend->revision();
  if (!revision) return pass(revision);
  if (*revision == impl_->state.head.revision && !impl_->unsettled) return {};
  return impl_->follow_head();
}

Result<void> Store::follow() {
  const std::lock_guard lock(impl_->commit_mutex);
  if (impl_->get_integrity()) return impl_->verify_everything();
  if (auto same = impl_->verify_if_changed(); !same) return same;
  if (auto followed = impl_->follow_head(); !followed) return followed;
  impl_->settle_doubts();
  return {};
}

void Store::on_settled(std::function<void(const Settled&)> told) {
  const std::lock_guard lock(impl_->commit_mutex);
  impl_->told = std::move(told);
}

bool Store::is_in_doubt() const { return impl_->in_doubt; }

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
  const std::lock_guard lock(impl_->published_mutex);
  return impl_->published_sealer;
}

std::shared_ptr<const RecordCodec> Store::codec() const { return impl_->current_codec(); }

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

Result<PurgePlan> Store::plan_purge(const std::string& team, const std::string& name,
                                    const PurgeRule& rule) {
  const auto now = snapshot();
  if (!now->find_group(team, name) && !now->find_deleted(team, name)) {
    return base::fail(Code::kNotFound,
                      "there never was a group \"" + name + "\" in team \"" + team + "\"");
  }
  const auto codec = impl_->current_codec();
  return History(*impl_->backend, *codec).plan_purge(*now, team, name, rule);
}

Result<PurgeReport> Store::purge(const std::string& team, const std::string& name,
                                 const PurgeRule& rule) {
  auto plan = plan_purge(team, name, rule);
  if (!plan) return pass(plan);
  PurgeReport report;
  report.damaged = std::move(plan->damaged);
  if (!plan->purge) return report;
  auto gone = impl_->purge({*plan->purge});
  if (!gone) return pass(gone);
  report.groups = 1;
  report.versions = *gone;
  return report;
}

Result<PurgeReport> Store::purge_all(const PurgeRule& rule, const PurgeWatch& watch) {
  const auto codec = impl_->current_codec();
  auto plans = History(*impl_->backend, *codec).plan_purges(*snapshot(), rule, watch.stop);
  if (!plans) return pass(plans);
  return carry_out(std::move(*plans), watch,
                   [this](const std::vector<Purge>& batch) { return impl_->purge(batch); });
}

}  // namespace sutler::store
