// What the store keeps beside its current records: older versions, and which commit wrote what.
//
// Each row of the past is sealed to its own place, version and revision like a current one, so that
// one that was edited or moved does not open (kCorrupt, named). The head says nothing of the past:
// a row that is missing can only be noticed by the gap it leaves between two others.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/group.h"
#include "model/team.h"
#include "store/backend/backend.h"
#include "store/commit_info.h"
#include "store/damaged.h"
#include "store/snapshot.h"

namespace sutler::store {

class RecordCodec;
struct OpenedRecord;

// One kept version of a group.
struct GroupVersion {
  std::uint64_t version = 0;
  std::uint64_t revision = 0;
  base::UnixTime when;
  std::string who;
  bool deleted = false;  // this version is the deletion
  std::string message = {};
};

// A commit, as far as what it wrote is still kept.
struct Commit {
  struct Change {
    std::string kind;  // "group", "team" or "system"
    std::string team;
    std::string name;  // of a group
    std::uint64_t version = 0;
    bool deleted = false;
  };
  std::uint64_t revision = 0;
  CommitInfo info;
  std::vector<Change> changes;
  std::uint64_t more = 0;  // changes that are not listed
};

struct CommitQuery {
  std::uint64_t first = 1;
  std::uint64_t last = 0;
  std::size_t changes_max = 0;  // of each commit; the others are only counted
};

// Which versions of a group stay. The current one always does; an older one goes only when each
// rule that is given lets it go.
struct PurgeRule {
  std::optional<std::uint64_t> keep_versions;  // the newest so many stay, the current one counted
  // A version that was in force at this time or later stays.
  std::optional<base::UnixTime> in_force_since;
};

struct PurgeReport {
  std::uint64_t groups = 0;    // that lost a version
  std::uint64_t versions = 0;  // that went
  // Older versions that do not open. By them nothing is reckoned; they go with those before them.
  Damaged damaged = {};
  bool stopped = false;                    // before it was through
  std::optional<base::Error> failed = {};  // what ended it before it was through
};

// What a rule would do to the history of one group.
struct PurgePlan {
  std::optional<Purge> purge;
  std::uint64_t goes = 0, stays = 0;  // versions
  Damaged damaged = {};
};

// Reads the past of one store. The referenced things must outlive it. Thread-safe.
class History {
 public:
  History(Backend& backend, const RecordCodec& codec) : backend_(backend), codec_(codec) {}

  // Newest first; empty when there never was such a group. kCorrupt: a version does not open, or
  // one between two others is missing.
  [[nodiscard]] base::Result<std::vector<GroupVersion>> versions(const std::string& team,
                                                                 const std::string& name) const;
  // kNotFound: that version is not kept, or is a deletion (`deleted_version`).
  [[nodiscard]] base::Result<model::Group> open(const std::string& team, const std::string& name,
                                                std::uint64_t version) const;
  // A team as it was; errors as open().
  [[nodiscard]] base::Result<model::Team> open_team(const std::string& id,
                                                    std::uint64_t version) const;
  // Oldest first. Commits of which nothing is kept are not there.
  [[nodiscard]] base::Result<std::vector<Commit>> commits(const CommitQuery& query) const;

  // What the rule lets go, of one group that the snapshot has or had. kCorrupt: its current version
  // does not open.
  [[nodiscard]] base::Result<PurgePlan> plan_purge(const Snapshot& snapshot,
                                                   const std::string& team, const std::string& name,
                                                   const PurgeRule& rule) const;
  // Of all groups. `stop` is asked with each row; once it says true the report is `stopped`.
  struct PurgePlans {
    std::vector<Purge> purges;
    PurgeReport report;
  };
  [[nodiscard]] base::Result<PurgePlans> plan_purges(const Snapshot& snapshot,
                                                     const PurgeRule& rule,
                                                     const std::function<bool()>& stop) const;

 private:
  struct Where {
    std::string_view kind;
    std::string team, name;  // of a team no name
    std::uint64_t version;
    std::string what;  // for errors
  };
  // Opened, and surely that record. kNotFound as open().
  [[nodiscard]] base::Result<OpenedRecord> find(const Where& where) const;

  Backend& backend_;
  const RecordCodec& codec_;
};

// Of a group's versions, newest first, the oldest that stays under the rule. `versions` is not
// empty.
[[nodiscard]] std::uint64_t oldest_kept(const std::vector<GroupVersion>& versions,
                                        const PurgeRule& rule);

}  // namespace sutler::store
