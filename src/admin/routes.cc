#include "admin/routes.h"

#include <optional>

#include "admin/apply_api.h"
#include "admin/audit_api.h"
#include "admin/audit_nodes_api.h"
#include "admin/backup_api.h"
#include "admin/explain_api.h"
#include "admin/exposure_api.h"
#include "admin/group_api.h"
#include "admin/group_list.h"
#include "admin/history_api.h"
#include "admin/key_api.h"
#include "admin/master_key_api.h"
#include "admin/metrics_api.h"
#include "admin/openapi_api.h"
#include "admin/operator_api.h"
#include "admin/page.h"
#include "admin/restart_api.h"
#include "admin/restore_api.h"
#include "admin/revision_api.h"
#include "admin/session_api.h"
#include "admin/source_api.h"
#include "admin/status_api.h"
#include "admin/team_api.h"
#include "admin/token_api.h"
#include "admin/workload_api.h"
#include "base/encoding.h"

namespace sutler::admin {
namespace {

// Of a write to groups or of a team.
constexpr std::array<std::string_view, 3> kWriting = {"message", "dry_run", "force"};
constexpr std::array<std::string_view, 5> kTaking = {"managed_by", "take_over", "message",
                                                     "dry_run", "force"};
constexpr std::array<std::string_view, 5> kUndoing = {"managed_by", "take_over", "message",
                                                      "dry_run", "force"};
constexpr std::array<std::string_view, 6> kEditing = {"managed_by", "take_over",        "message",
                                                      "dry_run",    "expected_version", "force"};
constexpr std::array<std::string_view, 1> kDryRun = {"dry_run"};
constexpr std::array<std::string_view, 5> kDiff = {"from", "to", "with", "with_team", "reveal"};
constexpr std::array<std::string_view, 1> kShow = {"reveal"};
constexpr std::array<std::string_view, 1> kStatus = {"database"};
constexpr std::array<std::string_view, 1> kReadiness = {"verbose"};
constexpr auto kOpen = Right::kOpen;
constexpr auto kSignedIn = Right::kSignedIn;
constexpr auto kView = Right::kView;
constexpr auto kEdit = Right::kEdit;
constexpr auto kAudit = Right::kAudit;
constexpr auto kOwn = Right::kOwn;
constexpr std::string_view kQuiet = {};  // no record of its own, or one that the endpoint begins

constexpr std::string_view kTeam = "/api/v1/teams/{team}";
constexpr std::string_view kKeys = "/api/v1/teams/{team}/keys";
constexpr std::string_view kRetire = "/api/v1/teams/{team}/keys/{id}/retire";
constexpr std::string_view kGroups = "/api/v1/teams/{team}/groups";
constexpr std::string_view kGroup = "/api/v1/teams/{team}/groups/{name}";
constexpr std::string_view kEntries = "/api/v1/teams/{team}/groups/{name}/entries";

constexpr std::string_view kSource = "/api/v1/sources/{name}";
constexpr std::string_view kSession = "/api/v1/session";
constexpr std::string_view kOperators = "/api/v1/operators";
constexpr std::string_view kOperator = "/api/v1/operators/{name}";
constexpr std::string_view kTokens = "/api/v1/operators/{name}/tokens";
constexpr std::string_view kVersions = "/api/v1/teams/{team}/groups/{name}/versions";
constexpr std::string_view kVersion = "/api/v1/teams/{team}/groups/{name}/versions/{version}";
constexpr std::string_view kDiffPath = "/api/v1/teams/{team}/groups/{name}/diff";
constexpr std::string_view kRollback = "/api/v1/teams/{team}/groups/{name}/rollback";
constexpr std::string_view kCopy = "/api/v1/teams/{team}/groups/{name}/copy";
constexpr std::string_view kPurge = "/api/v1/teams/{team}/groups/{name}/purge";
constexpr std::string_view kDeleted = "/api/v1/teams/{team}/deleted-groups";
constexpr std::string_view kRevision = "/api/v1/revisions/{revision}";
constexpr std::string_view kUndo = "/api/v1/revisions/{revision}/undo";

constexpr Route kRoutes[] = {
    {"GET", "/livez", show_live, kQuiet, kOpen},
    {"GET", "/readyz", show_ready, kQuiet, kOpen, Body::kNone, kReadiness},
    {.method = "GET",
     .pattern = "/openapi.yaml",
     .endpoint = show_openapi,
     .right = kOpen,
     .produces = "application/yaml"},
    {"GET", "/api/v1/status", show_status, kQuiet, kSignedIn, Body::kNone, kStatus},
    {.method = "GET",
     .pattern = "/metrics",
     .endpoint = show_metrics,
     .right = kView,
     .produces = "text/plain"},
    {"GET", "/api/v1/audit", list_audit, kQuiet, kAudit, Body::kNone, kAuditQuery},
    {.method = "GET",
     .pattern = "/api/v1/audit/export",
     .endpoint = export_audit,
     .right = kAudit,
     .query = kAuditQuery,
     .produces = "application/x-ndjson"},
    {"GET", "/api/v1/audit/follow", follow_audit, kQuiet, kAudit, Body::kNone, kAuditQuery},
    {"GET", "/api/v1/audit/nodes", list_audit_nodes, kQuiet, kAudit},
    {"GET", "/api/v1/audit/lines", list_audit_lines, kQuiet, kAudit, Body::kNone, kAuditLinesQuery},
    {"GET", "/api/v1/audit/key", show_audit_key, kQuiet, kSignedIn},
    {"GET", "/api/v1/master-key", show_master_key, kQuiet, Right::kAudit},
    {"POST", "/api/v1/master-key/rotate", rotate_master_key, "master_key.rotate", kOwn},
    {"GET", "/api/v1/backups", list_backups, kQuiet, Right::kAudit},
    {"POST", "/api/v1/backups", create_backup, "backup.create", kOwn},
    {"GET", "/api/v1/sources", list_sources, kQuiet, kView},
    {"GET", kSource, show_source, kQuiet, kView},
    {"POST", "/api/v1/sources/{name}/check", check_source, "source.check", kEdit},
    {"POST", "/api/v1/sources/{name}/refresh", refresh_source, "source.refresh", kEdit},
    {"GET", "/api/v1/teams", list_teams, kQuiet, kView, Body::kNone, kPageQuery},
    {"POST", "/api/v1/teams", create_team, "team.create", kOwn, Body::kJson},
    {"GET", kTeam, show_team, kQuiet, kView},
    {"PATCH", kTeam, update_team, "team.update", kOwn, Body::kJson, kWriting},
    {"DELETE", kTeam, delete_team, "team.delete", kOwn, Body::kNone, kWriting},
    {"GET", kKeys, list_keys, kQuiet, kOwn, Body::kNone, kPageQuery},
    {"POST", kKeys, create_key, "key.create", kOwn, Body::kJson},
    {"POST", kRetire, retire_key, "key.retire", kOwn, Body::kJson},
    {"GET", kGroups, list_groups, kQuiet, kView, Body::kNone, kGroupListQuery},
    {"GET", "/api/v1/groups", search_groups, kQuiet, kView, Body::kNone, kGroupSearchQuery},
    {"GET", kEntries, list_entries, kQuiet, kView, Body::kNone, kEntriesQuery},
    {"GET", kGroup, show_group, kQuiet, kView, Body::kNone, kShow},
    {"PUT", kGroup, put_group, "group.update", kEdit, Body::kJson, kTaking},
    {"PATCH", kGroup, patch_group, "group.update", kEdit, Body::kJson, kTaking},
    {"DELETE", kGroup, delete_group, "group.delete", kEdit, Body::kNone, kTaking},
    {"GET", kVersions, list_versions, kQuiet, kView, Body::kNone, kPageQuery},
    {"GET", kVersion, show_version, kQuiet, kView, Body::kNone, kShow},
    {"GET", kDiffPath, show_diff, kQuiet, kView, Body::kNone, kDiff},
    {"POST", kRollback, rollback_group, "group.rollback", kEdit, Body::kJson, kEditing},
    {"POST", kCopy, copy_group, "group.copy", kEdit, Body::kJson, kTaking},
    {"POST", kPurge, purge_group, "group.purge", kOwn, Body::kJson, kDryRun},
    {"GET", kDeleted, list_deleted_groups, kQuiet, kView, Body::kNone, kPageQuery},
    {"GET", "/api/v1/revisions", list_revisions, kQuiet, kView, Body::kNone, kPageQuery},
    {"GET", kRevision, show_revision, kQuiet, kView},
    {"POST", kUndo, undo_revision, "revision.undo", kEdit, Body::kNone, kUndoing},
    {"POST", "/api/v1/apply", apply_groups, "group.apply", kEdit, Body::kJson, kWriting},
    {"POST", "/api/v1/impact", tell_impact, kQuiet, kEdit, Body::kJson},
    {"GET", "/api/v1/workloads", list_workloads, kQuiet, kView, Body::kNone, kWorkloadQuery},
    {"GET", "/api/v1/workloads/{id}", show_workload, kQuiet, kView},
    {"GET", "/api/v1/drift", list_drift, kQuiet, kView, Body::kNone, kWorkloadQuery},
    {"POST", "/api/v1/restarts", restart_workloads, "workload.restart", kEdit, Body::kJson},
    {"GET", "/api/v1/restarts", show_restarts, kQuiet, kEdit},
    {"POST", "/api/v1/exposure", tell_exposure, kQuiet, kAudit, Body::kJson},
    {"POST", "/api/v1/teams/{team}/explain", explain_workload, kQuiet, kView, Body::kJson},
    {"POST", "/api/v1/teams/{team}/bundle", show_bundle, "value.reveal", kView, Body::kJson},
    {"GET", kSession, show_session, kQuiet, kSignedIn},
    {"POST", kSession, open_session, kQuiet, kOpen, Body::kJson},
    {"DELETE", kSession, close_session, "session.end", kSignedIn},
    {"GET", kOperators, list_operators, kQuiet, kOwn, Body::kNone, kPageQuery},
    {"POST", kOperators, create_operator, "operator.create", kOwn, Body::kJson},
    {"GET", kOperator, show_operator, kQuiet, kOwn},
    {"PUT", kOperator, put_operator, "operator.update", kOwn, Body::kJson},
    {"PATCH", kOperator, patch_operator, "operator.update", kOwn, Body::kJson},
    {"DELETE", kOperator, delete_operator, "operator.delete", kOwn},
    {"POST", "/api/v1/operators/{name}/disable", disable_operator, "operator.disable", kOwn},
    {"POST", "/api/v1/operators/{name}/enable", enable_operator, "operator.enable", kOwn},
    {"GET", kTokens, list_tokens, kQuiet, kOwn, Body::kNone, kPageQuery},
    {"POST", kTokens, create_token, "token.create", kOwn, Body::kJson},
    {"DELETE", "/api/v1/operators/{name}/tokens/{id}", revoke_token, "token.revoke", kOwn},
};

// The next segment, taken off the front of "/a/b"; nothing at the end.
std::optional<std::string_view> next_segment(std::string_view& path) {
  if (path.empty()) return std::nullopt;
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

struct Params {
  std::string team;
  std::string name;
  std::string item;
};

// Fills `params` with what stands in the places of `{…}`; false when the path is another.
bool matches(std::string_view pattern, std::string_view path, Params& params) {
  while (true) {
    const auto want = next_segment(pattern);
    const auto have = next_segment(path);
    if (!want || !have) return !want && !have;
    if (!want->starts_with('{')) {
      if (*want != *have) return false;
      continue;
    }
    auto value = base::percent_decode(*have);
    if (!value || value->empty()) return false;
    std::string& param = *want == "{team}"     ? params.team
                         : params.name.empty() ? params.name
                                               : params.item;
    param = std::move(*value);
  }
}

}  // namespace

Found find_route(std::string_view method, std::string_view path) {
  Found found;
  if (!path.starts_with('/')) return found;
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  bool all_open = true;
  for (const Route& route : kRoutes) {
    Params params;
    if (!matches(route.pattern, path, params)) continue;
    all_open = all_open && route.right == Right::kOpen;
    found.path_is_known = true;
    if (!found.allow.empty()) found.allow += ", ";
    found.allow += route.method == "GET" ? "GET, HEAD" : route.method;
    if (route.method != wanted) continue;
    found.route = &route;
    found.team = std::move(params.team);
    found.name = std::move(params.name);
    found.item = std::move(params.item);
  }
  if (found.path_is_known) found.allow += ", OPTIONS";
  found.open = found.route != nullptr ? found.route->right == Right::kOpen : all_open;
  return found;
}

bool takes_a_turn(const Route& route) {
  const auto is = [&](Endpoint endpoint) { return route.endpoint == endpoint; };
  return route.method != "GET" && !is(explain_workload) && !is(show_bundle) && !is(tell_exposure) &&
         !is(open_session) && !is(close_session) && !is(create_backup);
}

std::span<const Route> all_routes() { return kRoutes; }

}  // namespace sutler::admin
