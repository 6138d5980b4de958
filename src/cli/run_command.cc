// `sutler run`: starts a command as the workload would be started.
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include "cli/admin_client.h"
#include "cli/bundle_writer.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/workload_options.h"

namespace sutler::cli {
namespace {

// As shells have it.
constexpr int kCannotBeRun = 126, kIsNotThere = 127;

struct RunOptions {
  WorkloadOptions workload;
  std::string root = "/";
};

base::Result<model::Bundle> get_bundle(const Context& context, const WorkloadOptions& workload) {
  auto answer = ask_server(context, "POST", api_path({"teams", context.team, "bundle"}),
                           workload_body(workload, Reveal::kNo));
  if (!answer) return base::pass(answer);
  auto bundle = model::read_bundle_json(answer->text.expose());
  if (!bundle) return base::pass(bundle, "the server's answer");
  return bundle;
}

base::Result<void> put_files(const model::Bundle& bundle, const std::string& top) {
  if (bundle.files.empty()) return {};
  auto root = RootFolder::open(top);
  if (!root) {
    // What is not found here is not the server's.
    if (root.error().code == base::Code::kNotFound) root.error().code = base::Code::kInvalid;
    return base::pass(root);
  }
  // A tree of its own knows its own users.
  auto names = std::filesystem::path(top) == "/" ? base::Result<NamesHere>(NamesHere())
                                                 : NamesHere::of_tree(*root);
  if (!names) return base::pass(names);
  auto planned = plan_files(bundle, *root, *names, RunningUser{::geteuid(), ::getegid()});
  if (!planned) return base::pass(planned);
  return write_files(*planned, *root);
}

void put_variables(const model::Bundle& bundle) {
  // The token makes its holder an owner of the store: it is this command's, not the workload's.
  (void)::unsetenv("SUTLER_TOKEN");
  for (const auto& variable : bundle.variables) {
    (void)::setenv(variable.name.c_str(), std::string(variable.value.expose()).c_str(), 1);
  }
}

// Becomes the command; comes back only when it cannot be run.
int become(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  const int error = errno;
  base::Error told;
  told.message =
      "command " + words.front() + " cannot be run: " + std::generic_category().message(error);
  told.hint = error == ENOENT ? "check its name and PATH, which the secrets may have set"
              : error == E2BIG
                  ? "all variables and arguments together are more than the system allows"
                  : "check that it is a program and may be executed";
  print_error(told);
  return error == ENOENT ? kIsNotThere : kCannotBeRun;
}

base::Result<int> run(const Context& context, const RunOptions& options) {
  if (!context.rest || context.rest->empty()) {
    return usage_error("the command to run is missing after `--`",
                       "sutler run --project ID --object ID --type TYPE -- COMMAND ARGUMENTS");
  }
  auto bundle = get_bundle(context, options.workload);
  if (!bundle) return base::pass(bundle);
  auto done = check_variables(*bundle);
  if (done) done = put_files(*bundle, options.root);
  if (!done) return base::pass(done);
  put_variables(*bundle);
  return become(*context.rest);
}

}  // namespace

void add_run_command(CLI::App& root, Context& context) {
  const auto options = std::make_shared<RunOptions>();
  auto& command = add_command(
      root, context,
      {.name = "run",
       .purpose = "Runs a command with the variables and files of a workload, as Northflank would "
                  "start it",
       .example = "sutler run --project shop --object api --type service -- ./server --port 80",
       .more =
           "The command stands after `--` and takes the place of this one: its exit status is what "
           "comes back (127 when it is not there, 126 when it cannot be run). Variables are added "
           "to "
           "the environment and win over it. Files are written below --root by their owner, group "
           "and permission policies; without one a new file is yours with mode 0600 and an "
           "existing "
           "one stays as it is. Nothing is written before every file was decoded and checked.",
       .tail = "-- COMMAND..."},
      Talks::kToServer, [&context, options] { return run(context, *options); });
  add_workload_options(command, options->workload);
  add_text(command, options->root,
           {"--root", "DIR", "folder that stands for / of the workload (/)"});
  add_team_option(command, context);
}

}  // namespace sutler::cli
