// What every endpoint works with, and the one request that it answers.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/checks.h"
#include "admin/later.h"
#include "admin/query.h"
#include "admin/rights.h"
#include "audit/log.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/result.h"
#include "http/message.h"
#include "model/team.h"
#include "registry/registry.h"
#include "resolve/catalog.h"
#include "source/sources.h"
#include "store/postgres/inspect.h"
#include "store/store.h"

namespace sutler::store {
class Backups;
class Nodes;
class Rotation;
}  // namespace sutler::store

namespace sutler::audit {
class MergedLog;
class Shipper;
}  // namespace sutler::audit

namespace sutler::admin {

class Access;
class Action;
class Denials;
class LoginThrottle;
class Restarts;
class TokenUses;

// What looks after the store in the background; null where there is none (tests).
struct Background {
  store::Rotation* rotation = nullptr;
  store::Nodes* nodes = nullptr;
  store::Backups* backups = nullptr;
  // When a signing key last verified a token; nothing: never, as far as is known. May be empty.
  std::function<std::optional<base::UnixTime>(const std::string& team, const std::string& key)>
      key_last_used = {};
  // The audit of all nodes, and what copies this node's lines; null: the store has but one.
  audit::MergedLog* merged = nullptr;
  audit::Shipper* shipper = nullptr;
};

// The database that several nodes have; `shown` is empty where there is none.
struct SharedDatabase {
  std::string shown;  // its URI without password and options
  std::function<base::Result<store::DatabaseFacts>()> inspect = {};  // asks it, which may take long
};

// What `status` tells about the process.
struct Description {
  std::string version;
  std::string data_dir;                     // empty: left out
  std::vector<std::string> master_key_ids;  // empty: left out
  double started_monotonic_seconds = 0;
  // Called on the thread of the request, all of them.
  std::function<bool()> ready;
  std::function<std::string()> provider_url;                 // where it listens; may be empty
  std::function<std::vector<Check>()> checks;                // may be empty
  std::function<std::vector<base::MetricFamily>()> metrics;  // may be empty
  SharedDatabase database = {};
  Background background = {};
};

// Shared by all requests. The referenced things outlive it.
struct Context {
  store::Store& store;
  const resolve::Catalog& catalog;
  audit::Log& audit;
  const base::Clock& clock;
  model::WeakKeys weak_keys;
  const Description& about;
  // Held from reading what a write depends on until its audit record is there: the order of the
  // records is the order of the revisions.
  std::mutex& writes;
  registry::Registry* registry;  // null: none
  Restarts* restarts;            // null: none
  source::Sources* sources;      // null: none
  Access& access;
  Denials& denials;
  LoginThrottle& throttle;
  TokenUses& uses;
};

// Held while a write is planned, made and recorded: waits for those of this node that are at it,
// and takes over what other nodes have committed, so that the plan is not made of the past.
class WriteTurn {
 public:
  explicit WriteTurn(const Context& context);

 private:
  const std::lock_guard<std::mutex> lock_;
};

// One request of somebody who was let in. Views into the request live as long as it.
struct Call {
  const http::Request& request;
  const Principal& who;       // what he may do: rights.h; nobody where nobody had to say
  std::string operator_name;  // who.name, for the audit and the store
  std::string team;           // of the path
  std::string name;           // of a group, or the id of a key, where the path has one
  std::string item = {};      // the id of something within it, where the path has one
  Query query = {};
  // How long it may ask the sources; kMayWait: an endpoint that leaves here what they have to read
  // first and fails with `source_pending` is called again when they have.
  source::Patience patience = source::Patience::kNow;
  std::vector<source::Wanted>* wanted = nullptr;
  // An endpoint that leaves its work to another thread puts it here; what it returns is not sent.
  Later* later = nullptr;
};

// An endpoint gives its answer, or an error which becomes problem+json (and, where the action is
// audited, its record).
using Endpoint = base::Result<http::Response> (*)(const Context&, const Call&, Action&);

// kNotFound that names the team.
[[nodiscard]] base::Result<std::shared_ptr<const store::TeamRecord>> require_team(
    const store::Snapshot& snapshot, std::string_view id);
// The same for a request of that somebody: a team that he may not see is not there.
[[nodiscard]] base::Result<std::shared_ptr<const store::TeamRecord>> require_team(
    const store::Snapshot& snapshot, const Principal& who, std::string_view id);

}  // namespace sutler::admin
