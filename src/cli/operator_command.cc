// `sutler operator`: who may do what.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/json_body.h"
#include "cli/json_view.h"
#include "cli/output.h"

namespace sutler::cli {
namespace {

struct OperatorFlags {
  std::string name;
  std::string role;
  std::string description;
  std::vector<std::string> scopes;
  bool reveal = false, no_reveal = false, no_scopes = false;
};

constexpr const char* kScopeHint =
    "like --scope 'projects=payments-*,shop groups=web-* priority_max=20': names and globs, "
    "separated by commas; what is left out is not limited";

constexpr std::array<std::string_view, 4> kRoles = {"owner", "editor", "viewer", "auditor"};
constexpr const char* kRolesHint = "owner, editor, viewer or auditor";

std::vector<std::string> split(std::string_view text, char between) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(between));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

// "projects=a,b groups=web-* priority_max=20" as a scope of the API.
base::Result<std::string> scope_json(const std::string& text) {
  JsonBody scope;
  for (const std::string& part : split(text, ' ')) {
    const std::size_t equals = part.find('=');
    const std::string key = part.substr(0, equals);
    const auto values = equals == std::string::npos ? std::vector<std::string>()
                                                    : split(part.substr(equals + 1), ',');
    if (values.empty()) return usage_error("--scope: a part says nothing", kScopeHint);
    if (key == "teams" || key == "projects" || key == "groups") {
      scope.texts(key, values);
    } else if (key == "priority_max") {
      int number = 0;
      const std::string& word = values.front();
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
      if (error != std::errc() || end != word.data() + word.size() || values.size() != 1) {
        return usage_error("--scope: priority_max takes a number from 0 to 100", kScopeHint);
      }
      scope.number("priority_max", number);
    } else {
      return usage_error("--scope knows teams, projects, groups and priority_max", kScopeHint);
    }
  }
  if (scope.empty()) return usage_error("--scope is empty", kScopeHint);
  return scope.done();
}

base::Result<void> add_members(JsonBody& body, const OperatorFlags& flags) {
  if ((flags.reveal && flags.no_reveal) || (flags.no_scopes && !flags.scopes.empty())) {
    return usage_error("a flag and its opposite are given", "give one of the two");
  }
  if (!flags.role.empty()) {
    if (std::ranges::find(kRoles, flags.role) == kRoles.end()) {
      return usage_error("--role " + printable(flags.role) + " is none of the roles", kRolesHint);
    }
    body.text("role", flags.role);
  }
  if (flags.reveal) body.yes("reveal");
  if (flags.no_reveal) body.raw("reveal", "false");
  if (!flags.description.empty()) body.text("description", flags.description);
  if (flags.no_scopes) body.raw("scopes", "null");
  if (flags.scopes.empty()) return {};
  std::string list;
  for (const std::string& text : flags.scopes) {
    auto scope = scope_json(text);
    if (!scope) return base::pass(scope);
    list += (list.empty() ? "" : ",") + *scope;
  }
  body.raw("scopes", "[" + list + "]");
  return {};
}

base::Result<int> tell(const Context& context, const AdminClient::Answer& answer,
                       const std::string& text) {
  for (const auto& warning : texts(answer.tree, "warnings")) print_warning(warning);
  return print_answer(context, answer, text);
}

base::Result<int> add_operator(const Context& context, const OperatorFlags& flags) {
  JsonBody body;
  body.text("name", flags.name);
  if (flags.role.empty()) {
    return usage_error("--role is missing", kRolesHint);
  }
  auto members = add_members(body, flags);
  if (!members) return base::pass(members);
  auto answer = ask_server(context, "POST", api_path({"operators"}), body.done());
  if (!answer) return base::pass(answer);
  auto told = tell(context, *answer, "operator " + printable(flags.name) + " is added");
  print_note("`sutler token create " + printable(flags.name) + "` makes a token to sign in with");
  return told;
}

base::Result<int> set_operator(const Context& context, const OperatorFlags& flags) {
  JsonBody body;
  auto members = add_members(body, flags);
  if (!members) return base::pass(members);
  if (body.empty()) return usage_error("nothing is to be changed", "name an option to set");
  auto answer = ask_server(context, "PATCH", api_path({"operators", flags.name}), body.done());
  if (!answer) return base::pass(answer);
  return tell(context, *answer, "operator " + printable(flags.name) + " is changed");
}

// "projects a, b; groups web-*; priority up to 20".
std::string scope_text(const boost::json::value& scope) {
  std::vector<std::string> parts;
  for (const char* name : {"teams", "projects", "groups"}) {
    const auto patterns = texts(scope, name);
    if (!patterns.empty()) parts.push_back(std::string(name) + " " + joined(patterns, ", "));
  }
  const std::string priority = shown(scope, "priority_max");
  if (!priority.empty()) parts.push_back("priority up to " + priority);
  return joined(parts, "; ");
}

std::string scopes_text(const boost::json::value& who) {
  std::vector<std::string> scopes;
  for (const auto* scope : items(who, "scopes")) scopes.push_back(scope_text(*scope));
  return scopes.empty() ? "everything" : joined(scopes, " | ");
}

base::Result<int> list_operators(const Context& context) {
  auto answer = ask_list(context, api_path({"operators"}));
  if (!answer) return base::pass(answer);
  Table table({"OPERATOR", "ROLE", "REVEAL", "STATE", "TOKENS", "SCOPE"});
  for (const auto* who : items(answer->tree, "items")) {
    table.add({shown(*who, "name"), shown(*who, "role"), is_true(*who, "reveal") ? "yes" : "-",
               is_true(*who, "disabled") ? "disabled" : "enabled", shown(*who, "tokens"),
               scopes_text(*who)});
  }
  if (!context.json && table.empty()) {
    print_note("there is no operator: only the socket and the owner token open anything");
    return 0;
  }
  return print_answer(context, *answer, table.text());
}

base::Result<int> show_operator(const Context& context, const std::string& name) {
  auto answer = ask_server(context, "GET", api_path({"operators", name}));
  if (!answer) return base::pass(answer);
  const auto& who = answer->tree;
  std::string text = "name         " + printable(shown(who, "name"));
  text += "\nrole         " + shown(who, "role");
  text += std::string("\nreveal       ") + (is_true(who, "reveal") ? "yes" : "no");
  text += std::string("\nstate        ") + (is_true(who, "disabled") ? "disabled" : "enabled");
  text += "\ntokens       " + shown(who, "tokens");
  text += "\nscope        " + printable(scopes_text(who));
  const std::string description = shown(who, "description");
  if (!description.empty()) text += "\ndescription  " + printable(description);
  text += "\nchanged      " + shown(who, "changed") + " by " + printable(shown(who, "changed_by"));
  return print_answer(context, *answer, text);
}

struct Step {
  const char* method;
  const char* word;  // of the path; empty: none
  const char* done;
};

base::Result<int> take_step(const Context& context, const std::string& name, const Step& step) {
  std::string path = api_path({"operators", name});
  if (*step.word != '\0') path += "/" + std::string(step.word);
  auto answer = ask_server(context, step.method, path);
  if (!answer) return base::pass(answer);
  return tell(context, *answer, "operator " + printable(name) + step.done);
}

void add_flags(CLI::App& command, OperatorFlags& flags) {
  add_word(command, flags.name, "NAME", "name of the operator: a person or a script");
  add_text(command, flags.role, {"--role", "ROLE", kRolesHint});
  add_switch(command, flags.reveal, "--reveal", "may see values of secret groups in his scope");
  add_list(command, flags.scopes,
           {"--scope", "SCOPE", "where his rights reach; may be given several times"});
  add_text(command, flags.description, {"--description", "TEXT", "who or what it is"});
}

void add_step(CLI::App& family, Context& context, const CommandText& text, Step step) {
  const auto name = std::make_shared<std::string>();
  auto& command = add_command(family, context, text, Talks::kToServer,
                              [&context, name, step] { return take_step(context, *name, step); });
  add_word(command, *name, "NAME", "name of the operator");
}

void add_steps(CLI::App& family, Context& context) {
  add_step(family, context,
           {.name = "disable",
            .purpose = "Ends all tokens and sessions of an operator at once",
            .example = "sutler operator disable alice",
            .more = "The tokens do not come back with `enable`: it lets new ones be made."},
           {"POST", "disable", " is disabled; his tokens and sessions are gone"});
  add_step(family, context,
           {.name = "enable",
            .purpose = "Lets an operator have tokens again",
            .example = "sutler operator enable alice"},
           {"POST", "enable", " is enabled; he has no token yet"});
  add_step(family, context,
           {.name = "remove",
            .purpose = "Removes an operator with his tokens; the audit keeps what he did",
            .example = "sutler operator remove alice"},
           {"DELETE", "", " is removed"});
}

}  // namespace

void add_operator_command(CLI::App& root, Context& context) {
  auto& family = add_family(root, context,
                            {.name = "operator",
                             .purpose = "Manages operators: who may do what, and where",
                             .example = "sutler operator list"});
  const auto flags = std::make_shared<OperatorFlags>();
  auto& add = add_command(
      family, context,
      {.name = "add",
       .purpose = "Adds a person or a script with a role",
       .example = "sutler operator add ci --role editor --scope 'projects=payments-*'",
       .more = "A scope names teams, projects and groups by globs and a highest priority, as in "
               "'projects=a,b-* groups=web-* priority_max=20'. Whoever has one writes only groups "
               "that are for its projects alone. docs/operators.md tells more."},
      Talks::kToServer, [&context, flags] { return add_operator(context, *flags); });
  add_flags(add, *flags);
  const auto next = std::make_shared<OperatorFlags>();
  auto& set =
      add_command(family, context,
                  {.name = "set",
                   .purpose = "Changes what an operator may do; what is not named stays",
                   .example = "sutler operator set alice --role viewer --no-reveal"},
                  Talks::kToServer, [&context, next] { return set_operator(context, *next); });
  add_flags(set, *next);
  add_switch(set, next->no_reveal, "--no-reveal", "the opposite of --reveal");
  add_switch(set, next->no_scopes, "--no-scopes", "no limits any more");
  add_command(family, context,
              {.name = "list",
               .purpose = "Lists the operators with their roles and scopes",
               .example = "sutler operator list"},
              Talks::kToServer, [&context] { return list_operators(context); });
  const auto name = std::make_shared<std::string>();
  auto& show = add_command(
      family, context,
      {.name = "show", .purpose = "Shows one operator", .example = "sutler operator show alice"},
      Talks::kToServer, [&context, name] { return show_operator(context, *name); });
  add_word(show, *name, "NAME", "name of the operator");
  add_steps(family, context);
}

}  // namespace sutler::cli
