// `sutler store seed`: fills a store for tests and measurements. Not shown in help.
#include <unistd.h>

#include <memory>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/json_body.h"
#include "cli/local_file.h"
#include "cli/output.h"
#include "cli/server_flags.h"
#include "cli/whole_number.h"
#include "server/data_dir.h"
#include "server/migrate.h"
#include "server/prepare.h"
#include "store/seed.h"

namespace sutler::cli {
namespace {

struct SeedOptions {
  ServerFlags flags;
  std::string groups;
  std::string entries = "20";
  std::string key_file;
};

void show_progress(std::uint64_t done) {
  if (::isatty(STDERR_FILENO) == 1) print_note(counted(done, "group"));
}

base::Result<int> seed(const Context& context, const SeedOptions& given) {
  store::SeedOptions options;
  auto groups = read_whole_number(given.groups, "--groups", {});
  if (!groups) return base::pass(groups);
  auto entries = read_whole_number(given.entries, "--entries", {});
  if (!entries) return base::pass(entries);
  options.groups = *groups;
  options.entries = *entries;
  options.now = base::SystemClock().now();
  if (!given.key_file.empty()) {
    auto key = read_signing_key(given.key_file);
    if (!key) return base::pass(key);
    options.signing_key = std::move(*key);
  }
  auto settings = given.flags.load(context);
  if (!settings) return base::pass(settings);
  auto dir = server::DataDir::open(settings->data_dir);
  if (!dir) return base::pass(dir);
  const auto holding = server::look_for_store(*dir, *settings);
  if (!holding) return base::Unexpected(holding.error());
  if (*holding != server::Holding::kStore) {
    auto made = server::create_store(*dir, *settings);
    if (!made) return base::pass(made);
  }
  auto opened = server::open_store(*dir, *settings);
  if (!opened) return base::pass(opened);
  auto done = store::seed_store(**opened, options, show_progress);
  if (!done) return base::pass(done);
  auto printed = print_line(counted(options.groups, "group") + " seeded");
  if (!printed) return base::pass(printed);
  return 0;
}

struct MigrateOptions {
  ServerFlags flags;
  std::string from, to;
};

void show_rows(std::uint64_t done) {
  if (::isatty(STDERR_FILENO) == 1) print_note(counted(done, "row") + " compared");
}

base::Result<store::Dsn> target_of(const MigrateOptions& given, const server::Options& settings) {
  if (given.to.empty() && settings.database) return *settings.database;
  if (given.to.empty()) {
    return usage_error("no database to move to", "--to postgresql://USER@HOST:PORT/DATABASE");
  }
  auto to = store::Dsn::parse(given.to);
  if (!to) return base::pass(to, "--to");
  if (!to->has_password()) return to;
  return base::fail(base::Code::kRefused,
                    "--to holds a password, which every user of this machine can read",
                    "passfile=FILE in the URI, PGPASSWORD, or SUTLER_STORE instead of --to");
}

base::Result<int> migrate(const Context& context, const MigrateOptions& given) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (!given.from.starts_with(kSqlite)) {
    return usage_error("--from " + given.from + " is no embedded store",
                       "sqlite:DIR, the data directory of the server that has it now");
  }
  auto settings = given.flags.load(context);
  if (!settings) return base::pass(settings);
  auto to = target_of(given, *settings);
  if (!to) return base::pass(to);
  const server::MigrateRequest request{given.from.substr(kSqlite.size()), std::move(*to),
                                       show_rows};
  auto moved = server::migrate(*settings, request);
  if (!moved) return base::pass(moved);
  JsonBody json;
  json.raw("finished", moved->finished ? "true" : "false");
  json.text("database", moved->database);
  json.raw("revision", std::to_string(moved->revision));
  json.raw("rows", std::to_string(moved->rows));
  json.raw("written", std::to_string(moved->written));
  std::string text = counted(moved->rows, "row") + " of revision " +
                     std::to_string(moved->revision) + ", " + std::to_string(moved->written) +
                     " written now";
  text += moved->finished ? "\nverified: " + moved->database + " is the store now" : "";
  auto printed = print_line(context.json ? json.done() : text);
  if (!printed) return base::pass(printed);
  if (!moved->finished && !context.json) {
    print_note(
        "not finished: a server still has that directory. Stop it and run this again; that "
        "takes what changed since, and then start it with the new `store`");
  }
  return 0;
}

}  // namespace

static void add_migrate_command(CLI::App& store, Context& context) {
  const auto options = std::make_shared<MigrateOptions>();
  auto& command = add_command(
      store, context,
      {.name = "migrate",
       .purpose = "Moves an embedded store into a database that several nodes share",
       .example = "sutler store migrate --from sqlite:./data --to postgresql://sutler@db/sutler",
       .more =
           "Begin while the server runs: that copies everything. Then stop the server and run it\n"
           "again, which takes what changed since, compares all rows and opens the result with\n"
           "the master key. Killed at any point, it goes on where it was. The old store stays."},
      Talks::kItself, [&context, options] { return migrate(context, *options); });
  add_text(command, options->from, {"--from", "sqlite:DIR", "the data directory"}).required();
  add_text(command, options->to,
           {"--to", "URI", "postgresql://…, the new `store` (SUTLER_STORE, `store` of --config)"});
  options->flags.declare(command, {"master_key"});
  add_switch(command, context.json, "--json", "print one JSON document instead of text");
}

void add_store_command(CLI::App& root, Context& context) {
  auto& store = add_family(root, context,
                           {.name = "store",
                            .purpose = "Works on a store without a server",
                            .example = "sutler store migrate --from sqlite:./data "
                                       "--to postgresql://sutler@db/sutler"});
  const auto options = std::make_shared<SeedOptions>();
  auto& command =
      add_command(store, context,
                  {.name = "seed",
                   .purpose = "Fills a store with groups of random values, for measurements",
                   .example = "sutler store seed --data-dir ./data --groups 1000 --entries 20"},
                  Talks::kItself, [&context, options] { return seed(context, *options); });
  options->flags.declare(command, {"data_dir", "store", "master_key"});
  add_text(command, options->groups, {"--groups", "N", "how many groups"}).required();
  add_text(command, options->entries, {"--entries", "N", "variables in each (20)"});
  add_text(command, options->key_file,
           {"--signing-key-file", "FILE", "signing key of team default"});
  command.group("");
  add_migrate_command(store, context);
}

}  // namespace sutler::cli
