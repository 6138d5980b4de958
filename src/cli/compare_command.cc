// `sutler compare`: what workloads had before against what sutler would hand them.
#include <filesystem>
#include <memory>

#include "base/encoding.h"
#include "base/json.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/json_body.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/saved_folder.h"
#include "model/bundle.h"

namespace sutler::cli {
namespace {

struct CompareOptions {
  std::string with;
  std::string project, object, type;
  bool reveal = false;
};

struct Outcome {
  const SavedWorkload* workload = nullptr;
  std::optional<model::Bundle> bundle;  // nothing: a fetch would fail
  std::string error;
  model::EnvironmentDifference difference;
  [[nodiscard]] bool same() const { return bundle && difference.none(); }
};

base::Result<std::vector<SavedWorkload>> read_saved(const CompareOptions& options) {
  const bool names_one =
      !options.project.empty() && !options.object.empty() && !options.type.empty();
  const bool names_none = options.project.empty() && options.object.empty() && options.type.empty();
  std::error_code ignored;
  if (std::filesystem::is_directory(options.with, ignored)) {
    if (names_none) return read_saved_folder(options.with);
    return usage_error("--project, --object and --type go with one file, not with a folder");
  }
  if (!names_one) {
    return usage_error("whose environment the file holds is not said",
                       "--project P --object O --type T, or a folder of files");
  }
  auto environment = read_saved_file(options.with);
  if (!environment) return base::pass(environment);
  std::vector<SavedWorkload> one;
  one.push_back(
      {options.project, options.object, options.type, options.with, std::move(*environment)});
  return one;
}

// A workload whose fetch would fail is an outcome; a server that does not answer is an error.
base::Result<Outcome> compare_one(const Context& context, const SavedWorkload& workload) {
  JsonBody body;
  body.text("project", workload.project)
      .text("object", workload.object)
      .text("type", workload.type);
  Outcome outcome;
  outcome.workload = &workload;
  auto answer =
      ask_server(context, "POST", api_path({"teams", context.team, "bundle"}), body.done());
  if (!answer) {
    const base::Code code = answer.error().code;
    const bool fails = code == base::Code::kUnavailable || code == base::Code::kInvalid ||
                       code == base::Code::kTooLarge || code == base::Code::kConflict;
    if (!fails) return base::pass(answer);
    outcome.error = answer.error().message;
    return outcome;
  }
  auto bundle = model::read_bundle_json(answer->text.expose());
  if (!bundle) return base::pass(bundle, "the server's answer");
  outcome.bundle = std::move(*bundle);
  outcome.difference = model::compare(workload.environment, *outcome.bundle);
  return outcome;
}

std::string quoted(std::string_view value) {
  std::string out;
  base::append_json_string(out, value);
  return out;
}

// The value of a variable on either side; a file's content is shown by its size.
std::string there(const Outcome& outcome, const std::string& key) {
  const auto& saved = outcome.workload->environment;
  if (const auto found = saved.variables.find(key); found != saved.variables.end()) {
    return quoted(found->second.expose());
  }
  const auto file = saved.files.find(key);
  return file == saved.files.end() ? "nothing" : "a file";
}

std::string here(const Outcome& outcome, const std::string& key) {
  for (const auto& variable : outcome.bundle->variables) {
    if (variable.name == key) return quoted(variable.value.expose());
  }
  for (const auto& file : outcome.bundle->files) {
    if (file.path == key) return "a file";
  }
  return "nothing";
}

std::string outcome_text(const Outcome& outcome, const CompareOptions& options) {
  const SavedWorkload& workload = *outcome.workload;
  std::string out =
      printable(workload.project + "/" + workload.object + " (" + workload.type + ")");
  if (!outcome.bundle) return out + ": a fetch would fail: " + printable(outcome.error) + "\n";
  if (outcome.same()) {
    return out + ": same, " + counted(outcome.bundle->variables.size(), "variable") + " and " +
           counted(outcome.bundle->files.size(), "file") + "\n";
  }
  out += ": differs\n";
  const auto add = [&](const std::vector<std::string>& keys, const char* mark, const char* why) {
    for (const std::string& key : keys) {
      out += std::string("  ") + mark + " " + printable(key) + "  " + why;
      if (options.reveal) {
        out += ": there " + there(outcome, key) + ", here " + here(outcome, key);
      }
      out += '\n';
    }
  };
  add(outcome.difference.missing, "-", "is missing here");
  add(outcome.difference.extra, "+", "is only here");
  add(outcome.difference.changed, "~", "differs");
  return out;
}

std::string outcome_json(const Outcome& outcome) {
  JsonBody one;
  one.text("project", outcome.workload->project)
      .text("object", outcome.workload->object)
      .text("type", outcome.workload->type)
      .raw("same", outcome.same() ? "true" : "false")
      .texts("missing", outcome.difference.missing)
      .texts("extra", outcome.difference.extra)
      .texts("changed", outcome.difference.changed);
  if (!outcome.bundle) one.text("error", outcome.error);
  return one.done();
}

base::Result<int> compare_all(const Context& context, const CompareOptions& options) {
  auto saved = read_saved(options);
  if (!saved) return base::pass(saved);
  std::string text, list = "[";
  std::int64_t same = 0, different = 0;
  Progress progress("comparing", "workloads", saved->size());
  for (const SavedWorkload& workload : *saved) {
    auto outcome = compare_one(context, workload);
    if (!outcome) return base::pass(outcome);
    (outcome->same() ? same : different) += 1;
    text += outcome_text(*outcome, options);
    list += (list.size() > 1 ? "," : "") + outcome_json(*outcome);
    progress.step();
  }
  text += std::to_string(same) + " same, " + std::to_string(different) + " different";
  JsonBody json;
  json.number("same", same).number("different", different).raw("workloads", list + "]");
  auto printed = print_line(context.json ? json.done() : text);
  if (!printed) return base::pass(printed);
  return different == 0 ? 0 : 1;
}

}  // namespace

void add_compare_command(CLI::App& root, Context& context) {
  const auto options = std::make_shared<CompareOptions>();
  auto& command = add_command(
      root, context,
      {.name = "compare",
       .purpose = "Compares what workloads get from sutler with what they had before",
       .example = "sutler compare --with saved/\n"
                  "sutler compare --with api.json --project shop --object api --type service",
       .more = "A folder holds PROJECT/OBJECT-TYPE.json (or .env): what Northflank's API answers "
               "for a runtime environment, the answer of a secret provider, or KEY: value; or a "
               "manifest.json says which file is whose. Exit status 1 when anything differs. "
               "Each workload's values are read from the server, which is audited, and shown only "
               "with --reveal. Variables that start with NF_ are Northflank's own."},
      Talks::kToServer, [&context, options] { return compare_all(context, *options); });
  add_text(command, options->with, {"--with", "PATH", "a saved environment, or a folder of them"})
      .required();
  add_text(command, options->project, {"--project", "ID", "of the one workload in a file"});
  add_text(command, options->object, {"--object", "ID", "its service or job"});
  add_text(command, options->type, {"--type", "TYPE", "service, job or another kind"});
  add_switch(command, options->reveal, "--reveal", "show the values that differ");
  add_team_option(command, context);
}

}  // namespace sutler::cli
