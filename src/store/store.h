// The store: sealed records over an untrusted backend, and the snapshot that the rest of sutler
// reads.
//
// Invariants: (1) what is acknowledged is durable; (2) the snapshot is exactly what the sealed head
// says (revision, count, set-hash of the current records), else it is not published and the last
// one stays; (3) nothing readable reaches the backend but sizes, opaque ids and numbers. commit()
// and verify() are serialised by a lock; snapshot() may be called from any thread at any time and
// never waits for the database.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/master_key.h"
#include "model/group.h"
#include "model/operator.h"
#include "model/team.h"
#include "store/backend/backend.h"
#include "store/commit_info.h"
#include "store/history.h"
#include "store/purge.h"
#include "store/snapshot.h"

namespace sutler::store {

class RecordCodec;

// One change of a commit. `expected_version`: the version the writer saw (0: none); nothing:
// whatever.
struct PutGroup {
  model::Group group;  // validated, no Masked value left
  std::optional<std::uint64_t> expected_version = {};
};
struct DeleteGroup {
  std::string team;
  std::string name;
  std::optional<std::uint64_t> expected_version = {};
};
struct PutTeam {
  model::Team team;
  std::optional<std::uint64_t> expected_version = {};
};
struct DeleteTeam {
  std::string id;
  std::optional<std::uint64_t> expected_version = {};
};
struct PutOperator {
  model::Operator who;
  std::optional<std::uint64_t> expected_version = {};
};
struct DeleteOperator {
  std::string name;
  std::optional<std::uint64_t> expected_version = {};
};
// Changes nothing: the commit is made only while the group is at that version (0: there is none).
struct ExpectGroup {
  std::string team;
  std::string name;
  std::uint64_t version = 0;
};
using Change = std::variant<PutGroup, DeleteGroup, PutTeam, DeleteTeam, PutOperator, DeleteOperator,
                            ExpectGroup>;

// The name of the error (kConflict) of a commit whose expected version is not current: whoever did
// not name it himself may plan anew.
inline constexpr char kVersionMoved[] = "version_moved";

// What a commit or reload did to the snapshot, for those who keep something derived from it.
struct Publication {
  std::shared_ptr<const Snapshot> before = {};  // null: the first
  std::shared_ptr<const Snapshot> after = {};
  // Groups that went and came, by object of `before` and `after`. Empty on the first publication
  // and when `all` is set: everything may differ.
  std::vector<std::shared_ptr<const GroupRecord>> removed = {};
  std::vector<std::shared_ptr<const GroupRecord>> added = {};
  bool all = false;
};

// What became of a commit that commit() could not tell the outcome of.
struct Settled {
  CommitInfo info;
  std::uint64_t revision = 0;  // that it made, or would have made
  enum class Outcome { kMade, kNotMade } outcome = Outcome::kNotMade;
};

class Store {
 public:
  // An empty store on an empty backend: writes the head, the audit key and the team `default` at
  // path "/". kConflict when the backend holds records already.
  [[nodiscard]] static base::Result<void> create(Backend& backend, const crypto::MasterKeys& keys,
                                                 const CommitInfo& info);
  // Loads and verifies everything. kRefused names a master key that is missing, kCorrupt the record
  // (kind and id) that is not what the head says, kNotFound an empty backend.
  [[nodiscard]] static base::Result<std::unique_ptr<Store>> open(
      std::unique_ptr<Backend> backend, std::shared_ptr<const crypto::MasterKeys> keys);
  ~Store();

  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;
  // Called under the commit lock after each publication, and once at once with the current
  // snapshot.
  void subscribe(std::function<void(const Publication&)> subscriber);

  // Called under the commit lock for each commit whose outcome was not known, when it is: with the
  // next follow() that reaches the database. A store that is opened anew knows of none.
  void on_settled(std::function<void(const Settled&)> told);
  // Whether there is one.
  [[nodiscard]] bool is_in_doubt() const;

  // All changes as one revision, durable and published when it returns; gives the new revision.
  // kConflict (an expected version is not current, named: kVersionMoved), kNotFound (delete of
  // nothing), kInvalid (a team of a group that does not exist, a path that two teams have, a
  // message that check_message() refuses), kNoSpace, kUnavailable (the database cannot be reached,
  // or its answer to the commit was lost: then it may have been made all the same), kCorrupt (the
  // store failed verification and takes no writes).
  [[nodiscard]] base::Result<std::uint64_t> commit(std::vector<Change> changes,
                                                   const CommitInfo& info);

  // The same where the revision alone says that there is something: for who is about to plan a
  // change. Costs one question, and none where one process has the store. Errors as follow().
  [[nodiscard]] base::Result<void> catch_up();
  // Takes over what other nodes have committed, after a look at the head. kUnavailable
  // (kDatabaseUnreachable): the database cannot be asked, and the snapshot stays what it is; other
  // errors as verify().
  [[nodiscard]] base::Result<void> follow();

  // Looks whether the database was changed from outside and, if so, verifies all of it. An error
  // means that the last good snapshot is served on and writes are refused until verify() succeeds
  // again.
  [[nodiscard]] base::Result<void> verify();
  // The error of the last verify(), or nothing when all is well. Never waits.
  [[nodiscard]] std::optional<base::Error> integrity() const;

  // From now on these master keys are used. kRefused names one that records still need and that is
  // not among them; other errors as open(). The keys stay what they were when it fails.
  [[nodiscard]] base::Result<void> change_keys(std::shared_ptr<const crypto::MasterKeys> keys);
  // What seals and opens records now, and the codec with the store's own keys.
  [[nodiscard]] std::shared_ptr<const Sealer> sealer() const;
  [[nodiscard]] std::shared_ptr<const RecordCodec> codec() const;

  // The seed of the audit's signing key, kept sealed in the store. 32 bytes.
  [[nodiscard]] base::Result<base::Secret> audit_seed() const;
  [[nodiscard]] const std::string& id() const;
  // Versions of a group, newest first, the current one and those of a deleted group too
  // (history.h); empty when there never was such a group. kCorrupt: one does not open, or is
  // missing between two others.
  using Version = GroupVersion;
  [[nodiscard]] base::Result<std::vector<Version>> history(const std::string& team,
                                                           const std::string& name);
  // Any version that is kept, opened and verified like the current one. kNotFound: it is not kept
  // (`no_version`) or is a deletion (`deleted_version`); kCorrupt names group and version.
  [[nodiscard]] base::Result<model::Group> version(const std::string& team, const std::string& name,
                                                   std::uint64_t version);
  // The same of a team, with the signing keys that it had.
  [[nodiscard]] base::Result<model::Team> team_version(const std::string& id,
                                                       std::uint64_t version);
  // What one revision changed, all of it. kNotFound: there is no such revision, or nothing of it is
  // kept.
  [[nodiscard]] base::Result<Commit> commit_changes(std::uint64_t revision);
  // Several, oldest first; those of which nothing is kept are left out.
  [[nodiscard]] base::Result<std::vector<Commit>> commits(const CommitQuery& query);
  // Takes away what the rule lets go (of a group, live or deleted, or of all) and never the current
  // version. Raises no revision, changes no snapshot. kNotFound: there never was such a group.
  // kCorrupt: the store failed its verification.
  [[nodiscard]] base::Result<PurgeReport> purge(const std::string& team, const std::string& name,
                                                const PurgeRule& rule);
  // What that would do.
  [[nodiscard]] base::Result<PurgePlan> plan_purge(const std::string& team, const std::string& name,
                                                   const PurgeRule& rule);
  // An error: nothing went. Of a batch that failed, and so ended it, the report tells.
  [[nodiscard]] base::Result<PurgeReport> purge_all(const PurgeRule& rule,
                                                    const PurgeWatch& watch = {});
  [[nodiscard]] Backend& backend();

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sutler::store
