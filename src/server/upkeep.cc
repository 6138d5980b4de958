#include "server/upkeep.h"

#include "base/log.h"
#include "server/restore_note.h"
#include "store/sealer.h"

namespace sutler::server {

using base::Result;

namespace {

store::Backups::Options backup_options(const Options& options, const audit::Log& audit,
                                       const ThisNode& node, store::Leases& leases,
                                       const store::Notes& notes) {
  store::Backups::Options out;
  out.folder = options.backup_dir;
  out.every = options.backup_every;
  out.keep = options.backup_keep;
  out.version = SUTLER_VERSION;
  if (!node.telemetry.empty()) {
    out.leases = &leases;
    out.notes = &notes;
  }
  out.audit_position = [&audit] {
    const audit::Position position = audit.position();
    return std::pair(position.seq, position.hash);
  };
  return out;
}

}  // namespace

Upkeep::Upkeep(const Options& options, const DataDir& dir, store::Store& store, audit::Log& audit,
               const base::Clock& clock, const base::Secret& seed, const ThisNode& node)
    : options_(options),
      dir_(dir),
      store_(store),
      audit_(audit),
      clock_(clock),
      notes_(store.backend(), seed),
      telemetry_node_(node.telemetry),
      nodes_(store, notes_, node.host, dir.path().string()),
      leases_(store.backend(), nodes_.own_id()),
      key_times_(notes_),
      rotation_(store, nodes_, notes_, leases_, clock, {.how = options.master_keys_how},
                [this](const store::RotationStatus& status) { rotation_ended(status); }),
      backups_(store, clock, backup_options(options, audit, node, leases_, notes_),
               [this](auto why, const auto& result) { backup_done(why, result); }) {}

std::string Upkeep::master_key_state() const {
  const store::RotationStatus rotation = rotation_.status();
  return store_.sealer()->keys().primary_id() + " " + rotation.target + " " +
         std::to_string(rotation.started.microseconds) + " " +
         std::to_string(rotation.ended.microseconds);
}

Result<void> Upkeep::start() {
  nodes_.load();
  key_times_.load();
  auto recorded = record_restore(notes_, leases_, audit_, clock_.now());
  restore_told_ = recorded.has_value();
  // A start without the database makes up for it.
  if (!recorded && recorded.error().code != base::Code::kUnavailable) return recorded;
  if (auto announced = nodes_.announce(clock_.now(), store::Nodes::When::kNow); !announced) {
    base::log::warning("this node could not announce itself in the store",
                       {{"why", announced.error().message}});
  }
  rotation_.resume();
  return {};
}

void Upkeep::tick(provider::KeyUse& use) {
  leases_.tick();
  key_times_.flush(use, clock_.now(), KeyTimes::When::kIfDue);
  const auto announced = nodes_.announce(clock_.now(), store::Nodes::When::kIfDue);
  if (announced_ && !announced) {
    base::log::warning("this node could not announce itself in the store",
                       {{"why", announced.error().message}});
  }
  announced_ = announced.has_value();
  const base::UnixTime now = clock_.now();
  if (telemetry_node_.empty() || (looked_ <= now && now < looked_ + store::kRotationLookEvery)) {
    return;
  }
  looked_ = now;
  if (!restore_told_) restore_told_ = record_restore(notes_, leases_, audit_, now).has_value();
  rotation_.resume();
}

registry::PeerOptions Upkeep::peers() {
  registry::PeerOptions out;
  out.node = telemetry_node_;
  out.leases = &leases_;
  out.may_return = [this] { return nodes_.may_return(clock_.now()); };
  return out;
}

void Upkeep::stop(provider::KeyUse& use) {
  key_times_.flush(use, clock_.now(), KeyTimes::When::kNow);
  (void)nodes_.announce(clock_.now(), store::Nodes::When::kStopping);
}

Result<void> Upkeep::change_master_keys() {
  if (!options_.reread_master_keys) return {};
  auto specs = options_.reread_master_keys();
  if (!specs) return pass(specs);
  if (specs->empty()) specs->push_back("file:" + dir_.master_key().string());
  const auto before = store_.sealer();
  auto loaded = crypto::MasterKeys::load(*specs, &before->keys());
  if (!loaded) return pass(loaded);
  if (loaded->ids() == before->keys().ids()) return {};
  const auto fresh = std::make_shared<const crypto::MasterKeys>(std::move(*loaded));
  const std::string first = fresh->primary_id();
  audit::Event event{.time = clock_.now(), .event = "master_key.list", .key_id = first};
  event.outcome = audit::Outcome::kIntent;
  if (auto intent = audit_.append({&event, 1}, audit::Durability::kSynced); !intent) return intent;
  nodes_.carry_counts(before->keys(), *fresh);
  auto changed = store_.change_keys(fresh);
  event.outcome = changed ? audit::Outcome::kOk : audit::Outcome::kFailed;
  if (!changed) event.reason = base::code_name(changed.error().code);
  record(event);
  if (!changed) return changed;
  base::log::info("the list of master keys is another now", {{"first", first}});
  return nodes_.announce(clock_.now(), store::Nodes::When::kNow);
}

void Upkeep::reload_master_keys() {
  auto changed = change_master_keys();
  if (changed) return;
  base::log::error("the list of master keys was read again and not taken; the old one is used on",
                   {{"why", changed.error().message}, {"hint", changed.error().hint}});
}

void Upkeep::record(const audit::Event& event) {
  auto written = audit_.append({&event, 1}, audit::Durability::kSynced);
  if (written) return;
  base::log::warning("an event could not be recorded",
                     {{"event", event.event}, {"why", written.error().message}});
}

void Upkeep::rotation_ended(const store::RotationStatus& status) {
  const bool done = status.state == store::RotationState::kDone;
  for (const store::DamagedRow& row : status.damaged.rows) {
    base::log::warning("a record does not open and stays under its old master key",
                       {{"record", store::describe(row)}});
  }
  if (done && status.damaged.count == 0) {
    base::log::info("the master key is rotated: nothing in the store needs another one",
                    {{"key", status.target}});
  } else if (done) {
    base::log::warning(
        "the master key is rotated, but for records that do not open",
        {{"key", status.target}, {"damaged", static_cast<std::int64_t>(status.damaged.count)}});
  } else {
    base::log::error("the rotation of the master key failed", {{"why", status.error}});
  }
  const std::string damaged = status.damaged.json();
  record({.time = clock_.now(),
          .event = "master_key.rotated",
          .outcome = done ? audit::Outcome::kOk : audit::Outcome::kFailed,
          .operator_name = status.by,
          .groups_json = damaged,
          .reason = status.damaged.count != 0 ? "damaged" : "",
          .key_id = status.target,
          .count = status.rewrapped});
}

void Upkeep::backup_done(store::Backups::Why why, const Result<store::WrittenBackup>& result) {
  if (result) {
    base::log::info("a backup was made", {{"file", result->file.native()}});
  } else {
    base::log::error("a backup failed", {{"why", result.error().message}});
  }
  if (why == store::Backups::Why::kAsked) return;  // the request has its record
  const std::string_view reason = result ? "" : base::code_name(result.error().code);
  record({.time = clock_.now(),
          .event = "backup.create",
          .outcome = result ? audit::Outcome::kOk : audit::Outcome::kFailed,
          .operator_name = "schedule",
          .revision = result ? result->info.revision : 0,
          .reason = reason});
}

admin::Background Upkeep::background() {
  return {&rotation_, &nodes_, &backups_, [this](const std::string& team, const std::string& key) {
            return key_times_.last(team, key);
          }};
}

}  // namespace sutler::server
