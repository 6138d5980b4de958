// `sutler group`: whole groups.
#include <memory>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/impact_view.h"
#include "cli/json_body.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "cli/write_options.h"
#include "model/group_reader.h"
#include "model/group_writer.h"
#include "server/group_files.h"

namespace sutler::cli {
namespace {

struct ApplyOptions {
  std::string path;
  WriteOptions write;
  std::string team;
  bool prune = false;
};

base::Result<void> check_apply(const ApplyOptions& options) {
  if (options.prune && options.write.managed_by.empty()) {
    return usage_error("--prune needs --managed-by NAME",
                       "only groups that this name manages are removed");
  }
  return {};
}

// --team and SUTLER_TEAM fill in where a file names no team. A group of another team than --team
// says is refused: the file and the command line disagree.
base::Result<void> check_team(const std::vector<model::Group>& groups, const std::string& team) {
  if (team.empty()) return {};
  for (const model::Group& group : groups) {
    if (group.header.team == team) continue;
    return base::fail(base::Code::kInvalid,
                      "group " + group.header.name + " is of team " + group.header.team +
                          ", not of team " + team + " as --team says",
                      "write `team: " + team + "` into the file, or leave --team out");
  }
  return {};
}

std::string apply_body(const ApplyOptions& options, const std::vector<model::Group>& groups) {
  std::string list = "[";
  for (const model::Group& group : groups) {
    if (list.size() > 1) list += ',';
    list += model::write_group_json(group, model::Values::kReveal).expose();
  }
  JsonBody body;
  if (options.write.dry_run) body.yes("dry_run");
  if (options.write.force) body.yes("force");
  if (options.prune) body.yes("prune");
  if (options.write.take_over) body.yes("take_over");
  if (!options.write.managed_by.empty()) body.text("managed_by", options.write.managed_by);
  if (options.prune && !options.team.empty()) body.texts("prune_teams", {options.team});
  return body.raw("groups", list + "]").done();
}

std::string apply_text(const ApplyOptions& options, const boost::json::value& answer) {
  std::string out;
  for (const char* fate : {"created", "updated", "deleted", "unchanged"}) {
    const auto names = texts(answer, fate);
    if (names.empty()) continue;
    std::string label(fate);
    label.resize(11, ' ');
    out += label + printable(joined(names, ", ")) + "\n";
  }
  const std::string revision = shown(answer, "revision");
  return out + (options.write.dry_run ? "nothing was changed; the revision is " + revision
                                      : "revision   " + revision);
}

base::Result<int> apply(const Context& context, const ApplyOptions& options) {
  auto checked = check_apply(options);
  if (!checked) return base::pass(checked);
  auto groups =
      server::read_group_files(options.path, options.team.empty() ? context.team : options.team);
  if (!groups) return base::pass(groups);
  checked = check_team(*groups, options.team);
  if (!checked) return base::pass(checked, options.path);
  std::string query;
  if (!options.write.message.empty()) add_parameter(query, "message", options.write.message);
  auto answer =
      ask_server(context, "POST", api_path({"apply"}) + query, apply_body(options, *groups));
  if (!answer) {
    // What the server refuses is in these files; what it cannot do is not.
    if (answer.error().code == base::Code::kInvalid) return base::pass(answer, options.path);
    return base::pass(answer);
  }
  for (const auto& warning : texts(answer->tree, "warnings")) print_warning(warning);
  print_impact(answer->tree);
  return print_answer(context, *answer, apply_text(options, answer->tree));
}

base::Result<int> list_deleted(const Context& context) {
  auto answer = ask_list(context, api_path({"teams", context.team, "deleted-groups"}));
  if (!answer) return base::pass(answer);
  Table table({"GROUP", "VERSION", "DELETED", "BY"});
  for (const auto* group : items(answer->tree, "items")) {
    table.add({shown(*group, "name"), shown(*group, "version"), shown(*group, "deleted"),
               shown(*group, "deleted_by")});
  }
  return print_answer(context, *answer, table.text());
}

base::Result<int> list_groups(const Context& context) {
  auto answer = ask_list(context, api_path({"teams", context.team, "groups"}));
  if (!answer) return base::pass(answer);
  Table table({"GROUP", "TYPE", "PRIORITY", "VERSION", "VARIABLES", "FILES", "MANAGED BY", "FOR"});
  for (const auto* group : items(answer->tree, "items")) {
    const std::string manager = shown(*group, "managed_by");
    table.add({shown(*group, "name"), shown(*group, "type"), shown(*group, "priority"),
               shown(*group, "version"), shown(*group, "variables"), shown(*group, "files"),
               manager.empty() ? "-" : manager, restrictions_text(member(*group, "restrictions"))});
  }
  return print_answer(context, *answer, table.text());
}

struct ShowOptions {
  std::string name;
  bool reveal = false;
};

base::Result<int> show_group(const Context& context, const ShowOptions& options) {
  const auto path = api_path({"teams", context.team, "groups", options.name});
  auto answer = ask_server(context, "GET", path + (options.reveal ? "?reveal=true" : ""));
  if (!answer) return base::pass(answer);
  if (context.json) return print_answer(context, *answer, "");
  auto group = model::group_from_json(answer->tree, "the server's answer");
  if (!group) return base::pass(group);
  auto printed = print_line(model::write_group_yaml(*group, model::Values::kReveal).expose());
  if (!printed) return base::pass(printed);
  return 0;
}

struct DeleteOptions {
  std::string name;
  WriteOptions write;
};

base::Result<int> delete_group(const Context& context, const DeleteOptions& options) {
  const std::string& name = options.name;
  auto answer =
      ask_server(context, "DELETE",
                 api_path({"teams", context.team, "groups", name}) + write_query(options.write));
  if (!answer) return base::pass(answer);
  return print_write(context, *answer, "group " + name + " is deleted");
}

void add_apply(CLI::App& group, Context& context) {
  const auto options = std::make_shared<ApplyOptions>();
  auto& apply_command = add_command(
      group, context,
      {.name = "apply",
       .purpose = "Makes secret groups as files say, all in one revision or not at all",
       .example = "sutler group apply -f groups/ --managed-by git --prune --dry-run",
       .more =
           "A group that is named in the files is replaced as a whole; others stay, unless --prune "
           "removes those that NAME managed before. An entry with `masked: true` stays as it is."},
      Talks::kToServer, [&context, options] { return apply(context, *options); });
  add_text(apply_command, options->path,
           {"-f,--file", "PATH", "a YAML or JSON file, or a folder of them"})
      .required();
  add_switch(apply_command, options->prune, "--prune",
             "delete the groups that NAME manages, in the teams of the files and --team, and the "
             "files do not have");
  add_write_options(apply_command, options->write);
  add_text(apply_command, options->team,
           {"--team", "TEAM",
            "team of groups that name none (SUTLER_TEAM, else default); others are refused"});
}

}  // namespace

void add_group_command(CLI::App& root, Context& context) {
  auto& group = add_family(root, context,
                           {.name = "group",
                            .purpose = "Manages secret groups: what workloads get, and which",
                            .example = "sutler group list"});
  add_apply(group, context);
  add_history_commands(group, context);
  const auto only_deleted = std::make_shared<bool>(false);
  auto& list = add_command(group, context,
                           {.name = "list",
                            .purpose = "Lists the secret groups of a team; never their values",
                            .example = "sutler group list --team red"},
                           Talks::kToServer, [&context, only_deleted] {
                             return *only_deleted ? list_deleted(context) : list_groups(context);
                           });
  add_switch(list, *only_deleted, "--deleted", "those that were deleted and can be rolled back");
  add_team_option(list, context);

  add_group_edit_command(group, context);

  const auto shown_group = std::make_shared<ShowOptions>();
  auto& show = add_command(
      group, context,
      {.name = "show",
       .purpose =
           "Shows a secret group as YAML that `sutler group apply` takes, with its values masked",
       .example = "sutler group show payments"},
      Talks::kToServer, [&context, shown_group] { return show_group(context, *shown_group); });
  add_word(show, shown_group->name, "GROUP", "name of the secret group");
  add_switch(show, shown_group->reveal, "--reveal", "show the values; this is audited");
  add_team_option(show, context);

  const auto deleted = std::make_shared<DeleteOptions>();
  auto& remove = add_command(group, context,
                             {.name = "delete",
                              .purpose = "Deletes a secret group",
                              .example = "sutler group delete payments"},
                             Talks::kToServer,
                             [&context, deleted] { return delete_group(context, *deleted); });
  add_word(remove, deleted->name, "GROUP", "name of the secret group");
  add_write_options(remove, deleted->write);
  add_team_option(remove, context);
}

}  // namespace sutler::cli
