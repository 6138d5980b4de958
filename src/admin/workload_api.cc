#include "admin/workload_api.h"

#include <unordered_map>

#include "admin/exposure_subject.h"
#include "admin/json_io.h"
#include "admin/rights.h"
#include "admin/workload_filter.h"
#include "admin/workload_json.h"

namespace sutler::admin {
namespace {

base::Result<registry::Registry*> require_registry(const Context& context) {
  if (context.registry == nullptr) {
    return base::fail(base::Code::kUnavailable, "this server keeps no workload registry",
                      "sutler audit query tells who fetched what; registry_workloads_max: 0 is "
                      "why there is none",
                      "registry_off");
  }
  context.registry->settle();
  return context.registry;
}

resolve::Visible revealed_to(const Principal& who) {
  if (who.reveal == Reveal::kYes && sees_everything(who)) return {};
  return [&who](const model::GroupHeader& group) { return may_reveal(who, group); };
}

void put_claim(JsonObject& json, std::string_view name, const std::optional<double>& claim) {
  if (!claim || *claim < 0 || *claim > 253402300799.0) return;
  json.text(name, base::rfc3339(base::UnixTime::from_seconds(static_cast<std::int64_t>(*claim))));
}

void put_record(JsonObject& json, const registry::Record& record) {
  json.text("id", workload_id(record.workload));
  put_workload(json, record.workload);
  put_time(json, "first_seen", record.first_seen);
  put_time(json, "last_fetched", record.last_seen);
  json.number("fetches", record.count).number("failures", record.failures);
  put_time(json, "last_failed", record.last_failed);
  if (!record.last_failure.empty()) json.text("last_failure", record.last_failure);
  if (!record.last.remote.empty()) json.text("remote", record.last.remote);
  if (!record.last.key_id.empty()) json.text("key_id", record.last.key_id);
  put_claim(json, "token_issued", record.last.issued_at);
  put_claim(json, "token_expires", record.last.expires_at);
}

std::string last_bundle_json(const registry::Record& record, const store::Snapshot& snapshot,
                             KnownGroups& known) {
  JsonArray groups;
  for (const registry::Received& row : record.received) {
    if (!row.in_last_bundle || !known.knows(record.workload.team, row.what->group)) continue;
    const auto current = snapshot.find_group(record.workload.team, row.what->group);
    JsonObject one;
    one.text("name", row.what->group)
        .number("version", row.version)
        .number("current_version", current ? current->version() : 0);
    groups.raw(one.done());
  }
  return groups.done();
}

std::string received_json(const registry::Record& record, KnownGroups& known) {
  JsonArray rows;
  for (const registry::Received& row : record.received) {
    if (!known.knows(record.workload.team, row.what->group)) continue;
    JsonArray keys;
    registry::for_each_key(row.what->keys, [&](std::string_view key) { keys.text(key); });
    JsonObject one;
    one.text("group", row.what->group).number("version", row.version);
    if (row.version_last != row.version) one.number("version_last", row.version_last);
    one.raw("keys", keys.done());
    put_time(one, "first_fetched", row.first);
    put_time(one, "last_fetched", row.last);
    one.raw("in_last_bundle", kJsonFlag[row.in_last_bundle ? 1 : 0]);
    rows.raw(one.done());
  }
  return rows.done();
}

std::string drifts_json(const resolve::KeyDrifts& drifts) {
  JsonArray keys;
  for (const resolve::KeyDrift& drift : drifts) {
    JsonObject one;
    one.text("key", drift.key).text("state", resolve::to_word(drift.state));
    if (!drift.group.empty()) one.text("group", drift.group).number("version", drift.version);
    if (!drift.current_group.empty()) {
      one.text("current_group", drift.current_group)
          .number("current_version", drift.current_version);
    }
    keys.raw(one.done());
  }
  return keys.done();
}

// A page of the records for which `item` gives JSON, and how many there are in all.
template <class Item>
std::string page_of(const registry::Registry& known, WorkloadFilter& filter, const Item& item) {
  JsonArray items;
  std::size_t total = 0;
  std::size_t listed = 0;
  std::optional<model::Workload> last;
  bool more = false;
  known.for_each(nullptr, [&](const registry::Record& record) {
    if (!filter.takes(record)) return true;
    const bool behind = !filter.after() || *filter.after() < record.workload;
    const bool room = behind && listed < filter.limit();
    const auto json = item(record, room);
    if (!json) return true;
    ++total;
    if (room) {
      items.raw(*json);
      ++listed;
      last = record.workload;
    } else if (behind) {
      more = true;
    }
    return true;
  });
  JsonObject page;
  page.raw("items", items.done()).number("total", total);
  if (more && last) page.text("next_cursor", workload_id(*last));
  return page.done();
}

}  // namespace

base::Result<http::Response> list_workloads(const Context& context, const Call& call, Action&) {
  auto known = require_registry(context);
  if (!known) return base::pass(known);
  auto filter = WorkloadFilter::read(context, call);
  if (!filter) return base::pass(filter);
  const auto snapshot = context.store.snapshot();
  auto page = page_of(**known, *filter, [&](const registry::Record& record, bool wanted) {
    std::optional<std::string> json = std::string();
    if (!wanted) return json;
    JsonObject one;
    put_record(one, record);
    one.raw("groups", last_bundle_json(record, *snapshot, filter->groups()));
    json = one.done();
    return json;
  });
  return json_response(200, std::move(page));
}

base::Result<http::Response> list_drift(const Context& context, const Call& call, Action&) {
  auto known = require_registry(context);
  if (!known) return base::pass(known);
  auto filter = WorkloadFilter::read(context, call);
  if (!filter) return base::pass(filter);
  filter->about_drift();
  if (!filter->group().empty()) {
    auto there = require_known_group(context, call.who, filter->team(), filter->group());
    if (!there) return base::pass(there);
  } else if (!filter->team().empty()) {
    auto team = require_team(*context.store.snapshot(), call.who, filter->team());
    if (!team) return base::pass(team);
  }
  resolve::Versions versions(context.catalog.view(), context.store);
  resolve::DriftJudge judge(versions, revealed_to(call.who));
  // What one of a team is told is what all are told who drift alike.
  std::unordered_map<std::shared_ptr<const resolve::KeyDrifts>, resolve::KeyDrifts> told;
  auto page =
      page_of(**known, *filter,
              [&](const registry::Record& record, bool wanted) -> std::optional<std::string> {
                const auto drifts = judge.judge(record);
                if (!drifts) return std::nullopt;
                const auto [at, fresh] = told.try_emplace(drifts);
                if (fresh) at->second = filter->taken_of(record.workload.team, *drifts);
                const resolve::KeyDrifts& taken = at->second;
                if (taken.empty()) return std::nullopt;
                if (!wanted) return std::string();
                JsonObject one;
                one.text("id", workload_id(record.workload));
                put_workload(one, record.workload);
                put_time(one, "last_fetched", record.last_seen);
                one.raw("keys", drifts_json(taken));
                return one.done();
              });
  return json_response(200, std::move(page));
}

base::Result<http::Response> show_workload(const Context& context, const Call& call, Action&) {
  auto known = require_registry(context);
  if (!known) return base::pass(known);
  const auto workload = workload_from_id(call.name);
  const auto record = workload ? (*known)->find(*workload) : std::nullopt;
  if (!record || !may_see_project(call.who, workload->team, workload->project_id)) {
    return base::fail(base::Code::kNotFound, "no such workload has been seen",
                      "sutler workload list shows those that have");
  }
  resolve::Versions versions(context.catalog.view(), context.store);
  resolve::DriftJudge judge(versions, revealed_to(call.who));
  const auto drifts = judge.judge(*record);
  KnownGroups groups(context, call.who);
  JsonObject json;
  put_record(json, *record);
  json.raw("groups", last_bundle_json(*record, *context.store.snapshot(), groups))
      .raw("received", received_json(*record, groups))
      .raw("drift", drifts ? drifts_json(known_of(groups, workload->team, *drifts)) : "[]");
  return json_response(200, json.done());
}

}  // namespace sutler::admin
