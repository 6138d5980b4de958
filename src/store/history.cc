#include "store/history.h"

#include <algorithm>

#include "store/head.h"
#include "store/record_codec.h"

namespace sutler::store {

using base::Code;
using base::Result;

namespace {

constexpr const char* kWayOut =
    "the database was changed from outside or is damaged; restore a "
    "backup";

std::string quoted(const std::string& name) { return "group \"" + name + "\""; }

GroupVersion version_of(const Record& record, CommitInfo info) {
  return {record.version,      record.revision, info.when,
          std::move(info.who), record.deleted,  std::move(info.message)};
}

// The versions below it may go. Those before the last that opens do not open, or there are none: of
// them only that is known, that they were in force until that one came.
std::uint64_t purge_below(std::vector<GroupVersion> newest_first, const PurgeRule& rule) {
  newest_first.emplace_back();
  return oldest_kept(newest_first, rule);
}

// Of a group of which `old` are kept before the current version; `lowest` is the first of its rows.
std::optional<Purge> purge_of(std::vector<GroupVersion> old, const std::string& id,
                              std::uint64_t lowest, const GroupVersion& current,
                              const PurgeRule& rule) {
  old.push_back(current);
  std::ranges::reverse(old);
  const std::uint64_t keep = purge_below(std::move(old), rule);
  if (keep <= lowest) return std::nullopt;
  return Purge{std::string(kGroupKind), id, keep};
}

std::optional<GroupVersion> current_of(const Snapshot& snapshot, const std::string& team,
                                       const std::string& name) {
  if (const auto group = snapshot.find_group(team, name)) {
    return GroupVersion{group->version(), group->revision(), group->changed(), {}, false};
  }
  if (const auto gone = snapshot.find_deleted(team, name)) {
    return GroupVersion{gone->version, gone->revision, gone->changed, {}, true};
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t oldest_kept(const std::vector<GroupVersion>& versions, const PurgeRule& rule) {
  std::size_t stay = 1;
  while (stay < versions.size()) {
    // A version is in force until the next one is written.
    const bool by_count = rule.keep_versions && stay < *rule.keep_versions;
    // One that was saved while the clock was back must not make those before it look long gone.
    const bool by_time =
        rule.in_force_since &&
        std::max(versions[stay - 1].when, versions[stay].when) >= *rule.in_force_since;
    const bool no_rule = !rule.keep_versions && !rule.in_force_since;
    if (!by_count && !by_time && !no_rule) break;
    ++stay;
  }
  return versions[stay - 1].version;
}

Result<std::vector<GroupVersion>> History::versions(const std::string& team,
                                                    const std::string& name) const {
  const std::string id = codec_.keys().record_id(kGroupKind, team, name);
  auto records = backend_.history(std::string(kGroupKind), id);
  if (!records) return pass(records);
  std::vector<GroupVersion> out;
  for (const Record& record : *records) {
    if (record.kind != kGroupKind || record.id != id ||
        (!out.empty() && record.version + 1 != out.back().version)) {
      return base::fail(Code::kCorrupt, "the history of " + quoted(name) + " has a gap", kWayOut);
    }
    auto about = codec_.open_about(record);
    if (!about) {
      return pass(about, quoted(name) + ", version " + std::to_string(record.version));
    }
    out.push_back(version_of(record, std::move(about->info)));
  }
  return out;
}

Result<OpenedRecord> History::find(const Where& where) const {
  const std::string id = codec_.keys().record_id(where.kind, where.team, where.name);
  auto record = backend_.version(std::string(where.kind), id, where.version);
  if (!record) return pass(record, where.what);
  if (!*record) {
    const std::string hint =
        where.name.empty() ? std::string() : "see which are: sutler group history " + where.name;
    return base::fail(Code::kNotFound, where.what + " is not kept", hint, "no_version");
  }
  const Record& row = **record;
  if (row.kind != where.kind || row.id != id || row.version != where.version) {
    return base::fail(Code::kCorrupt, where.what + " is another record's row", kWayOut);
  }
  Scratch scratch;
  auto opened = codec_.open(row, scratch);
  if (!opened) return pass(opened, where.what);
  if (opened->team != where.team || opened->name != where.name) {
    return base::fail(Code::kCorrupt, where.what + " is another record's row", kWayOut);
  }
  if (opened->held.deleted) {
    return base::fail(Code::kNotFound, where.what + " is its deletion and has no content",
                      "take the version before", "deleted_version");
  }
  return opened;
}

Result<model::Group> History::open(const std::string& team, const std::string& name,
                                   std::uint64_t version) const {
  const std::string what = quoted(name) + ", version " + std::to_string(version);
  auto opened = find({kGroupKind, team, name, version, what});
  if (!opened) return pass(opened);
  auto group = opened->group->open();
  if (!group) return pass(group, what);
  return std::move(*group);
}

Result<model::Team> History::open_team(const std::string& id, std::uint64_t version) const {
  auto opened =
      find({kTeamKind, id, {}, version, "team \"" + id + "\", version " + std::to_string(version)});
  if (!opened) return pass(opened);
  return model::clone(opened->team_record->team);
}

Result<std::vector<Commit>> History::commits(const CommitQuery& query) const {
  std::vector<Commit> out;
  std::string last_place;
  auto read = backend_.changes(query.first, query.last, [&](Record&& record) -> Result<void> {
    const std::uint64_t revision = record.revision;
    if (revision < query.first || revision > query.last ||
        (!out.empty() && revision < out.back().revision)) {
      return base::fail(Code::kCorrupt, "the database answers with changes of another revision",
                        kWayOut);
    }
    const bool next = out.empty() || out.back().revision != revision;
    if (!next && out.back().changes.size() >= query.changes_max && query.changes_max > 0) {
      ++out.back().more;
      return {};
    }
    auto about = codec_.open_about(record);
    if (!about) return pass(about, "revision " + std::to_string(revision));
    std::string place = record.kind + "/" + record.id;
    if (!next && place == last_place) {
      return base::fail(Code::kCorrupt,
                        "revision " + std::to_string(revision) + " has a record twice", kWayOut);
    }
    last_place = std::move(place);
    if (next) out.push_back({.revision = revision, .info = about->info, .changes = {}, .more = 0});
    out.back().changes.push_back({record.kind, std::move(about->team), std::move(about->name),
                                  record.version, record.deleted});
    return {};
  });
  if (!read) return pass(read);
  return out;
}

Result<PurgePlan> History::plan_purge(const Snapshot& snapshot, const std::string& team,
                                      const std::string& name, const PurgeRule& rule) const {
  const std::string id = codec_.keys().record_id(kGroupKind, team, name);
  auto records = backend_.history(std::string(kGroupKind), id);
  if (!records) return pass(records);
  PurgePlan plan;
  std::vector<GroupVersion> versions;  // that open
  for (const Record& record : *records) {
    auto about = record.kind == kGroupKind && record.id == id
                     ? codec_.open_about(record)
                     : base::fail(Code::kCorrupt, "it is another record's row", kWayOut);
    if (about) {
      versions.push_back(version_of(record, std::move(about->info)));
    } else if (about.error().code != Code::kCorrupt || versions.empty()) {
      return pass(about, quoted(name) + ", version " + std::to_string(record.version));
    } else {
      plan.damaged.add(snapshot, codec_.keys(), kGroupKind, id, record.version);
    }
  }
  if (versions.empty()) return plan;
  const std::uint64_t keep = purge_below(std::move(versions), rule);
  plan.goes = static_cast<std::uint64_t>(
      std::ranges::count_if(*records, [&](const Record& record) { return record.version < keep; }));
  plan.stays = records->size() - plan.goes;
  if (plan.goes != 0) plan.purge = Purge{std::string(kGroupKind), id, keep};
  return plan;
}

Result<History::PurgePlans> History::plan_purges(const Snapshot& snapshot, const PurgeRule& rule,
                                                 const std::function<bool()>& stop) const {
  PurgePlans out;
  std::vector<GroupVersion> old;  // of one group, oldest first
  std::string id;
  std::uint64_t lowest = 0;  // row with this id, whether it opens or not
  RecordCodec::About group;
  const auto finish = [&] {
    if (old.empty()) return;
    // A group that the snapshot does not know was changed meanwhile: the next time will do.
    if (const auto current = current_of(snapshot, group.team, group.name)) {
      if (current->version > old.back().version) {
        if (auto purge = purge_of(std::move(old), id, lowest, *current, rule)) {
          out.purges.push_back(std::move(*purge));
        }
      }
    }
    old.clear();
  };
  auto read = backend_.old_versions([&](Record&& record) -> Result<void> {
    if (stop && stop()) {
      out.report.stopped = true;
      return base::fail(Code::kUnavailable, "stopped");
    }
    if (record.kind != kGroupKind) return {};
    auto about = codec_.open_about(record);
    if (!about && about.error().code != Code::kCorrupt) return pass(about);
    if (record.id != id) {
      finish();
      id = record.id;
      lowest = record.version;
    }
    if (!about) {
      out.report.damaged.add(snapshot, codec_.keys(), record.kind, record.id, record.version);
      return {};
    }
    old.push_back(version_of(record, std::move(about->info)));
    group = std::move(*about);
    return {};
  });
  if (!read && !out.report.stopped) return pass(read);
  finish();
  return out;
}

}  // namespace sutler::store
