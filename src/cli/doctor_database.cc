#include "cli/doctor_database.h"

#include "cli/json_view.h"

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

base::Result<store::DatabaseFacts> read_database_facts(const boost::json::value& tree) {
  if (const std::string error = shown(tree, "error"); !error.empty()) {
    return base::fail(base::Code::kUnavailable, error, shown(tree, "hint"));
  }
  const auto number = [&tree](std::string_view name) {
    const auto* object = tree.if_object();
    const auto* value = object == nullptr ? nullptr : object->if_contains(name);
    return value != nullptr && value->is_int64() && value->get_int64() >= 0
               ? static_cast<std::uint64_t>(value->get_int64())
               : 0;
  };
  store::DatabaseFacts facts;
  facts.version = shown(tree, "version");
  facts.synchronous_commit = shown(tree, "synchronous_commit");
  facts.standby_names = shown(tree, "standby_names");
  facts.syncs_its_disk = is_true(tree, "fsync");
  facts.standbys = number("standbys");
  facts.synchronous = number("synchronous_standbys");
  return facts;
}

}  // namespace sutler::cli
