#include "store/change_plan.h"

#include <set>

#include "crypto/signature.h"
#include "store/group_codec.h"
#include "store/operator_codec.h"
#include "store/team_codec.h"

namespace sutler::store {

using base::Code;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kDefaultTeam = "default";

std::string quoted(std::string_view what, std::string_view name) {
  return std::string(what) + " \"" + std::string(name) + "\"";
}

std::string group_of_team(std::string_view team, std::string_view name) {
  return quoted("group", name) + " of " + quoted("team", team);
}

template <class Alternative>
std::optional<std::string> find_entry(const model::Group& group) {
  for (const auto& [name, variable] : group.variables) {
    if (std::holds_alternative<Alternative>(variable.value)) return name;
  }
  for (const auto& [path, file] : group.files) {
    if (std::holds_alternative<Alternative>(file.data)) return path;
  }
  return std::nullopt;
}

PlannedRecord make_record(std::string_view kind, std::string id, std::uint64_t version,
                          std::uint64_t revision) {
  PlannedRecord out;
  out.record.kind = kind;
  out.record.id = std::move(id);
  out.record.version = version;
  out.record.revision = revision;
  return out;
}

// Goes through the changes one by one; what they say of each other is checked at the end.
class Planner {
 public:
  Planner(const State& state, const StoreKeys& keys, const CommitInfo& info)
      : state_(state), keys_(keys), info_(info), revision_(state.head.revision + 1) {
    for (const auto& [id, record] : state.snapshot->teams) {
      team_paths_[id] = record->team.path;
      signing_keys_ += record->team.keys.size();
    }
    signing_keys_before_ = signing_keys_;
  }

  Result<void> plan(const PutGroup& change) {
    const model::GroupHeader& header = change.group.header;
    const std::string what = group_of_team(header.team, header.name);
    const auto current = state_.snapshot->find_group(header.team, header.name);
    if (auto ok = check_version(what, version_of(current), change.expected_version); !ok) return ok;
    if (const auto name = find_entry<model::Masked>(change.group)) {
      return fail(Code::kInvalid, what + ": \"" + *name + "\" is masked and has no value");
    }
    auto record = start(kGroupKind, header.team, header.name, what);
    if (!record) return pass(record);
    record->header = encode_group_header(header, pack_keys(change.group), info_);
    record->body = encode_group_body(change.group);
    teams_needed_.insert(header.team);
    planned_.push_back(std::move(*record));
    return {};
  }

  Result<void> plan(const DeleteGroup& change) {
    const std::string what = group_of_team(change.team, change.name);
    const auto current = state_.snapshot->find_group(change.team, change.name);
    if (!current) return fail(Code::kNotFound, "there is no " + what);
    if (auto ok = check_version(what, version_of(current), change.expected_version); !ok) return ok;
    auto record = start(kGroupKind, change.team, change.name, what);
    if (!record) return pass(record);
    record->record.deleted = true;
    record->header = encode_tombstone({change.team, change.name, info_});
    groups_deleted_.emplace(change.team, change.name);
    planned_.push_back(std::move(*record));
    return {};
  }

  Result<void> plan(const PutTeam& change) {
    const model::Team& team = change.team;
    if (auto ok = model::validate_team_id(team.id); !ok) return pass(ok);
    if (auto ok = model::validate_team_path(team.path); !ok) return pass(ok);
    if (team.id == kDefaultTeam && team.path != "/") {
      return fail(Code::kInvalid, "team \"default\" stays at path \"/\"");
    }
    if (team.keys.size() > base::limits::kSigningKeysPerTeamMax) {
      return fail(Code::kTooLarge,
                  quoted("team", team.id) + " would have more than " +
                      std::to_string(base::limits::kSigningKeysPerTeamMax) + " signing keys",
                  "retire one that is not used any more");
    }
    const std::string what = quoted("team", team.id);
    const auto current = find_team(team.id);
    if (auto ok = check_version(what, version_of(current), change.expected_version); !ok) return ok;
    auto record = start(kTeamKind, team.id, "", what);
    if (!record) return pass(record);
    signing_keys_ += team.keys.size() - keys_of(team.id);
    record->header = encode_team_header({team.id, info_});
    record->body = encode_team_body(team);
    team_paths_[team.id] = team.path;
    planned_.push_back(std::move(*record));
    return {};
  }

  Result<void> plan(const DeleteTeam& change) {
    const std::string what = quoted("team", change.id);
    const auto current = find_team(change.id);
    if (!current) return fail(Code::kNotFound, "there is no " + what);
    if (auto ok = check_version(what, version_of(current), change.expected_version); !ok) return ok;
    if (change.id == kDefaultTeam) {
      return fail(Code::kInvalid, "team \"default\" cannot be removed");
    }
    auto record = start(kTeamKind, change.id, "", what);
    if (!record) return pass(record);
    record->record.deleted = true;
    signing_keys_ -= keys_of(change.id);
    record->header = encode_tombstone({change.id, "", info_});
    team_paths_.erase(change.id);
    teams_deleted_.insert(change.id);
    planned_.push_back(std::move(*record));
    return {};
  }

  Result<void> plan(const PutOperator& change) {
    const model::Operator& who = change.who;
    if (auto ok = model::validate(who); !ok) return pass(ok);
    const std::string what = quoted("operator", who.name);
    const auto& present = *state_.snapshot->operators;
    const auto current = present.find(who.name);
    if (auto ok = check_version(what, version_of(current), change.expected_version); !ok) return ok;
    if (!current && present.all().size() >= base::limits::kOperatorsMax) {
      return fail(Code::kTooLarge, "there are " + std::to_string(base::limits::kOperatorsMax) +
                                       " operators already, and no more are kept");
    }
    auto record = start(kOperatorKind, who.name, "", what);
    if (!record) return pass(record);
    record->header = encode_team_header({who.name, info_});
    record->body = encode_operator_body(who);
    planned_.push_back(std::move(*record));
    return {};
  }

  Result<void> plan(const DeleteOperator& change) {
    const std::string what = quoted("operator", change.name);
    const auto current = state_.snapshot->operators->find(change.name);
    if (!current) return fail(Code::kNotFound, "there is no " + what);
    if (auto ok = check_version(what, version_of(current), change.expected_version); !ok) return ok;
    auto record = start(kOperatorKind, change.name, "", what);
    if (!record) return pass(record);
    record->record.deleted = true;
    record->header = encode_tombstone({change.name, "", info_});
    planned_.push_back(std::move(*record));
    return {};
  }

  Result<void> plan(const ExpectGroup& change) {
    const auto current = state_.snapshot->find_group(change.team, change.name);
    return check_version(group_of_team(change.team, change.name), version_of(current),
                         change.version);
  }

  Result<std::vector<PlannedRecord>> finish() && {
    for (const auto& team : teams_needed_) {
      if (team_paths_.contains(team)) continue;
      return fail(Code::kInvalid, "there is no " + quoted("team", team),
                  "make it with `sutler team add`");
    }
    std::map<std::string_view, std::string_view> team_at;
    for (const auto& [team, path] : team_paths_) {
      const auto [at, fresh] = team_at.emplace(path, team);
      if (fresh) continue;
      return fail(Code::kConflict,
                  quoted("team", team) + " would have the path " + path + " of " +
                      quoted("team", at->second),
                  "sutler team list shows the paths; --path PATH gives another");
    }
    if (auto empty = check_deleted_teams(); !empty) return pass(empty);
    if (signing_keys_ > base::limits::kSigningKeysMax && signing_keys_ > signing_keys_before_) {
      return fail(Code::kTooLarge,
                  "all teams together would have more than " +
                      std::to_string(base::limits::kSigningKeysMax) + " signing keys",
                  "remove teams that are not used any more; retired keys go when a new one comes");
    }
    return std::move(planned_);
  }

 private:
  // 0: there is none.
  static std::uint64_t version_of(const std::shared_ptr<const GroupRecord>& record) {
    return record ? record->version() : 0;
  }
  template <class Record>
  static std::uint64_t version_of(const std::shared_ptr<const Record>& record) {
    return record ? record->version : 0;
  }

  static Result<void> check_version(const std::string& what, std::uint64_t version,
                                    std::optional<std::uint64_t> expected) {
    if (!expected || *expected == version) return {};
    const std::string is =
        version == 0 ? "does not exist" : "is at version " + std::to_string(version);
    const std::string was =
        *expected == 0 ? ", and was to be made" : ", not at version " + std::to_string(*expected);
    return fail(Code::kConflict, what + " " + is + was, "read it again and repeat the change",
                kVersionMoved);
  }

  [[nodiscard]] std::shared_ptr<const TeamRecord> find_team(const std::string& id) const {
    const auto at = state_.snapshot->teams.find(id);
    return at == state_.snapshot->teams.end() ? nullptr : at->second;
  }

  Result<PlannedRecord> start(std::string_view kind, std::string_view team, std::string_view name,
                              const std::string& what) {
    std::string id = keys_.record_id(kind, team, name);
    if (!ids_.insert(id).second) {
      return fail(Code::kInvalid, what + " is changed twice in one commit");
    }
    return make_record(kind, std::move(id), current_version(kind, team, name) + 1, revision_);
  }

  // Counts on where a deleted record stopped.
  std::uint64_t current_version(std::string_view kind, std::string_view team,
                                std::string_view name) const {
    if (kind == kGroupKind) {
      if (const auto group = state_.snapshot->find_group(team, name)) return group->version();
    }
    const auto at = state_.others.find(held_key(kind, keys_.record_id(kind, team, name)));
    return at == state_.others.end() ? 0 : at->second.version;
  }

  Result<void> check_deleted_teams() const {
    if (teams_deleted_.empty()) return {};
    std::optional<std::string> left;
    state_.snapshot->groups.for_all([&](const std::shared_ptr<const GroupRecord>& group) {
      const auto& header = group->header();
      if (!left && teams_deleted_.contains(header.team) &&
          !groups_deleted_.contains({header.team, header.name})) {
        left = group_of_team(header.team, header.name);
      }
    });
    if (!left) return {};
    return fail(Code::kConflict, "the team still has groups: " + *left, "delete its groups first");
  }

  [[nodiscard]] std::size_t keys_of(const std::string& team) const {
    const auto found = find_team(team);
    return found ? found->team.keys.size() : 0;
  }

  const State& state_;
  const StoreKeys& keys_;
  const CommitInfo& info_;
  std::uint64_t revision_;
  std::map<std::string, std::string> team_paths_;  // of the teams there will be
  std::size_t signing_keys_ = 0;                   // that there will be, of all teams
  std::size_t signing_keys_before_ = 0;
  std::set<std::string> teams_needed_;
  std::set<std::string> teams_deleted_;
  std::set<std::pair<std::string, std::string>> groups_deleted_;
  std::set<std::string> ids_;
  std::vector<PlannedRecord> planned_;
};

}  // namespace

Result<std::vector<PlannedRecord>> plan_changes(const std::vector<Change>& changes,
                                                const State& state, const StoreKeys& keys,
                                                const CommitInfo& info) {
  Planner planner(state, keys, info);
  for (const Change& change : changes) {
    auto planned = std::visit([&](const auto& one) { return planner.plan(one); }, change);
    if (!planned) return pass(planned);
  }
  return std::move(planner).finish();
}

std::vector<PlannedRecord> plan_first_records(const StoreKeys& keys, const CommitInfo& info) {
  std::vector<PlannedRecord> out;
  PlannedRecord seed =
      make_record(kSystemKind, keys.record_id(kSystemKind, "", kAuditSeedName), 1, 1);
  seed.header = encode_team_header({std::string(kAuditSeedName), info});
  seed.body = base::Secret(crypto::SigningKey::generate().seed());
  out.push_back(std::move(seed));

  model::Team team;
  team.id = kDefaultTeam;
  team.path = "/";
  PlannedRecord first = make_record(kTeamKind, keys.record_id(kTeamKind, team.id, ""), 1, 1);
  first.header = encode_team_header({team.id, info});
  first.body = encode_team_body(team);
  out.push_back(std::move(first));
  return out;
}

}  // namespace sutler::store
