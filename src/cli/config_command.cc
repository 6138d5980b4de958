// `sutler config check`: would the server start with these settings?
#include <filesystem>
#include <memory>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/json_body.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "cli/server_flags.h"

namespace sutler::cli {
namespace {

// What a server that runs on this data directory has not taken over; empty: nothing, or none runs.
std::string left_for_a_restart(Context context, const server::Options& options) {
  context.data_dir = options.data_dir.string();  // whose socket is asked
  std::error_code ignored;
  if (!std::filesystem::exists(options.data_dir / "admin.sock", ignored)) return {};
  const auto ready = ask_server(context, "GET", "/readyz?verbose=true");
  if (!ready) return {};
  for (const auto* one : items(ready->tree, "checks")) {
    if (shown(*one, "name") == "config" && shown(*one, "state") != "ok") {
      return shown(*one, "detail");
    }
  }
  return {};
}

base::Result<int> check(const Context& context, const ServerFlags& flags) {
  auto options = flags.load(context);
  if (!options) {
    // A setting is wrong here, not the way in which this command was used.
    if (options.error().name == kUsage) options.error().name.clear();
    return base::pass(options);
  }
  for (const auto& warning : options->warnings) print_warning(warning);
  const std::string left = left_for_a_restart(context, *options);
  if (!left.empty()) print_note("a server runs: " + printable(left));
  JsonBody json;
  json.yes("ok").texts("warnings", options->warnings);
  if (!left.empty()) json.text("restart", left);
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
       .example = "sutler config check --config /etc/sutler/sutler.yaml",
       .more = "Where a server runs on the data directory, it also says what of `sources` that "
               "server will take over only when it is started again."},
      Talks::kItself, [&context, flags] { return check(context, *flags); });
  flags->declare(command, {"data_dir"});
  add_switch(command, context.json, "--json", "print one JSON document instead of text");
}

}  // namespace sutler::cli
