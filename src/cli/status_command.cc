// `sutler status`: how the server is.
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/output.h"

namespace sutler::cli {
namespace {

// "3 d 4 h", "12 min", "8 s": the two largest units.
std::string uptime_text(const std::string& text) {
  std::int64_t seconds = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (seconds >= 86'400) {
    return std::to_string(seconds / 86'400) + " d " + std::to_string(seconds % 86'400 / 3'600) +
           " h";
  }
  if (seconds >= 3'600) {
    return std::to_string(seconds / 3'600) + " h " + std::to_string(seconds % 3'600 / 60) + " min";
  }
  return seconds >= 60 ? std::to_string(seconds / 60) + " min" : std::to_string(seconds) + " s";
}

std::string status_text(const boost::json::value& status) {
  const auto& audit = member(status, "audit");
  const std::pair<const char*, std::string> lines[] = {
      {"version", shown(status, "version")},
      {"store", shown(status, "store_id")},
      {"revision", shown(status, "revision")},
      {"teams", shown(status, "teams")},
      {"groups", shown(status, "groups")},
      {"ready", is_true(status, "ready") ? "yes" : "no"},
      {"integrity", shown(status, "integrity")},
      {"audit line", shown(audit, "seq")},
      {"audit file", shown(audit, "file")},
      {"reserve", shown(audit, "reserve")},
      {"audit key", shown(audit, "public_key")},
      {"up for", uptime_text(shown(status, "uptime_seconds"))}};
  std::string out;
  for (const auto& [name, value] : lines) {
    std::string label(name);
    label.resize(12, ' ');
    out += label + printable(value) + "\n";
  }
  return out;
}

base::Result<int> show_status(const Context& context) {
  auto answer = ask_server(context, "GET", api_path({"status"}));
  if (!answer) return base::pass(answer);
  auto printed =
      print_line(context.json ? std::string(answer->text.expose()) : status_text(answer->tree));
  if (!printed) return base::pass(printed);
  return 0;
}

}  // namespace

void add_status_command(CLI::App& root, Context& context) {
  add_command(root, context,
              {.name = "status",
               .purpose = "Tells how the server is: its store, its audit log, whether it is ready",
               .example = "sutler status --data-dir ./data"},
              Talks::kToServer, [&context] { return show_status(context); });
}

}  // namespace sutler::cli
