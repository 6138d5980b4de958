// `sutler workload`: which workloads were seen, what they received, who is behind.
#include <memory>

#include "base/encoding.h"
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "cli/workload_list.h"
#include "cli/workload_options.h"

namespace sutler::cli {
namespace {

namespace json = boost::json;

std::string or_dash(std::string text) { return text.empty() ? "-" : printable(text); }

std::string groups_text(const json::value& workload) {
  std::vector<std::string> groups;
  for (const auto* group : items(workload, "groups")) {
    const std::string version = shown(*group, "version");
    const std::string current = shown(*group, "current_version");
    std::string text = shown(*group, "name") + "@" + version;
    if (current == "0") text += " (gone)";
    if (current != "0" && current != version) text += " (now " + current + ")";
    groups.push_back(std::move(text));
  }
  return groups.empty() ? "-" : printable(joined(groups, ", "));
}

base::Result<int> print(const Context& context, const std::string& tree, const std::string& text) {
  auto printed = print_line(context.json ? tree : text);
  if (!printed) return base::pass(printed);
  return 0;
}

base::Result<int> list_workloads(const Context& context, const WorkloadFilters& filters) {
  auto found = all_items(context, "workloads", filters);
  if (!found) return base::pass(found);
  Table table({"TEAM", "WORKLOAD", "LAST FETCHED", "FETCHES", "FAILED", "GROUPS"});
  for (const json::value& one : *found) {
    table.add({shown(one, "team"), workload_name(one), or_dash(shown(one, "last_fetched")),
               shown(one, "fetches"), or_dash(shown(one, "last_failure")), groups_text(one)});
  }
  return print(context, items_json(*found), table.text());
}

std::string drift_text(const json::value& one) {
  std::vector<std::string> keys;
  for (const auto* key : items(one, "keys")) {
    std::string text = shown(*key, "key") + " " + shown(*key, "state");
    const std::string group = shown(*key, "group");
    const std::string now = shown(*key, "current_group");
    if (!group.empty()) text += " " + group + "@" + shown(*key, "version");
    if (!now.empty()) {
      text += (group.empty() ? " " : " -> ") + (now == group ? "" : now) + "@" +
              shown(*key, "current_version");
    }
    keys.push_back(std::move(text));
  }
  return printable(joined(keys, "; "));
}

base::Result<int> list_drift(const Context& context, const WorkloadFilters& filters) {
  auto found = all_items(context, "drift", filters);
  if (!found) return base::pass(found);
  Table table({"TEAM", "WORKLOAD", "LAST FETCHED", "WHAT DIFFERS FROM NOW"});
  for (const json::value& one : *found) {
    table.add({shown(one, "team"), workload_name(one), or_dash(shown(one, "last_fetched")),
               drift_text(one)});
  }
  return print(context, items_json(*found),
               found->empty() ? "every workload last fetched what is current" : table.text());
}

std::string received_text(const json::value& workload) {
  Table table({"GROUP", "VERSION", "FIRST FETCHED", "LAST FETCHED", "KEYS"});
  for (const auto* row : items(workload, "received")) {
    const std::string last = shown(*row, "version_last");
    table.add({shown(*row, "group"), shown(*row, "version") + (last.empty() ? "" : "-" + last),
               shown(*row, "first_fetched"), shown(*row, "last_fetched"),
               printable(joined(texts(*row, "keys"), ", "))});
  }
  return table.text();
}

base::Result<int> show_workload(const Context& context, const WorkloadOptions& options) {
  std::string id = context.team;
  for (const auto* part : {&options.project, &options.object, &options.type}) {
    id += '\0';
    id += *part;
  }
  auto answer = ask_server(context, "GET", api_path({"workloads", base::base64url_encode(id)}));
  if (!answer) return base::pass(answer);
  const json::value& one = answer->tree;
  std::string text = workload_name(one) + ", team " + shown(one, "team") + "\n";
  const std::pair<const char*, const char*> lines[] = {
      {"first seen    ", "first_seen"},   {"last fetched  ", "last_fetched"},
      {"fetches       ", "fetches"},      {"failures      ", "failures"},
      {"last failed   ", "last_failed"},  {"reason        ", "last_failure"},
      {"from          ", "remote"},       {"signing key   ", "key_id"},
      {"token issued  ", "token_issued"}, {"token expires ", "token_expires"}};
  for (const auto& [label, name] : lines) {
    const std::string value = shown(one, name);
    if (!value.empty()) text += label + printable(value) + "\n";
  }
  text += "\n" + received_text(one);
  for (const auto* key : items(one, "drift")) {
    text += "\ndiffers from now: " + printable(shown(*key, "key") + " " + shown(*key, "state"));
  }
  return print_answer(context, *answer, text);
}

}  // namespace

void add_workload_command(CLI::App& root, Context& context) {
  auto& family = add_family(root, context,
                            {.name = "workload",
                             .purpose = "Shows the workloads that were seen, and who is behind",
                             .example = "sutler workload list"});
  const auto filters = std::make_shared<WorkloadFilters>();
  auto& list = add_command(family, context,
                           {.name = "list",
                            .purpose = "Lists workloads: when they fetched, which versions",
                            .example = "sutler workload list --project shop"},
                           Talks::kToServer,
                           [&context, filters] { return list_workloads(context, *filters); });
  add_workload_filters(list, *filters);
  const auto options = std::make_shared<WorkloadOptions>();
  auto& show = add_command(family, context,
                           {.name = "show",
                            .purpose = "Shows what one workload received, and when",
                            .example = "sutler workload show --project shop --object api "
                                       "--type service"},
                           Talks::kToServer,
                           [&context, options] { return show_workload(context, *options); });
  add_workload_options(show, *options);
  add_team_option(show, context);
  const auto behind = std::make_shared<WorkloadFilters>();
  auto& drift = add_command(
      family, context,
      {.name = "drift",
       .purpose = "Lists workloads that last fetched something else than they would get now",
       .example = "sutler workload drift --group payments",
       .more = "It says what a workload last fetched: a token names no instance, so an old one may "
               "still run beside one that fetched since."},
      Talks::kToServer, [&context, behind] { return list_drift(context, *behind); });
  add_workload_filters(drift, *behind);
}

}  // namespace sutler::cli
