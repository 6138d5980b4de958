// `sutler restart`: restarts workloads that are behind, through Northflank's API.
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/json_body.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "cli/whole_number.h"
#include "cli/workload_list.h"

namespace sutler::cli {
namespace {

namespace json = boost::json;

struct RestartOptions {
  WorkloadFilters filters;
  bool drift = false;
  bool print = false;
  std::string at_once = "5";
};

std::string order(const RestartOptions& options, std::uint64_t at_once,
                  const json::array& workloads) {
  std::vector<std::string> ids;
  for (const json::value& one : workloads) ids.push_back(shown(one, "id"));
  JsonBody body;
  body.texts("workloads", ids).number("at_once", at_once);
  if (options.print) body.yes("print");
  return body.done();
}

std::string calls_text(const json::value& tree) {
  std::string text;
  for (const auto* call : items(tree, "calls")) {
    text += (text.empty() ? "" : "\n");
    text += "curl -fsS -X POST -H \"Authorization: Bearer $NORTHFLANK_TOKEN\" '" +
            printable(shown(*call, "url")) + "'";
  }
  return text;
}

void tell_skipped(const json::value& tree) {
  for (const auto* one : items(tree, "skipped")) {
    print_warning(workload_name(*one) + " is left out: " + printable(shown(*one, "why")));
  }
}

// Waits until the job is done; tells how far it is on a terminal.
base::Result<int> follow(const Context& context, const std::string& id) {
  while (true) {
    auto answer = ask_server(context, "GET", api_path({"restarts"}));
    if (!answer) return base::pass(answer);
    const json::value& tree = answer->tree;
    if (shown(tree, "id") == id && is_true(tree, "running")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      continue;
    }
    const auto failed = items(tree, "failed");
    for (const auto* one : failed) {
      std::cerr << "error: " << workload_name(*one) << ": " << printable(shown(*one, "why"))
                << '\n';
    }
    auto printed = print_answer(
        context, *answer,
        shown(tree, "restarted") + " of " + shown(tree, "total") + " services were restarted");
    if (!printed) return printed;
    return failed.empty() ? 0 : 1;
  }
}

base::Result<int> restart(const Context& context, const RestartOptions& options) {
  if (!options.drift) {
    return usage_error("needs --drift", "it restarts services that last fetched older values");
  }
  auto at_once =
      read_whole_number(options.at_once, "--at-once", {1, 50}, "how many restarts run at a time");
  if (!at_once) return base::pass(at_once);
  auto workloads = all_items(context, "drift", options.filters);
  if (!workloads) return base::pass(workloads);
  if (workloads->empty()) {
    auto printed = print_line(context.json ? R"({"total":0,"restarted":0,"failed":[]})"
                                           : "every workload last fetched what is current");
    if (!printed) return base::pass(printed);
    return 0;
  }
  auto answer =
      ask_server(context, "POST", api_path({"restarts"}), order(options, *at_once, *workloads));
  if (!answer) return base::pass(answer);
  tell_skipped(answer->tree);
  if (member(answer->tree, "calls").is_array()) {
    if (!options.print) {
      print_warning("the server has no northflank_token_file: these are the calls to make");
    }
    return print_answer(context, *answer, calls_text(answer->tree));
  }
  return follow(context, shown(answer->tree, "id"));
}

}  // namespace

void add_restart_command(CLI::App& root, Context& context) {
  const auto options = std::make_shared<RestartOptions>();
  auto& command = add_command(
      root, context,
      {.name = "restart",
       .purpose = "Restarts services that are behind, through Northflank's API",
       .example = "sutler restart --drift --group payments --at-once 5\n"
                  "sutler restart --drift --print",
       .more = "The server makes the calls, with the token of `northflank_token_file` in its "
               "config file; without one, or with --print, they are printed. Jobs cannot be "
               "restarted: they fetch anew when they next run."},
      Talks::kToServer, [&context, options] { return restart(context, *options); });
  add_switch(command, options->drift, "--drift",
             "those that last fetched something else than they would get now");
  add_workload_filters(command, options->filters);
  add_text(command, options->at_once, {"--at-once", "N", "how many at a time (5)"});
  add_switch(command, options->print, "--print", "print the calls, make none");
}

}  // namespace sutler::cli
