// What every command that writes groups can say about the write itself.
#pragma once

#include <string>

#include "cli/command.h"

namespace sutler::cli {

struct WriteOptions {
  std::string managed_by;
  bool take_over = false;
  std::string message;
};

// --managed-by, --take-over and --message.
void add_write_options(CLI::App& command, WriteOptions& options);

// "?managed_by=git&take_over=true", or nothing.
[[nodiscard]] std::string write_query(const WriteOptions& options);

// Adds "name=value" to a query, which may be empty.
void add_parameter(std::string& query, std::string_view name, std::string_view value);

}  // namespace sutler::cli
