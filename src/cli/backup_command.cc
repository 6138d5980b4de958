// `sutler backup`: making, listing and verifying backups.
#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/json_body.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "cli/server_flags.h"
#include "server/backup_keys.h"
#include "store/backup.h"

namespace sutler::cli {
namespace {

constexpr std::chrono::milliseconds kPoll{500};

// A large one is not done when the server answers: then the list tells when it is.
base::Result<int> wait_for_backup(const Context& context) {
  while (true) {
    auto listed = ask_server(context, "GET", api_path({"backups"}));
    if (!listed) return base::pass(listed);
    if (is_true(listed->tree, "running")) {
      std::this_thread::sleep_for(kPoll);
      continue;
    }
    if (const auto error = shown(listed->tree, "error"); !error.empty()) {
      return base::fail(base::Code::kUnavailable, error);
    }
    const auto backups = items(listed->tree, "backups");
    auto printed = print_line(backups.empty() ? "" : printable(shown(*backups.front(), "file")));
    if (!printed) return base::pass(printed);
    return 0;
  }
}

base::Result<int> create(const Context& context) {
  auto answer = ask_server(context, "POST", api_path({"backups"}));
  if (!answer) return base::pass(answer);
  if (is_true(answer->tree, "running")) return wait_for_backup(context);
  return print_answer(context, *answer,
                      printable(shown(answer->tree, "file")) + "\nrevision " +
                          shown(answer->tree, "revision") + ", " + shown(answer->tree, "bytes") +
                          " bytes");
}

base::Result<int> list(const Context& context) {
  auto answer = ask_server(context, "GET", api_path({"backups"}));
  if (!answer) return base::pass(answer);
  if (context.json) return print_answer(context, *answer, {});
  Table table({"BACKUP", "CREATED", "REVISION", "BYTES", "MASTER KEYS"});
  for (const auto* one : items(answer->tree, "backups")) {
    const auto name = std::filesystem::path(shown(*one, "file")).filename().string();
    const std::string error = shown(*one, "error");
    table.add({name, error.empty() ? shown(*one, "created") : "cannot be read",
               error.empty() ? shown(*one, "revision") : "-", shown(*one, "bytes"),
               joined(texts(*one, "master_keys"), " ")});
  }
  if (table.empty()) {
    print_note("there is no backup in " + shown(answer->tree, "folder") +
               "; `sutler backup create` makes one, backup_every makes them by itself");
    return 0;
  }
  auto printed = print_line(table.text());
  if (!printed) return base::pass(printed);
  if (const auto error = shown(answer->tree, "error"); !error.empty()) {
    print_warning("the last backup failed: " + error);
  }
  return 0;
}

std::string report_json(const store::BackupReport& report) {
  JsonBody json;
  const auto number = [&json](const char* name, std::uint64_t value) {
    json.number(name, static_cast<std::int64_t>(value));
  };
  std::vector<std::string> keys;
  for (const auto& use : report.info.keys) keys.push_back(use.key_id);
  json.yes("ok")
      .raw("opened", report.opened ? "true" : "false")
      .text("store_id", report.info.store_id)
      .text("created", base::rfc3339(report.info.created))
      .texts("master_keys", keys);
  number("revision", report.info.revision);
  number("current", report.counts.current);
  number("history", report.counts.history);
  number("telemetry", report.counts.telemetry);
  return json.done();
}

std::string report_text(const store::BackupReport& report) {
  std::string out = "ok: revision " + std::to_string(report.info.revision) + " of store " +
                    report.info.store_id + ", made " + base::rfc3339(report.info.created) + ", " +
                    counted(report.counts.current, "record") + " and " +
                    counted(report.counts.history, "older version");
  for (const auto& use : report.info.keys) out += "\nneeds master key " + use.key_id;
  return out;
}

struct VerifyOptions {
  ServerFlags flags;
  std::string file;
};

base::Result<int> verify(const Context& context, const VerifyOptions& given) {
  auto settings = given.flags.load(context);
  if (!settings) return base::pass(settings);
  auto keys = server::load_backup_keys(*settings);
  if (!keys) return base::pass(keys);
  auto report = store::verify_backup(given.file, *keys);
  if (!report) return base::pass(report);
  auto printed = print_line(context.json ? report_json(*report) : report_text(*report));
  if (!printed) return base::pass(printed);
  if (!report->opened) {
    print_warning(
        "no master key was given: only the structure and the checksum were checked, and "
        "no record was opened");
  }
  return 0;
}

}  // namespace

void add_backup_command(CLI::App& root, Context& context) {
  auto& backup = add_family(root, context,
                            {.name = "backup",
                             .purpose = "Makes, lists and verifies backups of the store",
                             .example = "sutler backup create"});
  add_command(backup, context,
              {.name = "create",
               .purpose = "Makes a backup in the server's backup_dir while it runs, and prints "
                          "where it is",
               .example = "sutler backup create",
               .more = "One file, sealed as the store is: it is of no use without the master key, "
                       "of which a copy belongs elsewhere."},
              Talks::kToServer, [&context] { return create(context); });
  add_command(backup, context,
              {.name = "list",
               .purpose = "Lists the backups in the server's backup_dir, newest first",
               .example = "sutler backup list"},
              Talks::kToServer, [&context] { return list(context); });
  const auto options = std::make_shared<VerifyOptions>();
  auto& command = add_command(
      backup, context,
      {.name = "verify",
       .purpose = "Opens every record of a backup and checks that nothing was changed or cut off",
       .example = "sutler backup verify FILE --master-key file:/etc/sutler/master.key",
       .more = "Needs no server. Without a master key only the structure is checked, and it says "
               "so."},
      Talks::kItself, [&context, options] { return verify(context, *options); });
  add_word(command, options->file, "FILE", "the backup");
  options->flags.declare(command, {"data_dir", "master_key"});
  add_switch(command, context.json, "--json", "print one JSON document instead of text");
}

}  // namespace sutler::cli
