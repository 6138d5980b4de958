// Lists of workloads from the server: filters as flags, all pages of a list.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/admin_client.h"
#include "cli/command.h"

namespace sutler::cli {

struct WorkloadFilters {
  std::string team;
  std::string project;
  std::string object;
  std::string type;
  std::string group;
  std::string key;
  std::string search;
};

// --team, --project, --object, --type, --group, --key and --search.
void add_workload_filters(CLI::App& command, WorkloadFilters& filters);

// Every item of the list at `path` ("workloads", "drift"), page by page.
[[nodiscard]] base::Result<boost::json::array> all_items(const Context& context,
                                                         const std::string& path,
                                                         const WorkloadFilters& filters);
// `{"items":[…]}` of them, for --json.
[[nodiscard]] std::string items_json(const boost::json::array& items);

// "shop/api (service)"
[[nodiscard]] std::string workload_name(const boost::json::value& workload);

}  // namespace sutler::cli
