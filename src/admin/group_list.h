// Finding groups, and the entries of one.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "admin/context.h"

namespace sutler::admin {

// `name` and `key` are globs; `project` is one id, of which some workload may get the group; `type`
// and `managed_by` are exact. What is not there asks for nothing.
inline constexpr std::array<std::string_view, 7> kGroupListQuery = {
    "limit", "cursor", "name", "key", "project", "type", "managed_by"};
inline constexpr std::array<std::string_view, 8> kGroupSearchQuery = {
    "limit", "cursor", "team", "name", "key", "project", "type", "managed_by"};
inline constexpr std::array<std::string_view, 4> kEntriesQuery = {"limit", "cursor", "key",
                                                                  "reveal"};

// GET /api/v1/teams/{team}/groups: headers and numbers, never a value.
[[nodiscard]] base::Result<http::Response> list_groups(const Context&, const Call&, Action&);
// GET /api/v1/groups: the same over all teams that the caller sees, by team and name.
[[nodiscard]] base::Result<http::Response> search_groups(const Context&, const Call&, Action&);
// GET …/groups/{name}/entries: variables by name, then files by path. With reveal=true the page's
// values, which is audited for these keys alone.
[[nodiscard]] base::Result<http::Response> list_entries(const Context&, const Call&, Action&);

}  // namespace sutler::admin
