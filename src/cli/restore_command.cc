// `sutler restore`: a data directory from a backup.
#include <memory>

#include "cli/commands.h"
#include "cli/json_body.h"
#include "cli/output.h"
#include "cli/server_flags.h"
#include "server/restore.h"

namespace sutler::cli {
namespace {

struct RestoreOptions {
  ServerFlags flags;
  std::string file;
  std::string compare;
};

std::string restored_json(const server::Restored& restored) {
  JsonBody json;
  json.text("database", restored.database)
      .text("owner_token", restored.owner_token.string())
      .text("store_id", restored.report.info.store_id)
      .number("revision", static_cast<std::int64_t>(restored.report.info.revision))
      .text("created", base::rfc3339(restored.report.info.created))
      .text("compared_with", restored.compared_with)
      .texts("undone", restored.undone)
      .texts("warnings", restored.warnings);
  return json.done();
}

std::string restored_text(const server::Restored& restored) {
  return "store        " + restored.database + "\nowner token  " + restored.owner_token.string() +
         "\nrevision     " + std::to_string(restored.report.info.revision) + ", of " +
         base::rfc3339(restored.report.info.created);
}

void tell_undone(const server::Restored& restored) {
  for (const auto& warning : restored.warnings) print_warning(warning);
  if (restored.compared_with.empty()) {
    print_warning("there was nothing to compare with: what was revoked or retired since " +
                  base::rfc3339(restored.report.info.created) +
                  " is undone and not known; --compare DIR takes a later store or its audit log");
    return;
  }
  if (restored.undone.empty()) {
    print_note("nothing that gives or takes access changed since, by " + restored.compared_with);
    return;
  }
  print_warning("the restore takes back what happened since, by " + restored.compared_with + ":");
  for (const auto& one : restored.undone) print_warning("  " + one);
}

base::Result<int> restore(const Context& context, const RestoreOptions& given) {
  auto settings = given.flags.load(context);
  if (!settings) return base::pass(settings);
  server::RestoreRequest request{given.file, {}};
  if (!given.compare.empty()) request.compare = given.compare;
  auto restored = server::restore(*settings, request);
  if (!restored) return base::pass(restored);
  auto printed = print_line(context.json ? restored_json(*restored) : restored_text(*restored));
  if (!printed) return base::pass(printed);
  tell_undone(*restored);
  print_note("all operators' tokens are disabled: the owner token and the socket are the ways in");
  return 0;
}

}  // namespace

void add_restore_command(CLI::App& root, Context& context) {
  const auto options = std::make_shared<RestoreOptions>();
  auto& command = add_command(
      root, context,
      {.name = "restore",
       .purpose = "Makes a data directory from a backup, and lists what that takes back",
       .example = "sutler restore FILE --data-dir ./data --master-key file:/etc/sutler/master.key",
       .more = "Needs no server. The directory must be empty, but for master.key. A wrong master "
               "key is refused by the id of the right one. Signing keys that were retired and "
               "tokens that were revoked after the backup was made are listed, as far as a later "
               "store or its audit log tells of them."},
      Talks::kItself, [&context, options] { return restore(context, *options); });
  add_word(command, options->file, "FILE", "the backup");
  options->flags.declare(command, {"data_dir", "store", "master_key"});
  add_text(command, options->compare,
           {"--compare", "DIR", "the old data directory: its store or its audit log"});
  add_switch(command, context.json, "--json", "print one JSON document instead of text");
}

}  // namespace sutler::cli
