#include "cli/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <exception>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/usage.h"

namespace sutler::cli {
namespace {

constexpr CommandText kRootText{
    .name = "sutler",
    .purpose = "Hands Northflank workloads the secrets they may have, and lets you say which",
    .example =
        "sutler serve --data-dir ./data\n"
        "sutler team key add default --generate\n"
        "sutler group apply -f groups.yaml",
    .more =
        "`sutler COMMAND --help` tells about each command. Commands find their server by "
        "--data-dir, "
        "or by --addr with SUTLER_TOKEN. Exit status: 0 done, 1 failed, 2 wrong usage, 3 not "
        "found, "
        "4 refused, 5 the server cannot be reached, 6 conflict."};

void declare(CLI::App& root, Context& context) {
  root.name(kRootText.name);
  root.description(kRootText.purpose);
  root.formatter(std::make_shared<HelpFormatter>(kRootText));
  root.set_help_flag("-h,--help", "show this text");
  root.set_version_flag("--version", version_text())->disable_flag_override();
  root.require_subcommand(1);
  // Also taken before the command's words.
  add_text(root, context.data_dir, {"--data-dir", "DIR", ""}).group("");
  add_text(root, context.address, {"--addr", "URL", ""}).group("");
  add_text(root, context.ca_file, {"--cacert", "FILE", ""}).group("");
  add_switch(root, context.json, "--json", "").group("");

  add_serve_command(root, context);
  add_init_command(root, context);
  add_status_command(root, context);
  add_team_command(root, context);
  add_group_command(root, context);
  add_set_command(root, context);
  add_file_command(root, context);
  add_revision_command(root, context);
  add_undo_command(root, context);
  add_import_command(root, context);
  add_export_command(root, context);
  add_compare_command(root, context);
  add_explain_command(root, context);
  add_fetch_command(root, context);
  add_run_command(root, context);
  add_jwt_command(root, context);
  add_operator_command(root, context);
  add_token_command(root, context);
  add_workload_command(root, context);
  add_exposure_command(root, context);
  add_restart_command(root, context);
  add_source_command(root, context);
  add_audit_command(root, context);
  add_doctor_command(root, context);
  add_config_command(root, context);
  add_master_key_command(root, context);
  add_backup_command(root, context);
  add_restore_command(root, context);
  add_store_command(root, context);
  add_version_command(root, context);
  add_completion_command(root, context);
}

// What follows `--` is somebody else's command line: it goes past CLI11, which would read it.
void split_rest(std::vector<std::string>& words, Context& context) {
  if (std::find(words.begin(), words.end(), "run") == words.end()) return;
  const auto mark = std::find(words.begin(), words.end(), "--");
  if (mark == words.end()) return;
  context.rest.emplace(mark + 1, words.end());
  words.erase(mark, words.end());
}

int fail_with(base::Error error, const CLI::App& root) {
  if (error.hint.empty()) {
    error.hint = "`" + full_name(deepest_command(root)) + " --help` tells how it is used";
  }
  print_error(error);
  return exit_status(error);
}

int act(const Context& context, const CLI::App& root) {
  auto done = context.action();
  if (!done) return fail_with(std::move(done.error()), root);
  return *done;
}

}  // namespace

int run_program(std::vector<std::string> words) {
  Context context;
  if (const char* team = std::getenv("SUTLER_TEAM"); team != nullptr && *team != '\0') {
    context.team = team;
  }
  CLI::App root;
  declare(root, context);
  split_rest(words, context);
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    root.parse(words);
  } catch (const CLI::CallForHelp&) {
    if (auto unknown = unknown_word(root)) return fail_with(std::move(*unknown), root);
    const auto printed = print_line(deepest_command(root).help());
    return printed ? 0 : fail_with(printed.error(), root);
  } catch (const CLI::CallForVersion&) {
    const auto printed = print_line(version_text());
    return printed ? 0 : fail_with(printed.error(), root);
  } catch (const CLI::ParseError& error) {
    return fail_with(usage_error_of(root, error), root);
  }
  try {
    return act(context, root);
  } catch (const std::exception& error) {
    // Not expected: rooms return their errors. An allocation that fails ends here.
    return fail_with(base::Error{base::Code::kInternal, error.what()}, root);
  }
}

}  // namespace sutler::cli
