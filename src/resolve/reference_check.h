// Templates across groups, looked at before a save: what would certainly fail is refused.
//
// Which other groups stand beside a saved one depends on the workload. So workloads are tried: for
// each pair of a group's patterns one that matches nothing else by chance (`pay-*` becomes
// `pay-~~`), and for each group that has a variable which the saved one's templates name, one that
// both match. The groups of such a workload are found by the index, so that the cost does not grow
// with the groups that do not match.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "resolve/catalog.h"
#include "resolve/resolver.h"

namespace sutler::resolve {

// Of the templates of `groups`, which are about to be saved together: kInvalid `template_cycle` or
// `unknown_name`, with the group, the variable and a workload whose fetch would fail. Otherwise
// warnings, one sentence each: names that only some of the group's workloads have, and that not
// everything was looked at where there was too much of it. Stored
// groups that are not `visible` count like the others, but neither they nor their variables are
// named.
[[nodiscard]] base::Result<std::vector<std::string>> check_references(
    const View& view, const std::vector<model::Group>& groups, const Visible& visible = {});

}  // namespace sutler::resolve
