// `sutler set` and `sutler unset`: single variables of a group.
#include <algorithm>
#include <memory>

#include "cli/assignment.h"
#include "cli/commands.h"
#include "cli/group_edit.h"
#include "cli/output.h"
#include "model/group.h"

namespace sutler::cli {
namespace {

struct SetOptions {
  GroupEdit edit;
  std::vector<std::string> words;
  bool as_template = false;
};

base::Result<int> set_variables(const Context& context, const SetOptions& options) {
  JsonBody body;
  auto put = put_group_edit(body, options.edit);
  if (!put) return base::pass(put);
  auto assignments = parse_assignments(options.words);
  if (!assignments) return base::pass(assignments);
  auto values = read_assignments(std::move(*assignments));
  if (!values) return base::pass(values);
  JsonBody variables;
  for (const NamedValue& variable : *values) {
    if (options.as_template) {
      JsonBody value;
      value.text("template", variable.value.expose());
      variables.raw(variable.name, value.done());
    } else {
      variables.text(variable.name, variable.value.expose());
    }
  }
  body.raw("variables", variables.done());
  return patch_group(context, options.edit.group, options.edit.write, body,
                     counted(values->size(), "variable") + " set");
}

struct UnsetOptions {
  std::string group;
  WriteOptions write;
  std::vector<std::string> names;
};

base::Result<int> unset_variables(const Context& context, const UnsetOptions& options) {
  JsonBody variables;
  std::vector<std::string> names = options.names;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names) {
    if (!model::is_variable_name(name)) {
      return usage_error("a word after the group is not the name of a variable",
                         "`sutler unset GROUP KEY` takes names alone, without = and value");
    }
    variables.raw(name, "null");
  }
  JsonBody body;
  body.raw("variables", variables.done());
  return patch_group(context, options.group, options.write, body,
                     counted(names.size(), "variable") + " removed");
}

}  // namespace

void add_set_command(CLI::App& root, Context& context) {
  const auto options = std::make_shared<SetOptions>();
  auto& set = add_command(
      root, context,
      {.name = "set",
       .purpose = "Sets variables of a secret group, leaving its other entries as they are",
       .example =
           "sutler set payments STRIPE_KEY=- < key.txt\n"
           "sutler set payments DB_HOST=db DB_PASSWORD=@password.txt --create --project shop",
       .more = "KEY=VALUE sets the value itself, KEY=- reads standard input, KEY=@FILE a file, and "
               "KEY==TEXT takes text that starts with -, @ or =. Input and files lose one final "
               "newline if it is the only one. A value on the command line may stay in the "
               "history of the shell: prefer - or @FILE for secrets."},
      Talks::kToServer, [&context, options] { return set_variables(context, *options); });
  add_group_edit_options(set, context, options->edit);
  add_words(set, options->words, "KEY=VALUE", "variables to set");
  add_switch(set, options->as_template, "--template",
             "the values are templates: ${OTHER_KEY}, ${workload.projectId}");

  const auto removed = std::make_shared<UnsetOptions>();
  auto& unset = add_command(root, context,
                            {.name = "unset",
                             .purpose = "Removes variables of a secret group",
                             .example = "sutler unset payments STRIPE_KEY"},
                            Talks::kToServer,
                            [&context, removed] { return unset_variables(context, *removed); });
  add_word(unset, removed->group, "GROUP", "name of the secret group");
  add_words(unset, removed->names, "KEY", "names of the variables");
  add_write_options(unset, removed->write);
  add_team_option(unset, context);
}

}  // namespace sutler::cli
