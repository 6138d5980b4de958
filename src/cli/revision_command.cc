// `sutler revision list|show` and `sutler undo`.
#include <memory>
#include <string>

#include "cli/changes_view.h"
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "cli/whole_number.h"
#include "cli/write_options.h"

namespace sutler::cli {
namespace {

base::Result<std::uint64_t> read_revision(const std::string& text) {
  return read_whole_number(text, "REVISION", {.least = 1}, "sutler revision list shows them");
}

// "group shop, team red (deleted), and 3 more"
std::string what_text(const boost::json::value& commit) {
  std::vector<std::string> parts;
  for (const auto* change : items(commit, "changes")) {
    std::string part = shown(*change, "kind");
    const std::string name = shown(*change, "name");
    part += " " + (name.empty() ? shown(*change, "team") : name);
    if (is_true(*change, "deleted")) part += " (deleted)";
    parts.push_back(std::move(part));
  }
  const std::string more = shown(commit, "more");
  if (!more.empty()) parts.push_back("and " + more + " more");
  return joined(parts, ", ");
}

base::Result<int> list_revisions(const Context& context, const std::string& limit) {
  std::string query;
  add_parameter(query, "limit", limit);
  auto answer = ask_server(context, "GET", api_path({"revisions"}) + query);
  if (!answer) return base::pass(answer);
  Table table({"REVISION", "WHEN", "WHO", "WHAT", "MESSAGE"});
  for (const auto* commit : items(answer->tree, "items")) {
    table.add({shown(*commit, "revision"), shown(*commit, "when"), shown(*commit, "who"),
               what_text(*commit), shown(*commit, "message")});
  }
  return print_answer(context, *answer, table.text());
}

base::Result<int> show_revision(const Context& context, const std::string& revision) {
  if (auto good = read_revision(revision); !good) return base::pass(good);
  auto answer = ask_server(context, "GET", api_path({"revisions", revision}));
  if (!answer) return base::pass(answer);
  const auto& commit = answer->tree;
  std::string out = "revision " + shown(commit, "revision") + " of " + shown(commit, "when") +
                    " by " + printable(shown(commit, "who")) + "\n";
  const std::string message = shown(commit, "message");
  if (!message.empty()) out += printable(message) + "\n";
  Table table({"KIND", "TEAM", "NAME", "VERSION"});
  for (const auto* change : items(commit, "changes")) {
    table.add({shown(*change, "kind"), shown(*change, "team"), shown(*change, "name"),
               shown(*change, "version") + (is_true(*change, "deleted") ? " (deleted)" : "")});
  }
  return print_answer(context, *answer, out + table.text());
}

struct UndoOptions {
  std::string revision;
  WriteOptions write;
};

base::Result<int> undo(const Context& context, const UndoOptions& options) {
  if (auto good = read_revision(options.revision); !good) return base::pass(good);
  const std::string query = write_query(options.write);
  auto answer =
      ask_server(context, "POST", api_path({"revisions", options.revision, "undo"}) + query);
  if (!answer) return base::pass(answer);
  return print_changes(context, *answer);
}

}  // namespace

void add_revision_command(CLI::App& root, Context& context) {
  auto& revision = add_family(root, context,
                              {.name = "revision",
                               .purpose = "Shows what was changed when, by whom and why",
                               .example = "sutler revision list"});
  const auto limit = std::make_shared<std::string>("20");
  auto& list =
      add_command(revision, context,
                  {.name = "list",
                   .purpose = "Lists the last commits, newest first",
                   .example = "sutler revision list --limit 50"},
                  Talks::kToServer, [&context, limit] { return list_revisions(context, *limit); });
  add_text(list, *limit, {"--limit", "N", "how many at most (20)"});
  const auto number = std::make_shared<std::string>();
  auto& show =
      add_command(revision, context,
                  {.name = "show",
                   .purpose = "Shows all that one commit changed",
                   .example = "sutler revision show 57"},
                  Talks::kToServer, [&context, number] { return show_revision(context, *number); });
  add_word(show, *number, "REVISION", "number of the revision");
}

void add_undo_command(CLI::App& root, Context& context) {
  const auto options = std::make_shared<UndoOptions>();
  auto& command = add_command(
      root, context,
      {.name = "undo",
       .purpose = "Takes a whole commit back: groups and options of teams are as they were before",
       .example = "sutler undo 57 -m 'wrong database'",
       .more = "It makes a new revision; nothing is forgotten. Groups that were changed again "
               "since then are named and nothing is done, unless --force undoes these later "
               "changes as well; it says which versions that are. Signing keys, operators, tokens "
               "and teams that came or went are not taken back; it names them."},
      Talks::kToServer, [&context, options] { return undo(context, *options); });
  add_word(command, options->revision, "REVISION", "number of the revision (sutler revision list)");
  add_write_options(command, options->write);
}

}  // namespace sutler::cli
