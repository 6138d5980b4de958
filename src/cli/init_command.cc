// `sutler init`: makes a data directory without starting a server.
#include <memory>

#include "cli/commands.h"
#include "cli/json_body.h"
#include "cli/output.h"
#include "cli/server_flags.h"
#include "server/init.h"

namespace sutler::cli {
namespace {

base::Result<int> init(const Context& context, const ServerFlags& flags) {
  auto options = flags.load(context);
  if (!options) return base::pass(options);
  auto paths = server::init(*options);
  if (!paths) return base::pass(paths);
  const std::string master_key = paths->master_key.string();
  const bool joined = paths->made == server::Made::kJoined;
  JsonBody json;
  json.raw("joined", joined ? "true" : "false");
  json.text("database", paths->database);
  if (!master_key.empty()) json.text("master_key", master_key);
  json.text("owner_token", paths->owner_token.string());
  const std::string text = (joined ? "joined       " : "store        ") + paths->database +
                           "\nmaster key   " +
                           (master_key.empty() ? "from elsewhere, as configured" : master_key) +
                           "\nowner token  " + paths->owner_token.string();
  auto printed = print_line(context.json ? json.done() : text);
  if (!printed) return base::pass(printed);
  if (!master_key.empty() && !context.json) {
    print_note("without the master key the store cannot be read: keep a copy of it elsewhere");
  }
  return 0;
}

}  // namespace

void add_init_command(CLI::App& root, Context& context) {
  const auto flags = std::make_shared<ServerFlags>();
  auto& command = add_command(
      root, context,
      {.name = "init",
       .purpose = "Makes the store, its master key and the owner token in an empty data directory",
       .example = "sutler init --data-dir ./data",
       .more =
           "`sutler serve` does the same on its first start, unless told --require-store. With\n"
           "--store postgresql://… it is in a database that several nodes share: the first\n"
           "`init` makes it, and on further nodes it joins, given the master key of the first."},
      Talks::kItself, [&context, flags] { return init(context, *flags); });
  flags->declare(command, {"data_dir", "store", "master_key"});
  add_switch(command, context.json, "--json", "print one JSON document instead of text");
}

}  // namespace sutler::cli
