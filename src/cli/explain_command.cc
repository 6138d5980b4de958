// `sutler explain`: what one workload would get, and why.
#include <memory>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "cli/workload_options.h"

namespace sutler::cli {
namespace {

namespace json = boost::json;

constexpr int kFetchFails = 1;

struct ExplainOptions {
  WorkloadOptions workload;
  bool reveal = false;
};

// The groups that an entry beat: "base v3 (10), wide v1 (10)".
std::string overridden_text(const json::value& entry) {
  std::vector<std::string> lost;
  for (const auto* other : items(entry, "overriding")) {
    lost.push_back(shown(*other, "inheritedFrom") + " v" + shown(*other, "version") +
                   " (priority " + shown(*other, "priority") + ")");
  }
  return lost.empty() ? "-" : joined(lost, ", ");
}

std::string value_text(const json::value& entry) {
  const json::value& value = member(entry, "value");
  if (value.is_string()) return shown(value);
  return std::string(kMask) + (is_true(entry, "template") ? " (template)" : "");
}

std::string groups_text(const json::value& story) {
  Table table({"GROUP", "VERSION", "PRIORITY", "NAMES", "BECAUSE"});
  for (const auto* group : items(story, "groups")) {
    table.add({shown(*group, "name"), shown(*group, "version"), shown(*group, "priority"),
               shown(*group, "specificity"), shown(*group, "because")});
  }
  return table.empty() ? "no group matches" : table.text();
}

std::string entries_text(const json::value& story) {
  Table table({"KIND", "KEY", "VALUE", "FROM", "VERSION", "PRIORITY", "OVERRIDES"});
  for (const auto* entry : items(story, "entries")) {
    const std::string key = shown(*entry, "key");
    table.add({shown(*entry, "kind"), key.empty() ? shown(*entry, "path") : key, value_text(*entry),
               shown(*entry, "inheritedFrom"), shown(*entry, "version"), shown(*entry, "priority"),
               overridden_text(*entry)});
  }
  return table.empty() ? "" : "\n" + table.text() + "\n";
}

// What other stores gave: where it is, how old, and what their outage would do.
std::string sources_text(const json::value& story) {
  Table table({"KEY", "SOURCE", "REFERENCE", "STATE", "AGE", "FRESH UNTIL", "WERE IT DOWN"});
  for (const char* list : {"entries", "absent"}) {
    for (const auto* entry : items(story, list)) {
      const auto& source = member(*entry, "source");
      if (!source.is_object()) continue;
      std::string state = shown(source, "state");
      if (is_true(source, "default")) state += ", default";
      if (is_true(source, "stale")) state += ", stale";
      const std::string key = shown(*entry, "key");
      const std::string age = shown(source, "ageSeconds");
      table.add({key.empty() ? shown(*entry, "path") : key, shown(source, "from"),
                 shown(source, "ref"), state, age.empty() ? "-" : age + "s",
                 shown(source, "freshUntil"), shown(source, "ifDown")});
    }
  }
  return table.empty() ? "" : table.text() + "\n\n";
}

std::string problems_text(const json::value& story) {
  std::string out;
  for (const auto* problem : items(story, "problems")) {
    out += "problem: " + printable(shown(*problem, "message"));
    out += " (" + printable(shown(*problem, "code")) + ")\n";
  }
  const std::string outcome = shown(story, "outcome");
  return out + (outcome == "ok" ? "a fetch succeeds" : "a fetch fails: " + printable(outcome));
}

std::string story_text(const json::value& story) {
  const auto& workload = member(story, "workload");
  return printable(shown(workload, "nfObjectType") + " " + shown(workload, "nfObjectId") +
                   " of project " + shown(workload, "projectId") + ", team " +
                   shown(story, "team") + ", at revision " + shown(story, "revision")) +
         "\n\n" + groups_text(story) + "\n" + entries_text(story) + "\n" + sources_text(story) +
         problems_text(story);
}

base::Result<int> explain(const Context& context, const ExplainOptions& options) {
  const auto reveal = options.reveal ? Reveal::kYes : Reveal::kNo;
  auto answer = ask_server(context, "POST", api_path({"teams", context.team, "explain"}),
                           workload_body(options.workload, reveal));
  if (!answer) return base::pass(answer);
  auto printed = print_answer(context, *answer, story_text(answer->tree));
  // So that a script can ask before a workload does.
  if (printed && shown(answer->tree, "outcome") != "ok") return kFetchFails;
  return printed;
}

}  // namespace

void add_explain_command(CLI::App& root, Context& context) {
  const auto options = std::make_shared<ExplainOptions>();
  auto& command = add_command(
      root, context,
      {.name = "explain",
       .purpose =
           "Tells what a workload would get: which groups match and why, where each key comes "
           "from, what it overrides, what would fail",
       .example = "sutler explain --project shop --object api --type service",
       .more = "The exit status is 1 when a fetch would fail, with the story all the same."},
      Talks::kToServer, [&context, options] { return explain(context, *options); });
  add_workload_options(command, options->workload);
  add_switch(command, options->reveal, "--reveal", "show the values; this is audited");
  add_team_option(command, context);
}

}  // namespace sutler::cli
