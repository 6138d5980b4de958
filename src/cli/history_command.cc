// `sutler group history`, `diff`, `rollback`, `copy` and `purge`.
#include <boost/json/serialize.hpp>
#include <memory>

#include "cli/changes_view.h"
#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/group_edit.h"
#include "cli/json_body.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "cli/whole_number.h"
#include "cli/write_options.h"

namespace sutler::cli {
namespace {

constexpr char kVersionsHint[] = "`sutler group history GROUP` lists the versions";

std::string group_path(const Context& context, const std::string& group, const char* last) {
  return api_path({"teams", context.team, "groups", group, last});
}

base::Result<int> show_history(const Context& context, const std::string& group) {
  auto answer = ask_list(context, group_path(context, group, "versions"));
  if (!answer) return base::pass(answer);
  Table table({"VERSION", "REVISION", "WHEN", "WHO", "MESSAGE"});
  for (const auto* one : items(answer->tree, "items")) {
    const bool deleted = is_true(*one, "deleted");
    table.add({shown(*one, "version") + (deleted ? " (deleted)" : ""), shown(*one, "revision"),
               shown(*one, "when"), shown(*one, "who"), shown(*one, "message")});
  }
  return print_answer(context, *answer, table.text());
}

struct DiffOptions {
  std::string group;
  std::string from, to, with, with_team;
  bool reveal = false;
};

std::string value_text(const boost::json::value& entry, const char* side) {
  const auto& value = member(entry, side);
  if (value.is_string()) return shown(value);
  return boost::json::serialize(value);
}

// "+ KEY", "- KEY" or "~ KEY", with the values where they are shown.
void add_entry(std::string& out, const boost::json::value& entry, const char* name_member) {
  const std::string change = shown(entry, "change");
  out += change == "added" ? "+ " : change == "removed" ? "- " : "~ ";
  out += printable(shown(entry, name_member));
  const auto members = texts(entry, "members");
  if (!members.empty()) out += " (" + joined(members, ", ") + ")";
  out += "\n";
  for (const auto& [side, mark] : {std::pair("before", "    - "), std::pair("after", "    + ")}) {
    if (member(entry, side).is_null()) continue;
    out += mark + printable(value_text(entry, side)) + "\n";
  }
}

std::string side_text(const boost::json::value& side) {
  return printable(shown(side, "name")) + " version " + shown(side, "version") + " (team " +
         printable(shown(side, "team")) + ")";
}

std::string diff_text(const boost::json::value& answer) {
  std::string out = "--- " + side_text(member(answer, "from")) + "\n+++ " +
                    side_text(member(answer, "to")) + "\n";
  const auto& diff = member(answer, "diff");
  const std::size_t head = out.size();
  for (const auto* one : items(diff, "header")) {
    out += "~ " + printable(shown(*one, "member")) + ": " +
           printable(boost::json::serialize(member(*one, "before"))) + " -> " +
           printable(boost::json::serialize(member(*one, "after"))) + "\n";
  }
  for (const auto* one : items(diff, "variables")) add_entry(out, *one, "name");
  for (const auto* one : items(diff, "files")) add_entry(out, *one, "path");
  if (out.size() == head) out += "no difference\n";
  out.pop_back();
  return out;
}

base::Result<int> show_diff(const Context& context, const DiffOptions& options) {
  std::string query;
  for (const auto& [name, text] :
       {std::pair("from", &options.from), std::pair("to", &options.to)}) {
    if (text->empty()) continue;
    auto number = read_whole_number(*text, std::string("--") + name, {.least = 1}, kVersionsHint);
    if (!number) return base::pass(number);
    add_parameter(query, name, *text);
  }
  if (!options.with.empty()) add_parameter(query, "with", options.with);
  if (!options.with_team.empty()) add_parameter(query, "with_team", options.with_team);
  if (options.reveal) add_parameter(query, "reveal", "true");
  auto answer = ask_server(context, "GET", group_path(context, options.group, "diff") + query);
  if (!answer) return base::pass(answer);
  return print_answer(context, *answer, diff_text(answer->tree));
}

struct RollbackOptions {
  std::string group;
  std::string version;
  WriteOptions write;
};

base::Result<int> roll_back(const Context& context, const RollbackOptions& options) {
  auto version = read_whole_number(options.version, "VERSION", {.least = 1}, kVersionsHint);
  if (!version) return base::pass(version);
  JsonBody body;
  body.number("version", *version);
  auto answer = ask_server(
      context, "POST", group_path(context, options.group, "rollback") + write_query(options.write),
      body.done());
  if (!answer) return base::pass(answer);
  return print_changes(context, *answer);
}

struct CopyOptions {
  std::string from, to, to_team, values;
  std::vector<std::string> projects;
  bool everyone = false;
  WriteOptions write;
};

base::Result<int> copy_group(const Context& context, const CopyOptions& options) {
  if (options.values != "empty" && options.values != "same" && options.values != "new") {
    return usage_error("--values takes empty, same or new",
                       "new generates random secrets afresh and leaves other secrets empty");
  }
  if (options.everyone && !options.projects.empty()) {
    return usage_error("--everyone and --project exclude each other",
                       "say for whom the copy is in one way");
  }
  JsonBody body;
  body.text("to", options.to).text("values", options.values);
  if (!options.to_team.empty()) body.text("to_team", options.to_team);
  if (!options.projects.empty()) body.texts("projects", options.projects);
  if (options.everyone) body.yes("everyone");
  const std::string query = write_query(options.write);
  auto answer =
      ask_server(context, "POST", group_path(context, options.from, "copy") + query, body.done());
  if (!answer) return base::pass(answer);
  return print_changes(context, *answer);
}

struct PurgeOptions {
  std::string group;
  std::string keep, older_than;
  bool dry_run = false;
};

base::Result<int> purge_group(const Context& context, const PurgeOptions& options) {
  if (options.keep.empty() == options.older_than.empty()) {
    return usage_error("group purge takes one of --keep N and --older-than TIME",
                       "--keep 1 leaves the current version alone");
  }
  JsonBody body;
  if (!options.keep.empty()) {
    auto keep = read_whole_number(options.keep, "--keep", {.least = 1}, kVersionsHint);
    if (!keep) return base::pass(keep);
    body.number("keep", *keep);
  } else {
    auto age = parse_duration(options.older_than, "--older-than");
    if (!age) return base::pass(age);
    body.number("older_than_seconds", age->count());
  }
  const std::string query = options.dry_run ? "?dry_run=true" : "";
  auto answer =
      ask_server(context, "POST", group_path(context, options.group, "purge") + query, body.done());
  if (!answer) return base::pass(answer);
  if (const auto damaged = damaged_text(answer->tree); !damaged.empty()) {
    print_warning(printable(damaged));
  }
  return print_answer(context, *answer,
                      "group " + printable(options.group) + ": " + shown(answer->tree, "purged") +
                          (options.dry_run ? " versions would go, " : " versions purged, ") +
                          shown(answer->tree, "kept") + " kept");
}

void add_reading(CLI::App& group, Context& context) {
  const auto name = std::make_shared<std::string>();
  auto& history =
      add_command(group, context,
                  {.name = "history",
                   .purpose = "Lists the versions of a secret group, newest first",
                   .example = "sutler group history payments",
                   .more = "A deleted group keeps its history until it is purged."},
                  Talks::kToServer, [&context, name] { return show_history(context, *name); });
  add_word(history, *name, "GROUP", "name of the secret group");
  add_team_option(history, context);

  const auto options = std::make_shared<DiffOptions>();
  auto& diff = add_command(
      group, context,
      {.name = "diff",
       .purpose = "Tells what differs between two versions, or between two groups",
       .example = "sutler group diff payments\n"
                  "sutler group diff payments --from 3 --to 7\n"
                  "sutler group diff payments --with payments-staging",
       .more = "Without numbers it is the last change. Values are not shown: a value that differs "
               "is told as changed, and nothing else about it."},
      Talks::kToServer, [&context, options] { return show_diff(context, *options); });
  add_word(diff, options->group, "GROUP", "name of the secret group");
  add_text(diff, options->from, {"--from", "N", "the version before (the one before --to)"});
  add_text(diff, options->to, {"--to", "N", "the version after (the current one)"});
  add_text(diff, options->with, {"--with", "GROUP", "the group to compare with"});
  add_text(diff, options->with_team, {"--with-team", "TEAM", "its team (the same)"});
  add_switch(diff, options->reveal, "--reveal", "show the values; this is audited");
  add_team_option(diff, context);
}

void add_rollback(CLI::App& group, Context& context) {
  const auto options = std::make_shared<RollbackOptions>();
  auto& rollback = add_command(
      group, context,
      {.name = "rollback",
       .purpose = "Gives a secret group the content of an older version, as a new version",
       .example = "sutler group rollback payments 3 -m 'the new key is not active yet'",
       .more = "A deleted group comes back. What templates had generated then comes back too."},
      Talks::kToServer, [&context, options] { return roll_back(context, *options); });
  add_word(rollback, options->group, "GROUP", "name of the secret group");
  add_word(rollback, options->version, "VERSION", "the version to go back to");
  add_write_options(rollback, options->write);
  add_team_option(rollback, context);
}

void add_copy(CLI::App& group, Context& context) {
  const auto options = std::make_shared<CopyOptions>();
  auto& copy = add_command(
      group, context,
      {.name = "copy",
       .purpose = "Copies a secret group under another name, for another project or team",
       .example = "sutler group copy payments payments-staging --project staging --values new",
       .more = "--values empty copies the names alone, with empty values; same copies the values; "
               "new keeps templates and generates their random secrets afresh, and leaves other "
               "values of `type: secret` groups empty."},
      Talks::kToServer, [&context, options] { return copy_group(context, *options); });
  add_word(copy, options->from, "FROM", "the group that is copied");
  add_word(copy, options->to, "TO", "name of the copy; there must be no such group");
  add_text(copy, options->values, {"--values", "WHICH", "empty, same or new"}).required();
  add_list(copy, options->projects,
           {"--project", "ID", "the copy is for this project; * and ? match"});
  add_switch(copy, options->everyone, "--everyone", "the copy is for every project");
  add_text(copy, options->to_team, {"--to-team", "TEAM", "team of the copy (the same)"});
  add_write_options(copy, options->write);
  add_team_option(copy, context);
}

void add_purge(CLI::App& group, Context& context) {
  const auto options = std::make_shared<PurgeOptions>();
  auto& purge = add_command(
      group, context,
      {.name = "purge",
       .purpose = "Takes old versions of a secret group away for ever, never the current one",
       .example = "sutler group purge payments --keep 10\n"
                  "sutler group purge payments --older-than 90d",
       .more = "The current version counts as one of those that --keep leaves; of a deleted group "
               "the deletion is the current one. --older-than takes versions that were replaced "
               "before that time. `history_keep_versions` and `history_keep_days` of the server do "
               "it for all groups."},
      Talks::kToServer, [&context, options] { return purge_group(context, *options); });
  add_word(purge, options->group, "GROUP", "name of the secret group");
  add_text(purge, options->keep, {"--keep", "N", "keep the newest N versions"});
  add_text(purge, options->older_than, {"--older-than", "TIME", "like 90d: keep what is younger"});
  add_switch(purge, options->dry_run, "--dry-run", "tell how many would go, and do nothing");
  add_team_option(purge, context);
}

}  // namespace

void add_history_commands(CLI::App& group, Context& context) {
  add_reading(group, context);
  add_rollback(group, context);
  add_copy(group, context);
  add_purge(group, context);
}

}  // namespace sutler::cli
