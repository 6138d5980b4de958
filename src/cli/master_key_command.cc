// `sutler master-key`: which master keys wrap what, and rotation.
#include <chrono>
#include <memory>
#include <thread>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "crypto/master_key.h"

namespace sutler::cli {
namespace {

constexpr std::chrono::milliseconds kPoll{200};

std::string rotation_text(const boost::json::value& rotation) {
  const std::string state = shown(rotation, "state");
  if (state == "none" || state.empty()) return "no rotation yet";
  std::string out = "rotation to " + shown(rotation, "target") + ": " + state + ", " +
                    shown(rotation, "rewrapped") + " data keys wrapped anew, started " +
                    shown(rotation, "started") + " by " + shown(rotation, "by");
  if (const auto error = shown(rotation, "error"); !error.empty()) out += "; " + error;
  if (const auto damaged = damaged_text(rotation); !damaged.empty()) out += "; " + damaged;
  return printable(out);
}

std::string keys_text(const boost::json::value& tree) {
  Table table({"MASTER KEY", "CONFIGURED", "CURRENT", "HISTORY", "WRAPS", "BACKUPS"});
  const std::string primary = shown(tree, "primary");
  for (const auto* key : items(tree, "keys")) {
    const std::string id = shown(*key, "id");
    table.add({id,
               !is_true(*key, "configured") ? "no"
               : id == primary              ? "first"
                                            : "yes",
               shown(*key, "current"), shown(*key, "history"), shown(*key, "wraps"),
               std::to_string(texts(*key, "backups").size())});
  }
  return table.text();
}

std::string nodes_text(const boost::json::value& tree) {
  Table table({"NODE", "LIVE", "SEEN", "MASTER KEYS"});
  for (const auto* node : items(tree, "nodes")) {
    table.add({shown(*node, "name"), is_true(*node, "live") ? "yes" : "no", shown(*node, "seen"),
               joined(texts(*node, "keys"), " ")});
  }
  return table.text();
}

// The old keys that nothing in the store needs any more, and the backups that still do.
void tell_backups(const boost::json::value& tree) {
  const std::string primary = shown(tree, "primary");
  for (const auto* key : items(tree, "keys")) {
    const std::string id = shown(*key, "id");
    if (const auto warning = shown(*key, "warning"); !warning.empty()) {
      print_warning("master key " + id + ": " + warning);
    }
    if (id == primary) continue;
    const auto backups = texts(*key, "backups");
    if (shown(*key, "current") != "0" || shown(*key, "history") != "0") {
      if (is_true(*key, "configured")) continue;
      print_warning("master key " + id + " is needed by the store and is not configured");
    } else if (!backups.empty()) {
      print_note("keep master key " + id + " for these backups: " + joined(backups, ", "));
    } else if (is_true(*key, "configured")) {
      print_note("nothing needs master key " + id + " any more: take it out of master_key");
    }
  }
}

base::Result<int> show_status(const Context& context) {
  auto answer = ask_server(context, "GET", api_path({"master-key"}));
  if (!answer) return base::pass(answer);
  if (context.json) return print_answer(context, *answer, {});
  auto printed = print_line(keys_text(answer->tree) + "\n\n" + nodes_text(answer->tree) + "\n\n" +
                            rotation_text(member(answer->tree, "rotation")));
  if (!printed) return base::pass(printed);
  tell_backups(answer->tree);
  return 0;
}

base::Result<int> list_keys(const Context& context) {
  auto answer = ask_server(context, "GET", api_path({"master-key"}));
  if (!answer) return base::pass(answer);
  return print_answer(context, *answer, keys_text(answer->tree));
}

base::Result<int> finish_rotation(const Context& context, const AdminClient::Answer& answer) {
  const auto& rotation = member(answer.tree, "rotation");
  const std::string state = shown(rotation, "state");
  if (state == "failed") {
    return base::fail(base::Code::kUnavailable, "the rotation failed: " + shown(rotation, "error"),
                      "`sutler master-key rotate` goes on where it stopped");
  }
  if (context.json) return print_answer(context, answer, {});
  auto printed = print_line(rotation_text(rotation));
  if (!printed) return base::pass(printed);
  if (state == "done") tell_backups(answer.tree);
  return 0;
}

base::Result<int> rotate(const Context& context, const bool& no_wait) {
  auto answer = ask_server(context, "POST", api_path({"master-key", "rotate"}));
  if (!answer) return base::pass(answer);
  if (no_wait) return finish_rotation(context, *answer);
  while (true) {
    auto status = ask_server(context, "GET", api_path({"master-key"}));
    if (!status) return base::pass(status);
    if (shown(member(status->tree, "rotation"), "state") != "running") {
      return finish_rotation(context, *status);
    }
    std::this_thread::sleep_for(kPoll);
  }
}

base::Result<int> make_key(const std::string& file) {
  auto made = crypto::create_master_key_file(file);
  if (!made) return base::pass(made);
  auto keys = crypto::MasterKeys::load({"file:" + file});
  if (!keys) return base::pass(keys);
  auto printed = print_line("master key " + keys->primary_id() + " is in " + printable(file));
  if (!printed) return base::pass(printed);
  print_note("keep a copy of it elsewhere, apart from the copies of the store");
  return 0;
}

}  // namespace

void add_master_key_command(CLI::App& root, Context& context) {
  auto& family = add_family(
      root, context,
      {.name = "master-key",
       .purpose = "Shows and rotates the master keys that wrap every data key of the store",
       .example = "sutler master-key status"});
  add_command(family, context,
              {.name = "status",
               .purpose = "Tells which master keys store and backups need, which nodes have them, "
                          "and how far a rotation is",
               .example = "sutler master-key status"},
              Talks::kToServer, [&context] { return show_status(context); });
  add_command(family, context,
              {.name = "list",
               .purpose = "Lists the master keys by id; never the keys themselves",
               .example = "sutler master-key list"},
              Talks::kToServer, [&context] { return list_keys(context); });
  const auto no_wait = std::make_shared<bool>(false);
  auto& rotation = add_command(
      family, context,
      {.name = "rotate",
       .purpose = "Wraps every data key anew with the first master key, while the server runs",
       .example = "sutler master-key new /etc/sutler/master-2.key\n"
                  "sutler master-key rotate",
       .more = "Put the new key first in `master_key` of the config file, keep the old one behind "
               "it, and send the server SIGHUP; then rotate. It starts only when every live node "
               "wraps with the new key, and goes on by itself after a crash. Content, versions and "
               "revision stay as they are."},
      Talks::kToServer, [&context, no_wait] { return rotate(context, *no_wait); });
  add_switch(rotation, *no_wait, "--no-wait", "do not wait until it is done");
  const auto file = std::make_shared<std::string>();
  auto& fresh = add_command(family, context,
                            {.name = "new",
                             .purpose = "Makes a file with a new master key, readable by you only",
                             .example = "sutler master-key new /etc/sutler/master-2.key"},
                            Talks::kToNobody, [file] { return make_key(*file); });
  add_word(fresh, *file, "FILE", "where it goes; never overwritten");
}

}  // namespace sutler::cli
