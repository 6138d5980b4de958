#include "admin/status_api.h"

#include "admin/json_io.h"
#include "admin/past.h"
#include "audit/shipper.h"

namespace sutler::admin {
namespace {

// How far this node's records are in the store.
std::string copied_json(const audit::ShipStats& stats) {
  JsonObject copied;
  copied.number("seq", stats.shipped_seq).number("behind_lines", stats.behind_lines);
  copied.number("behind_seconds", static_cast<std::uint64_t>(stats.behind_seconds));
  if (stats.error) copied.text("error", stats.error->message);
  return copied.done();
}

std::string audit_json(const Context& context, const Principal& who) {
  const audit::Log& log = context.audit;
  JsonObject audit;
  audit.number("seq", log.position().seq).text("public_key", log.public_key());
  if (who.role == Role::kOwner) audit.text("file", log.current_file().native());
  audit.text("reserve", log.reserve_intact() ? "intact" : "used");
  if (!log.node().empty()) audit.text("node", log.node());
  if (const auto* shipper = context.about.background.shipper; shipper != nullptr) {
    audit.raw("copied", copied_json(shipper->stats()));
  }
  return audit.done();
}

// What an operator should know about it, or why it does not tell.
std::string database_json(const base::Result<store::DatabaseFacts>& facts) {
  JsonObject json;
  if (!facts) {
    json.text("error", facts.error().message);
    if (!facts.error().hint.empty()) json.text("hint", facts.error().hint);
    return json.done();
  }
  json.text("version", facts->version)
      .text("synchronous_commit", facts->synchronous_commit)
      .text("standby_names", facts->standby_names)
      .raw("fsync", kJsonFlag[facts->syncs_its_disk ? 1 : 0])
      .number("standbys", facts->standbys)
      .number("synchronous_standbys", facts->synchronous);
  return json.done();
}

std::string_view to_word(CheckState state) {
  switch (state) {
    case CheckState::kOk: return "ok";
    case CheckState::kWarn: return "warn";
    case CheckState::kFail: return "fail";
  }
  return "fail";
}

// `{"status":"ok","checks":[{"name","state","detail"}]}`
std::string checks_json(const std::vector<Check>& checks, std::size_t ready) {
  constexpr std::string_view kStatus[] = {"not_ready", "ok"};
  JsonArray list;
  for (const Check& check : checks) {
    JsonObject one;
    one.text("name", check.name).text("state", to_word(check.state));
    if (!check.detail.empty()) one.text("detail", check.detail);
    list.raw(one.done());
  }
  JsonObject answer;
  answer.text("status", kStatus[ready]).raw("checks", list.done());
  return answer.done();
}

}  // namespace

base::Result<http::Response> show_live(const Context&, const Call&, Action&) {
  return json_response(200, R"({"status":"ok"})");
}

base::Result<http::Response> show_ready(const Context& context, const Call& call, Action&) {
  auto verbose = call.query.flag("verbose");
  if (!verbose) return base::pass(verbose);
  const auto checks = context.about.checks ? context.about.checks() : std::vector<Check>();
  const bool ready = context.about.ready() && all_pass(checks);
  if (*verbose) return json_response(ready ? 200 : 503, checks_json(checks, ready ? 1 : 0));
  if (ready) return json_response(200, R"({"status":"ok"})");
  return base::fail(base::Code::kUnavailable, "the server is not ready", {}, "not_ready");
}

base::Result<http::Response> show_status(const Context& context, const Call& call, Action&) {
  auto ask_database = call.query.flag("database");
  if (!ask_database) return base::pass(ask_database);
  const Description& about = context.about;
  const auto snapshot = context.store.snapshot();
  const auto integrity = context.store.integrity();
  JsonObject status;
  status.text("version", about.version)
      .text("store_id", context.store.id())
      .number("revision", snapshot->revision)
      .number("epoch", snapshot->epoch);
  // How much there is outside of his scopes is not for who has some.
  if (sees_everything(call.who)) {
    status.number("teams", snapshot->teams.size()).number("groups", snapshot->groups.size());
  }
  status.raw("ready", kJsonFlag[about.ready() ? 1 : 0])
      .text("integrity", integrity ? integrity->message : "ok");
  if (about.provider_url) status.text("provider", about.provider_url());
  // Where things lie on the disk is an owner's business.
  const bool owner = call.who.role == Role::kOwner;
  if (owner && !about.data_dir.empty()) status.text("data_dir", about.data_dir);
  if (owner && !about.database.shown.empty()) {
    status.text("store", about.database.shown);
    if (*ask_database) status.raw("database", database_json(about.database.inspect()));
  }
  if (owner && !about.master_key_ids.empty()) {
    status.raw("master_keys", json_strings(about.master_key_ids));
  }
  const double uptime = base::monotonic_seconds() - about.started_monotonic_seconds;
  status.raw("audit", audit_json(context, call.who))
      .number("uptime_seconds", static_cast<std::uint64_t>(uptime));
  return json_response(200, status.done());
}

base::Result<http::Response> show_audit_key(const Context& context, const Call&, Action&) {
  JsonObject key;
  key.text("public_key", context.audit.public_key());
  return json_response(200, key.done());
}

}  // namespace sutler::admin
