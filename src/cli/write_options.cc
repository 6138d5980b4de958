#include "cli/write_options.h"

#include "base/encoding.h"
#include "cli/impact_view.h"
#include "cli/json_view.h"
#include "cli/output.h"

namespace sutler::cli {

void add_write_options(CLI::App& command, WriteOptions& options) {
  add_text(command, options.managed_by,
           {"--managed-by", "NAME", "who manages what is written: others cannot change it"});
  add_switch(command, options.take_over, "--take-over", "change what another name manages");
  add_weighing_options(command, options);
}

void add_weighing_options(CLI::App& command, WriteOptions& options) {
  add_text(command, options.message,
           {"-m,--message", "TEXT", "why, for the history; never a secret"});
  add_switch(command, options.dry_run, "--dry-run",
             "change nothing; show what would be done, and whom it would hit");
  add_switch(command, options.force, "--force",
             "make it although the team refuses its impact: a workload loses a key or fails");
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
  if (options.dry_run) add_parameter(query, "dry_run", "true");
  if (options.force) add_parameter(query, "force", "true");
  if (!options.message.empty()) add_parameter(query, "message", options.message);
  return query;
}

base::Result<int> print_write(const Context& context, const AdminClient::Answer& answer,
                              const std::string& done) {
  for (const auto& warning : texts(answer.tree, "warnings")) print_warning(warning);
  print_impact(answer.tree);
  const std::string revision = shown(answer.tree, "revision");
  const std::string tail = is_true(answer.tree, "dry_run")
                               ? " (a dry run: nothing was changed, the revision is " + revision
                               : " (revision " + revision;
  return print_answer(context, answer, printable(done + tail + ")"));
}

}  // namespace sutler::cli
