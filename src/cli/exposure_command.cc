// `sutler exposure`: who received a secret, who saw it, and so what is to be rotated.
#include <memory>

#include "base/limits.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/json_body.h"
#include "cli/json_view.h"
#include "cli/local_file.h"
#include "cli/output.h"
#include "cli/workload_list.h"

namespace sutler::cli {
namespace {

namespace json = boost::json;

struct ExposureOptions {
  std::string key;  // GROUP/KEY
  std::string value;
  std::string operator_name;
};

base::Result<std::string> question(const Context& context, const ExposureOptions& options) {
  const int ways = (options.key.empty() ? 0 : 1) + (options.value.empty() ? 0 : 1) +
                   (options.operator_name.empty() ? 0 : 1);
  if (ways != 1) {
    return usage_error("needs one of --key GROUP/KEY, --value - and --operator NAME",
                       "each asks another question");
  }
  JsonBody body;
  if (!options.operator_name.empty()) return body.text("operator", options.operator_name).done();
  if (!options.key.empty()) {
    // A file's path starts with `/`: GROUP//etc/key.
    const auto slash = options.key.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == options.key.size()) {
      return usage_error("--key takes GROUP/KEY", "a file is GROUP//path/of/the/file");
    }
    return body.text("team", context.team)
        .text("group", options.key.substr(0, slash))
        .text("key", options.key.substr(slash + 1))
        .done();
  }
  if (options.value != "-" && !options.value.starts_with('@')) {
    return usage_error("--value takes - (standard input) or @FILE",
                       "a value on the command line would stay in the history of the shell");
  }
  const std::string from = options.value == "-" ? "-" : options.value.substr(1);
  auto value = read_local_value(from, "value", base::limits::kFileBytesMax);
  if (!value) return base::pass(value);
  return body.text("value", value->expose()).done();
}

std::string current_text(const json::value& one) {
  const std::string current = shown(one, "current");
  return current == "true" ? "yes" : current == "false" ? "no" : "unknown";
}

std::string versions_text(const json::value& exposed) {
  std::vector<std::string> out;
  for (const auto* version : items(exposed, "versions")) {
    const std::string last = shown(*version, "version_last");
    out.push_back(shown(*version, "version") + (last.empty() ? "" : "-" + last));
  }
  return joined(out, ", ");
}

std::string span_text(const json::value& exposed) {
  std::string first;
  std::string last;
  for (const auto* version : items(exposed, "versions")) {
    const std::string from = shown(*version, "first_fetched");
    const std::string to = shown(*version, "last_fetched");
    if (first.empty() || from < first) first = from;
    if (to > last) last = to;
  }
  return first + " to " + last;
}

std::string answer_text(const json::value& tree) {
  std::string text;
  const auto workloads = items(tree, "workloads");
  const std::string forgotten = shown(tree, "workloads_forgotten");
  const bool forgot = !forgotten.empty() && forgotten != "0";
  if (workloads.empty()) {
    text += forgot ? "no workload that is remembered received it\n" : "no workload received it\n";
  }
  if (!workloads.empty()) {
    Table table({"WORKLOAD", "GROUP", "KEY", "VERSIONS", "FETCHED", "STILL CURRENT"});
    for (const auto* one : workloads) {
      table.add({workload_name(*one), shown(*one, "group"), printable(shown(*one, "key")),
                 versions_text(*one), span_text(*one), current_text(*one)});
    }
    text += table.text() + "\n";
  }
  if (forgot) {
    text += "the registry had to forget " + forgotten + " workloads, the latest seen at " +
            shown(tree, "forgotten_last_seen") + ": ask `sutler audit query` for those\n";
  }
  const auto operators = items(tree, "operators");
  if (operators.empty()) text += "no operator saw it\n";
  if (!operators.empty()) {
    Table table({"OPERATOR", "GROUP", "KEY", "VERSION", "HOW", "LAST", "STILL CURRENT"});
    for (const auto* one : operators) {
      table.add({printable(shown(*one, "operator")), shown(*one, "group"),
                 printable(shown(*one, "key")), shown(*one, "version"), shown(*one, "how"),
                 shown(*one, "last"), current_text(*one)});
    }
    text += table.text() + "\n";
  }
  std::vector<std::string> rotate;
  for (const auto* one : items(tree, "rotate")) {
    rotate.push_back(shown(*one, "group") + "/" + shown(*one, "key"));
  }
  text += rotate.empty() ? "nothing is to be rotated: no value of it is current"
                         : "to rotate: " + printable(joined(rotate, ", "));
  if (is_true(tree, "truncated")) text += "\nthe lists are longer than what is shown";
  return text;
}

base::Result<int> tell_exposure(const Context& context, const ExposureOptions& options) {
  auto body = question(context, options);
  if (!body) return base::pass(body);
  auto answer = ask_server(context, "POST", api_path({"exposure"}), std::move(*body));
  if (!answer) return base::pass(answer);
  return print_answer(context, *answer, answer_text(answer->tree));
}

}  // namespace

void add_exposure_command(CLI::App& root, Context& context) {
  const auto options = std::make_shared<ExposureOptions>();
  auto& command = add_command(
      root, context,
      {.name = "exposure",
       .purpose = "Tells who received a secret and who saw it, and what is to be rotated",
       .example = "sutler exposure --key payments/STRIPE_KEY\n"
                  "sutler exposure --value - < leaked.txt\n"
                  "sutler exposure --operator alice",
       .more = "Workloads are those that fetched it; operators those that revealed or wrote it. "
               "A search by value or by operator is recorded in the audit."},
      Talks::kToServer, [&context, options] { return tell_exposure(context, *options); });
  add_text(command, options->key, {"--key", "GROUP/KEY", "a variable, or a file as GROUP//path"});
  add_text(command, options->value,
           {"--value", "-", "a leaked value, from standard input, or @FILE"});
  add_text(command, options->operator_name,
           {"--operator", "NAME", "an operator who left: what he saw and wrote"});
  add_team_option(command, context);
}

}  // namespace sutler::cli
