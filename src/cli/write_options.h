// What every command that writes groups can say about the write itself.
#pragma once

#include <string>

#include "cli/admin_client.h"
#include "cli/command.h"

namespace sutler::cli {

struct WriteOptions {
  std::string managed_by;
  bool take_over = false;
  std::string message;
  bool dry_run = false;
  bool force = false;
};

// --managed-by, --take-over, --message, --dry-run and --force.
void add_write_options(CLI::App& command, WriteOptions& options);

// Of those --message, --dry-run and --force: for what nobody manages.
void add_weighing_options(CLI::App& command, WriteOptions& options);

// "?managed_by=git&take_over=true", or nothing.
[[nodiscard]] std::string write_query(const WriteOptions& options);

// What a command says was done, after the answer of a write: `done` and the revision, or that
// nothing was changed. Warnings and the impact go to stderr.
[[nodiscard]] base::Result<int> print_write(const Context& context,
                                            const AdminClient::Answer& answer,
                                            const std::string& done);

// Adds "name=value" to a query, which may be empty.
void add_parameter(std::string& query, std::string_view name, std::string_view value);

}  // namespace sutler::cli
