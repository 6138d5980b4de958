#include "cli/write_options.h"

#include "base/encoding.h"

namespace sutler::cli {

void add_write_options(CLI::App& command, WriteOptions& options) {
  add_text(command, options.managed_by,
           {"--managed-by", "NAME", "who manages what is written: others cannot change it"});
  add_switch(command, options.take_over, "--take-over", "change what another name manages");
  add_text(command, options.message,
           {"-m,--message", "TEXT", "why, for the history; never a secret"});
}

void add_parameter(std::string& query, std::string_view name, std::string_view value) {
  query += query.empty() ? '?' : '&';
  query += name;
  query += '=';
  base::append_percent_encoded(query, value);
}

std::string write_query(const WriteOptions& options) {
  std::string query;
  if (!options.managed_by.empty()) add_parameter(query, "managed_by", options.managed_by);
  if (options.take_over) add_parameter(query, "take_over", "true");
  if (!options.message.empty()) add_parameter(query, "message", options.message);
  return query;
}

}  // namespace sutler::cli
