// `sutler config check`: would the server start with these settings?
#include <memory>

#include "cli/commands.h"
#include "cli/json_body.h"
#include "cli/output.h"
#include "cli/server_flags.h"

namespace sutler::cli {
namespace {

base::Result<int> check(const Context& context, const ServerFlags& flags) {
  auto options = flags.load(context);
  if (!options) {
    // A setting is wrong here, not the way in which this command was used.
    if (options.error().name == kUsage) options.error().name.clear();
    return base::pass(options);
  }
  for (const auto& warning : options->warnings) print_warning(warning);
  JsonBody json;
  json.yes("ok").texts("warnings", options->warnings);
  auto printed = print_line(context.json ? json.done() : "the settings are good");
  if (!printed) return base::pass(printed);
  return 0;
}

}  // namespace

void add_config_command(CLI::App& root, Context& context) {
  auto& config = add_family(root, context,
                            {.name = "config",
                             .purpose = "Checks the settings of the server",
                             .example = "sutler config check --config sutler.yaml"});
  const auto flags = std::make_shared<ServerFlags>();
  auto& command = add_command(
      config, context,
      {.name = "check",
       .purpose =
           "Reads the config file and the environment as the server would, and says what is wrong",
       .example = "sutler config check --config /etc/sutler/sutler.yaml"},
      Talks::kItself, [&context, flags] { return check(context, *flags); });
  flags->declare(command, {"data_dir"});
  add_switch(command, context.json, "--json", "print one JSON document instead of text");
}

}  // namespace sutler::cli
