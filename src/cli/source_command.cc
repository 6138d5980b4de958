// `sutler source`: the other stores that groups refer to, and how they are.
#include <memory>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/output.h"

namespace sutler::cli {
namespace {

namespace json = boost::json;

std::string or_dash(std::string text) { return text.empty() ? "-" : text; }

std::string errors_text(const json::value& source) {
  const auto* errors = member(source, "errors").if_object();
  std::vector<std::string> parts;
  if (errors != nullptr) {
    for (const auto& [kind, count] : *errors) {
      if (shown(count) != "0") parts.push_back(std::string(kind) + " " + shown(count));
    }
  }
  return or_dash(joined(parts, ", "));
}

base::Result<int> list(const Context& context) {
  auto answer = ask_server(context, "GET", api_path({"sources"}));
  if (!answer) return base::pass(answer);
  if (context.json) return print_answer(context, *answer, {});
  Table table(
      {"SOURCE", "KIND", "STATE", "CACHED", "STALE", "CALLS", "HITS", "ERRORS", "LAST SUCCESS"});
  std::vector<std::string> troubles;
  for (const auto* one : items(answer->tree, "items")) {
    table.add({shown(*one, "name"), shown(*one, "kind"), shown(*one, "state"),
               shown(*one, "documents"), shown(*one, "stale_documents"), shown(*one, "calls"),
               shown(*one, "hits"), errors_text(*one), or_dash(shown(*one, "last_success"))});
    const auto error = shown(*one, "last_error");
    if (!error.empty()) troubles.push_back(shown(*one, "name") + ": " + error);
  }
  if (table.empty()) {
    print_note("no source is configured; `sources` of the config file names them");
    return 0;
  }
  auto printed = print_line(table.text());
  if (!printed) return base::pass(printed);
  for (const auto& trouble : troubles) print_warning(printable(trouble));
  return 0;
}

// The names to act on: the one that was given, else all.
base::Result<std::vector<std::string>> names_of(const Context& context, const std::string& name) {
  if (!name.empty()) return std::vector<std::string>{name};
  auto answer = ask_server(context, "GET", api_path({"sources"}));
  if (!answer) return base::pass(answer);
  std::vector<std::string> names;
  for (const auto* one : items(answer->tree, "items")) names.push_back(shown(*one, "name"));
  return names;
}

base::Result<int> check(const Context& context, const std::string& name) {
  auto names = names_of(context, name);
  if (!names) return base::pass(names);
  if (names->empty()) print_note("no source is configured");
  bool all_good = true;
  Table table({"SOURCE", "RESULT", "MILLISECONDS", "DETAIL"});
  std::string list = "[";
  for (const auto& one : *names) {
    auto answer = ask_server(context, "POST", api_path({"sources", one, "check"}));
    if (!answer) return base::pass(answer);
    const bool good = is_true(answer->tree, "ok");
    all_good = all_good && good;
    table.add({one, good ? "ok" : shown(answer->tree, "failure"),
               shown(answer->tree, "milliseconds"), or_dash(shown(answer->tree, "detail"))});
    if (list.size() > 1) list += ',';
    list += answer->text.expose();
  }
  const std::string tree = R"({"items":)" + list + "]}";
  if (context.json || !table.empty()) {
    auto printed = print_line(context.json ? tree : table.text());
    if (!printed) return base::pass(printed);
  }
  return all_good ? 0 : 1;
}

base::Result<int> refresh(const Context& context, const std::string& name) {
  auto answer = ask_server(context, "POST", api_path({"sources", name, "refresh"}));
  if (!answer) return base::pass(answer);
  const std::string failed = shown(answer->tree, "failed");
  auto status = print_answer(context, *answer,
                             "read anew: " + shown(answer->tree, "read") + ", failed: " + failed);
  if (!status) return status;
  return failed == "0" ? 0 : 1;
}

}  // namespace

void add_source_command(CLI::App& root, Context& context) {
  auto& source = add_family(root, context,
                            {.name = "source",
                             .purpose = "Shows and tries the stores that groups refer to",
                             .example = "sutler source list\nsutler source check vault",
                             .more = "Sources are named in the server's config file, nowhere "
                                     "else."});
  add_command(source, context,
              {.name = "list",
               .purpose = "Lists the sources: whether each answers, and what is cached of it",
               .example = "sutler source list",
               .more = "`ok` answers; `stale` is out, and what it gave before is served; `out` is "
                       "out, and nothing of it is held."},
              Talks::kToServer, [&context] { return list(context); });
  const auto checked = std::make_shared<std::string>();
  auto& check_command = add_command(
      source, context,
      {.name = "check",
       .purpose = "Tries whether each source answers and lets the server in",
       .example = "sutler source check\nsutler source check vault",
       .more = "With the server's own credentials; no value is read. Exit status 1: one of them "
               "does not."},
      Talks::kToServer, [&context, checked] { return check(context, *checked); });
  add_word(check_command, *checked, "NAME", "the source; none: all of them").required(false);
  const auto refreshed = std::make_shared<std::string>();
  auto& refresh_command = add_command(
      source, context,
      {.name = "refresh",
       .purpose = "Reads anew what the server holds of a source",
       .example = "sutler source refresh vault",
       .more = "After a value was changed in the store. What cannot be read stays as it was, and "
               "the exit status is 1."},
      Talks::kToServer, [&context, refreshed] { return refresh(context, *refreshed); });
  add_word(refresh_command, *refreshed, "NAME", "the source");
}

}  // namespace sutler::cli
