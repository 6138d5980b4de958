// `sutler team key`: the strings shared with Northflank that sign its tokens.
#include <memory>

#include "base/utf8.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/json_body.h"
#include "cli/json_view.h"
#include "cli/local_file.h"
#include "cli/output.h"
#include "model/team.h"

namespace sutler::cli {
namespace {

struct AddKey {
  std::string team;
  std::string from_file;
  std::string algorithm;
  bool generate = false;
};

base::Result<std::string> add_body(const AddKey& options) {
  if (options.generate == !options.from_file.empty()) {
    return usage_error("a key comes from one place: --generate or --from-file FILE",
                       "--generate makes a strong one and shows it once");
  }
  JsonBody body;
  if (!options.algorithm.empty()) {
    if (!model::key_algorithm_from(options.algorithm)) {
      return usage_error("--alg " + options.algorithm + " is none of HS256, HS384, HS512",
                         "Northflank signs with HS256, which is the default");
    }
    body.text("alg", options.algorithm);
  }
  if (options.generate) return body.done();
  auto key = read_signing_key(options.from_file);
  if (!key) return base::pass(key);
  if (!base::is_utf8(key->expose())) {
    return base::fail(base::Code::kInvalid, "key file " + options.from_file + " is not UTF-8 text",
                      "Northflank takes the key as text");
  }
  return body.text("secret", key->expose()).done();
}

// The key alone on stdout, so that `sutler team key add … > file` makes a key file.
base::Result<int> show_added(const Context& context, const AdminClient::Answer& answer) {
  for (const auto& warning : texts(answer.tree, "warnings")) print_warning(warning);
  if (context.json) {
    auto printed = print_line(answer.text.expose());
    if (!printed) return base::pass(printed);
    return 0;
  }
  const std::string key = shown(answer.tree, "key");
  const std::string what = "key " + shown(answer.tree, "id") + " (" + shown(answer.tree, "alg") +
                           ") of team " + shown(answer.tree, "team");
  if (key.empty()) {
    auto printed = print_line(printable(what + " is added"));
    if (!printed) return base::pass(printed);
    return 0;
  }
  auto printed = print_line(key);
  if (!printed) return base::pass(printed);
  print_note(what + " is shown only now; give it to Northflank as the secret of its provider");
  return 0;
}

base::Result<int> add_key(const Context& context, const AddKey& options) {
  auto body = add_body(options);
  if (!body) return base::pass(body);
  auto answer =
      ask_server(context, "POST", api_path({"teams", options.team, "keys"}), std::move(*body));
  if (!answer) return base::pass(answer);
  return show_added(context, *answer);
}

base::Result<int> list_keys(const Context& context, const std::string& team) {
  auto answer = ask_list(context, api_path({"teams", team, "keys"}));
  if (!answer) return base::pass(answer);
  Table table({"KEY", "ALG", "STATE", "CREATED", "RETIRES", "LAST USED"});
  for (const auto* key : items(answer->tree, "items")) {
    const std::string retires = shown(*key, "retire_at");
    const std::string used = shown(*key, "last_used");
    table.add({shown(*key, "id"), shown(*key, "alg"), shown(*key, "state"), shown(*key, "created"),
               retires.empty() ? "-" : retires, used.empty() ? "never" : used});
  }
  if (!context.json && table.empty()) {
    print_note("team " + team + " has no signing key: its tokens are all refused");
    return 0;
  }
  auto printed = print_line(context.json ? std::string(answer->text.expose()) : table.text());
  if (!printed) return base::pass(printed);
  return 0;
}

struct RetireKey {
  std::string team;
  std::string id;
  std::string after;
};

base::Result<int> retire_key(const Context& context, const RetireKey& options) {
  JsonBody body;
  std::chrono::seconds after{0};
  if (!options.after.empty()) {
    auto parsed = parse_duration(options.after, "--after");
    if (!parsed) return base::pass(parsed);
    after = *parsed;
  }
  body.number("after_seconds", after.count());
  auto answer =
      ask_server(context, "POST", api_path({"teams", options.team, "keys", options.id, "retire"}),
                 body.done());
  if (!answer) return base::pass(answer);
  const std::string when =
      after.count() == 0 ? " verifies nothing from now on"
                         : " verifies nothing from " + shown(answer->tree, "retire_at") + " on";
  auto printed = print_line(context.json ? std::string(answer->text.expose())
                                         : printable("key " + options.id + when));
  if (!printed) return base::pass(printed);
  return 0;
}

void add_retire(CLI::App& key, Context& context) {
  const auto options = std::make_shared<RetireKey>();
  auto& retire = add_command(
      key, context,
      {.name = "retire",
       .purpose = "Makes a signing key verify nothing, at once or after a while",
       .example = "sutler team key retire default 1a2b3c4d --after 24h",
       .more =
           "To change a key without an outage: add the new one, give it to Northflank, and retire "
           "the old one after the lifetime of its tokens, which is 24 hours."},
      Talks::kToServer, [&context, options] { return retire_key(context, *options); });
  add_word(retire, options->team, "TEAM", "id of the team");
  add_word(retire, options->id, "KEYID", "id of the key, as `sutler team key list` shows it");
  add_text(retire, options->after, {"--after", "TIME", "verify this much longer, like 24h (0s)"});
}

}  // namespace

void add_team_key_command(CLI::App& team, Context& context) {
  auto& key = add_family(team, context,
                         {.name = "key",
                          .purpose = "Manages the signing keys that a team shares with Northflank",
                          .example = "sutler team key add default --generate"});
  const auto options = std::make_shared<AddKey>();
  auto& add = add_command(
      key, context,
      {.name = "add",
       .purpose = "Adds a signing key to a team: a new one, which is shown once, or yours",
       .example = "sutler team key add default --generate > northflank.key",
       .more = "The key alone goes to stdout. Keys that could be guessed are refused unless the "
               "server runs with --allow-weak-keys."},
      Talks::kToServer, [&context, options] { return add_key(context, *options); });
  add_word(add, options->team, "TEAM", "id of the team");
  add_switch(add, options->generate, "--generate", "make a random key of 256 bits");
  add_text(add, options->from_file,
           {"--from-file", "FILE", "take the key from a file, or from standard input with -"});
  add_text(add, options->algorithm,
           {"--alg", "ALG", "HS256, HS384 or HS512: the only one it verifies (HS256)"});
  const auto listed = std::make_shared<std::string>();
  auto& list =
      add_command(key, context,
                  {.name = "list",
                   .purpose = "Lists the signing keys of a team; never the keys themselves",
                   .example = "sutler team key list default"},
                  Talks::kToServer, [&context, listed] { return list_keys(context, *listed); });
  add_word(list, *listed, "TEAM", "id of the team");
  add_retire(key, context);
}

}  // namespace sutler::cli
