// `sutler team`: the Northflank teams and users whose workloads are served.
#include <memory>

#include "base/limits.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/json_body.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "cli/write_options.h"

namespace sutler::cli {
namespace {

// What `add` and `set` say about a team.
struct TeamFlags {
  std::string id;
  std::string path;
  std::string leeway;
  std::string impact;
  std::vector<std::string> allow_from;
  bool require_match = false, no_require_match = false;
  bool require_exp = false, no_require_exp = false;
  bool allow_from_anywhere = false;
  WriteOptions write;  // of `set`
};

void add_team_flags(CLI::App& command, TeamFlags& flags) {
  add_word(command, flags.id, "TEAM", "id of the team: small letters, digits and `-`");
  add_text(command, flags.path, {"--path", "PATH", "URL path its workloads ask at (/TEAM)"});
  add_switch(command, flags.require_match, "--require-match",
             "a workload that no group matches gets an error, not an empty set");
  add_switch(command, flags.require_exp, "--require-exp", "refuse tokens that never expire");
  add_list(command, flags.allow_from,
           {"--allow-from", "CIDR", "addresses that may ask, like 10.0.0.0/8; others are refused"});
  add_text(command, flags.leeway,
           {"--leeway", "TIME", "how far clocks may be apart, 60s at most (30s)"});
  add_text(command, flags.impact,
           {"--impact", "refuse|report",
            "refuse: a change by which a workload loses a key or fails needs --force (report)"});
}

base::Result<void> add_options(JsonBody& body, const TeamFlags& flags) {
  if (!flags.path.empty()) body.text("path", flags.path);
  if (flags.require_match) body.yes("require_match");
  if (flags.no_require_match) body.raw("require_match", "false");
  if (flags.require_exp) body.yes("require_exp");
  if (flags.no_require_exp) body.raw("require_exp", "false");
  if (!flags.allow_from.empty()) body.texts("allow_from", flags.allow_from);
  if (flags.allow_from_anywhere) body.raw("allow_from", "null");
  if (!flags.impact.empty()) body.text("impact", flags.impact);
  if (flags.leeway.empty()) return {};
  auto leeway = parse_duration(flags.leeway, "--leeway");
  if (!leeway) return base::pass(leeway);
  if (leeway->count() > base::limits::kLeewaySecondsMax) {
    return usage_error("--leeway " + flags.leeway + " is more than 60s",
                       "set the clocks right: a leeway keeps expired tokens alive");
  }
  body.number("leeway_seconds", leeway->count());
  return {};
}

base::Result<int> add_team(const Context& context, const TeamFlags& flags) {
  JsonBody body;
  body.text("id", flags.id);
  auto options = add_options(body, flags);
  if (!options) return base::pass(options);
  auto answer = ask_server(context, "POST", api_path({"teams"}), body.done());
  if (!answer) return base::pass(answer);
  return print_answer(context, *answer,
                      "team " + flags.id + " is added; its workloads ask at " +
                          printable(shown(answer->tree, "path")));
}

base::Result<int> set_team(const Context& context, const TeamFlags& flags) {
  if ((flags.require_match && flags.no_require_match) ||
      (flags.require_exp && flags.no_require_exp) ||
      (flags.allow_from_anywhere && !flags.allow_from.empty())) {
    return usage_error("a flag and its opposite are given", "give one of the two");
  }
  JsonBody body;
  auto options = add_options(body, flags);
  if (!options) return base::pass(options);
  if (body.empty()) return usage_error("nothing is to be changed", "name an option to set");
  auto answer = ask_server(context, "PATCH",
                           api_path({"teams", flags.id}) + write_query(flags.write), body.done());
  if (!answer) return base::pass(answer);
  return print_write(context, *answer, "team " + flags.id + " is changed");
}

base::Result<int> list_teams(const Context& context) {
  auto answer = ask_list(context, api_path({"teams"}));
  if (!answer) return base::pass(answer);
  Table table({"TEAM", "PATH", "KEYS", "REQUIRES", "LEEWAY", "ALLOWED FROM"});
  for (const auto* team : items(answer->tree, "items")) {
    std::vector<std::string> requires_;
    if (is_true(*team, "require_match")) requires_.emplace_back("match");
    if (is_true(*team, "require_exp")) requires_.emplace_back("exp");
    if (shown(*team, "impact") == "refuse") requires_.emplace_back("force on impact");
    const auto ranges = texts(*team, "allow_from");
    table.add({shown(*team, "id"), shown(*team, "path"), shown(*team, "keys"),
               requires_.empty() ? "-" : joined(requires_, ", "),
               shown(*team, "leeway_seconds") + "s",
               ranges.empty() ? "everywhere" : joined(ranges, ", ")});
  }
  return print_answer(context, *answer, table.text());
}

base::Result<int> remove_team(const Context& context, const TeamFlags& flags) {
  auto answer =
      ask_server(context, "DELETE", api_path({"teams", flags.id}) + write_query(flags.write));
  if (!answer) return base::pass(answer);
  return print_write(context, *answer, "team " + flags.id + " is removed");
}

void add_set_team(CLI::App& team, Context& context) {
  const auto flags = std::make_shared<TeamFlags>();
  auto& set =
      add_command(team, context,
                  {.name = "set",
                   .purpose = "Changes the options of a team; what is not named stays",
                   .example = "sutler team set default --require-match --leeway 10s"},
                  Talks::kToServer, [&context, flags] { return set_team(context, *flags); });
  add_team_flags(set, *flags);
  add_switch(set, flags->no_require_match, "--no-require-match", "the opposite of --require-match");
  add_switch(set, flags->no_require_exp, "--no-require-exp", "the opposite of --require-exp");
  add_switch(set, flags->allow_from_anywhere, "--allow-from-anywhere",
             "take the restriction of --allow-from away");
  add_weighing_options(set, flags->write);
}

}  // namespace

void add_team_command(CLI::App& root, Context& context) {
  auto& team = add_family(root, context,
                          {.name = "team",
                           .purpose = "Manages teams: whose workloads are served, and their keys",
                           .example = "sutler team list"});
  const auto flags = std::make_shared<TeamFlags>();
  auto& add =
      add_command(team, context,
                  {.name = "add",
                   .purpose = "Adds a Northflank team or user whose workloads are served",
                   .example = "sutler team add red --require-exp --allow-from 10.0.0.0/8"},
                  Talks::kToServer, [&context, flags] { return add_team(context, *flags); });
  add_team_flags(add, *flags);
  add_set_team(team, context);
  add_command(team, context,
              {.name = "list",
               .purpose = "Lists the teams with their paths and options",
               .example = "sutler team list"},
              Talks::kToServer, [&context] { return list_teams(context); });
  const auto gone = std::make_shared<TeamFlags>();
  auto& remove =
      add_command(team, context,
                  {.name = "remove",
                   .purpose = "Removes a team that has no groups, with its keys",
                   .example = "sutler team remove red"},
                  Talks::kToServer, [&context, gone] { return remove_team(context, *gone); });
  add_word(remove, gone->id, "TEAM", "id of the team");
  add_weighing_options(remove, gone->write);
  add_team_key_command(team, context);
}

}  // namespace sutler::cli
