#include "admin/past.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>

#include "admin/group_rules.h"
#include "admin/json_io.h"

namespace sutler::admin {
namespace {

constexpr std::size_t kPlaceDigits = 20;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace

bool sees_everything(const Principal& who) {
  return who.role == Role::kOwner || who.scopes.empty();
}

base::Result<Standing> find_standing(const Context& context, const Principal& who,
                                     const std::string& team, const std::string& name) {
  const auto snapshot = context.store.snapshot();
  if (const auto record = snapshot->find_group(team, name)) {
    if (!may_see(who, record->header())) return no_group(team, name);
    return Standing{record->version(), false, record->header()};
  }
  const auto gone = snapshot->find_deleted(team, name);
  if (!gone) return no_group(team, name);
  Standing standing{gone->version, true, {}};
  auto last = context.store.version(team, name, gone->version - 1);
  if (last) {
    standing.header = std::move(last->header);
  } else if (last.error().code != base::Code::kNotFound) {
    return base::pass(last);
  }
  const bool seen = standing.header ? may_see(who, *standing.header) : sees_everything(who);
  if (!seen) return no_group(team, name);
  return standing;
}

bool may_know_version(const Context& context, const Principal& who, const std::string& team,
                      const std::string& name, std::uint64_t version) {
  if (sees_everything(who)) return true;
  auto content = context.store.version(team, name, version);
  if (!content && content.error().name == "deleted_version") {
    content = context.store.version(team, name, version - 1);
  }
  return content && may_see(who, content->header);
}

bool may_know(const Context& context, const Principal& who, const store::Commit::Change& change) {
  if (sees_everything(who)) return true;
  if (change.kind == "team") return may_see_team(who, change.team);
  return change.kind == "group" &&
         find_standing(context, who, change.team, change.name).has_value() &&
         may_know_version(context, who, change.team, change.name, change.version);
}

bool KnownGroups::knows(const std::string& team, const std::string& name) {
  if (sees_everything(who_)) return true;
  const auto [at, is_new] = known_.try_emplace({team, name}, false);
  if (is_new) at->second = find_standing(context_, who_, team, name).has_value();
  return at->second;
}

bool KnownGroups::knows_version(const std::string& team, const std::string& name,
                                std::uint64_t version) {
  if (sees_everything(who_)) return true;
  if (!knows(team, name)) return false;
  const auto [at, is_new] = versions_.try_emplace({team, name, version}, false);
  if (is_new) at->second = may_know_version(context_, who_, team, name, version);
  return at->second;
}

base::Result<std::uint64_t> path_number(const Call& call, std::string_view what) {
  const auto number = number_of(call.item.empty() ? call.name : call.item);
  if (number && *number > 0 && *number <= std::numeric_limits<std::int64_t>::max()) return *number;
  return base::fail(base::Code::kInvalid,
                    "the " + std::string(what) + " in the path must be a number, 1 or more");
}

std::string descending_place(std::uint64_t number) {
  char place[kPlaceDigits + 1];
  std::snprintf(
      place, sizeof place, "%020llu",
      static_cast<unsigned long long>(std::numeric_limits<std::uint64_t>::max() - number));
  return place;
}

std::optional<std::uint64_t> number_at(std::string_view place) {
  const auto number = number_of(place);
  if (!number || place.size() != kPlaceDigits) return std::nullopt;
  return std::numeric_limits<std::uint64_t>::max() - *number;
}

void note_group(const Call& call, Action& action) {
  if (!model::is_group_name(call.name)) return;  // it may be a value typed in the wrong place
  JsonObject one;
  one.text("name", call.name);
  action.details().groups_json = "[" + one.done() + "]";
}

}  // namespace sutler::admin
