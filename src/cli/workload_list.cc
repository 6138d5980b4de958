#include "cli/workload_list.h"

#include <boost/json/serialize.hpp>

#include "cli/json_view.h"
#include "cli/output.h"
#include "cli/write_options.h"

namespace sutler::cli {

void add_workload_filters(CLI::App& command, WorkloadFilters& filters) {
  add_text(command, filters.team, {"--team", "TEAM", "of this team alone"});
  add_text(command, filters.project, {"--project", "ID", "of this project"});
  add_text(command, filters.object, {"--object", "ID", "this service or job"});
  add_text(command, filters.type, {"--type", "TYPE", "service, job or another word"});
  add_text(command, filters.group, {"-g,--group", "GROUP", "that have to do with this group"});
  add_text(command, filters.key, {"--key", "KEY", "that have to do with this variable or file"});
  add_text(command, filters.search, {"--search", "TEXT", "whose project or object contains it"});
}

base::Result<boost::json::array> all_items(const Context& context, const std::string& path,
                                           const WorkloadFilters& filters) {
  const std::pair<const char*, std::string> parameters[] = {
      {"team", filters.team},     {"project", filters.project},
      {"object", filters.object}, {"type", filters.type},
      {"group", filters.group},   {"key", filters.key},
      {"search", filters.search}, {"limit", "1000"}};
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (!value.empty()) add_parameter(query, name, value);
  }
  boost::json::array all;
  std::string cursor;
  while (true) {
    std::string page = query;
    if (!cursor.empty()) add_parameter(page, "cursor", cursor);
    auto answer = ask_server(context, "GET", api_path({path}) + page);
    if (!answer) return base::pass(answer);
    for (const auto* item : items(answer->tree, "items")) all.push_back(*item);
    cursor = shown(answer->tree, "next_cursor");
    if (cursor.empty()) return all;
  }
}

std::string items_json(const boost::json::array& items) {
  return "{\"items\":" + boost::json::serialize(items) + "}";
}

std::string workload_name(const boost::json::value& workload) {
  return printable(shown(workload, "project") + "/" + shown(workload, "object") + " (" +
                   shown(workload, "type") + ")");
}

}  // namespace sutler::cli
