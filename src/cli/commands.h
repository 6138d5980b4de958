// Every first word of the command, each in its file.
#pragma once

#include "cli/command.h"

namespace sutler::cli {

void add_serve_command(CLI::App& root, Context& context);
void add_init_command(CLI::App& root, Context& context);
void add_status_command(CLI::App& root, Context& context);
void add_team_command(CLI::App& root, Context& context);
void add_team_key_command(CLI::App& team, Context& context);  // below `team`
void add_group_command(CLI::App& root, Context& context);
void add_history_commands(CLI::App& group, Context& context);  // below `group`
void add_revision_command(CLI::App& root, Context& context);
void add_undo_command(CLI::App& root, Context& context);
void add_group_edit_command(CLI::App& group, Context& context);  // below `group`
void add_set_command(CLI::App& root, Context& context);          // `set` and `unset`
void add_file_command(CLI::App& root, Context& context);
void add_import_command(CLI::App& root, Context& context);
void add_export_command(CLI::App& root, Context& context);
void add_compare_command(CLI::App& root, Context& context);
void add_explain_command(CLI::App& root, Context& context);
void add_fetch_command(CLI::App& root, Context& context);
void add_run_command(CLI::App& root, Context& context);
void add_jwt_command(CLI::App& root, Context& context);
void add_operator_command(CLI::App& root, Context& context);
void add_token_command(CLI::App& root, Context& context);
void add_workload_command(CLI::App& root, Context& context);
void add_exposure_command(CLI::App& root, Context& context);
void add_restart_command(CLI::App& root, Context& context);
void add_source_command(CLI::App& root, Context& context);
void add_audit_command(CLI::App& root, Context& context);
void add_audit_query_commands(CLI::App& audit, Context& context);  // below `audit`
void add_audit_nodes_command(CLI::App& audit, Context& context);   // below `audit`
// `sutler audit verify --from-store`. A chain that is not whole: kCorrupt, after all were shown.
[[nodiscard]] base::Result<int> verify_audit_in_store(const Context& context,
                                                      const std::optional<std::string>& public_key);
void add_doctor_command(CLI::App& root, Context& context);
void add_config_command(CLI::App& root, Context& context);
void add_master_key_command(CLI::App& root, Context& context);
void add_backup_command(CLI::App& root, Context& context);
void add_restore_command(CLI::App& root, Context& context);
void add_store_command(CLI::App& root, Context& context);  // hidden: for tests and measurements
[[nodiscard]] std::string version_text();                  // "sutler 1.2.3"
void add_version_command(CLI::App& root, Context& context);
void add_completion_command(CLI::App& root, Context& context);  // the last: it tells of the others

}  // namespace sutler::cli
