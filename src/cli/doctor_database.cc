#include "cli/doctor_database.h"

namespace sutler::cli {

using admin::CheckState;

Diagnosis diagnose_database(const std::string& shown,
                            const base::Result<store::DatabaseFacts>& facts) {
  if (!facts) {
    const base::Error& error = facts.error();
    return {"database", CheckState::kFail, error.message, error.hint};
  }
  const std::string about = shown + ", PostgreSQL " + facts->version;
  const auto warn = [&](const std::string& what, const std::string& way_out) {
    return Diagnosis{"database", CheckState::kWarn, about + ": " + what, way_out};
  };
  if (!facts->syncs_its_disk) {
    return warn("fsync is off: a crash of its machine loses acknowledged writes, or all of it",
                "set fsync = on");
  }
  if (facts->synchronous_commit == "off" ||
      (facts->synchronous_commit == "local" && facts->standbys > 0)) {
    return warn("synchronous_commit is " + facts->synchronous_commit +
                    ": writes are acknowledged before they are safe",
                "set synchronous_commit = on");
  }
  if (facts->standbys > 0 && (facts->standby_names.empty() || facts->synchronous == 0)) {
    return warn("its standbys are not synchronous: a failover can lose acknowledged writes",
                "set synchronous_standby_names; with Patroni, synchronous_mode: true");
  }
  if (facts->standbys == 0) {
    return warn("no standby follows it: while it is down nothing can be changed",
                "docs/operations/scale.md says how to run one; fetches do not need it");
  }
  return {"database", CheckState::kOk, about + ", with synchronous standbys"};
}

}  // namespace sutler::cli
