#include "admin/workload_filter.h"

#include <algorithm>

#include "admin/workload_json.h"

namespace sutler::admin {
namespace {

constexpr std::size_t kLimitMax = 1000;

bool is(const std::string& wanted, const std::string& text) {
  return wanted.empty() || wanted == text;
}

}  // namespace

resolve::KeyDrifts known_of(KnownGroups& groups, const std::string& team,
                            const resolve::KeyDrifts& drifts) {
  const auto known = [&](const std::string& group) {
    return group.empty() || groups.knows(team, group);
  };
  resolve::KeyDrifts told;
  std::ranges::copy_if(drifts, std::back_inserter(told), [&](const resolve::KeyDrift& drift) {
    return known(drift.group) && known(drift.current_group);
  });
  return told;
}

base::Result<WorkloadFilter> WorkloadFilter::read(const Context& context, const Call& call) {
  WorkloadFilter filter(context, call.who);
  filter.team_ = call.query.text("team");
  filter.project_ = call.query.text("project");
  filter.object_ = call.query.text("object");
  filter.type_ = call.query.text("type");
  filter.group_ = call.query.text("group");
  filter.key_ = call.query.text("key");
  filter.search_ = call.query.text("search");
  auto limit = call.query.number("limit");
  if (!limit) return base::pass(limit);
  if (*limit && (**limit == 0 || **limit > kLimitMax)) {
    return base::fail(base::Code::kInvalid, "query parameter \"limit\" must be 1 to 1000");
  }
  filter.limit_ = limit->value_or(filter.limit_);
  const std::string cursor = call.query.text("cursor");
  if (cursor.empty()) return filter;
  filter.after_ = workload_from_id(cursor);
  if (filter.after_) return filter;
  return base::fail(base::Code::kInvalid, "query parameter \"cursor\" is not one of this list",
                    "take it from next_cursor of the page before");
}

bool WorkloadFilter::received(const registry::Record& record) {
  if (about_drift_ || (group_.empty() && key_.empty())) return true;
  return std::ranges::any_of(record.received, [&](const registry::Received& row) {
    return is(group_, row.what->group) &&
           (key_.empty() || registry::has_key(row.what->keys, key_)) &&
           groups_.knows(record.workload.team, row.what->group);
  });
}

bool WorkloadFilter::takes(const registry::Record& record) {
  const model::Workload& workload = record.workload;
  if (!is(team_, workload.team) || !is(project_, workload.project_id) ||
      !is(object_, workload.object_id)) {
    return false;
  }
  if (!type_.empty() && !model::same_type(type_, workload.object_type)) return false;
  if (!search_.empty() && workload.project_id.find(search_) == std::string::npos &&
      workload.object_id.find(search_) == std::string::npos) {
    return false;
  }
  return may_see_project(*who_, workload.team, workload.project_id) && received(record);
}

resolve::KeyDrifts WorkloadFilter::taken_of(const std::string& team,
                                            const resolve::KeyDrifts& drifts) {
  resolve::KeyDrifts taken = known_of(groups_, team, drifts);
  std::erase_if(taken, [&](const resolve::KeyDrift& drift) {
    return !is(key_, drift.key) || (!is(group_, drift.group) && !is(group_, drift.current_group));
  });
  return taken;
}

}  // namespace sutler::admin
