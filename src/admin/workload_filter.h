// Which workloads a list shows: what the query asks for, of what the operator may see.
#pragma once

#include <optional>
#include <string>

#include "admin/context.h"
#include "admin/past.h"
#include "registry/registry.h"
#include "resolve/drift.h"

namespace sutler::admin {

// The drifts that name no group but those that may be known.
[[nodiscard]] resolve::KeyDrifts known_of(KnownGroups& groups, const std::string& team,
                                          const resolve::KeyDrifts& drifts);

class WorkloadFilter {
 public:
  // Reads the parameters of kWorkloadQuery. kInvalid names one.
  [[nodiscard]] static base::Result<WorkloadFilter> read(const Context& context, const Call& call);

  [[nodiscard]] bool takes(const registry::Record& record);
  // `group` and `key` of a list of drift are about what drifts. The drifts that are asked for.
  [[nodiscard]] resolve::KeyDrifts taken_of(const std::string& team,
                                            const resolve::KeyDrifts& drifts);
  // Groups of which the operator may know; of others nothing is told, and nothing chosen by them.
  [[nodiscard]] KnownGroups& groups() { return groups_; }

  // What `team` and `group` of the query say; empty: all.
  [[nodiscard]] const std::string& team() const { return team_; }
  [[nodiscard]] const std::string& group() const { return group_; }
  [[nodiscard]] std::size_t limit() const { return limit_; }
  [[nodiscard]] const std::optional<model::Workload>& after() const { return after_; }
  // For a list of drift: `group` and `key` do not choose workloads by what they received.
  WorkloadFilter& about_drift() {
    about_drift_ = true;
    return *this;
  }

 private:
  WorkloadFilter(const Context& context, const Principal& who)
      : who_(&who), groups_(context, who) {}
  [[nodiscard]] bool received(const registry::Record& record);

  const Principal* who_;
  KnownGroups groups_;
  std::string team_, project_, object_, type_, group_, key_, search_;
  std::size_t limit_ = 100;
  std::optional<model::Workload> after_;
  bool about_drift_ = false;
};

}  // namespace sutler::admin
