// `sutler token`: what operators sign in with.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/json_body.h"
#include "cli/json_view.h"
#include "cli/output.h"

namespace sutler::cli {
namespace {

struct NewToken {
  std::string name;
  std::string expires;
  std::string label;
};

// The token alone on stdout, so that `sutler token create … > file` makes a token file.
base::Result<int> create_token(const Context& context, const NewToken& options) {
  JsonBody body;
  if (!options.label.empty()) body.text("label", options.label);
  if (!options.expires.empty()) {
    auto expires = parse_duration(options.expires, "--expires");
    if (!expires) return base::pass(expires);
    if (expires->count() == 0) return usage_error("--expires 0 is over at once", "like 90d");
    body.number("expires_seconds", expires->count());
  }
  auto answer =
      ask_server(context, "POST", api_path({"operators", options.name, "tokens"}), body.done());
  if (!answer) return base::pass(answer);
  auto printed =
      print_line(context.json ? std::string(answer->text.expose()) : shown(answer->tree, "token"));
  if (!printed) return base::pass(printed);
  if (context.json) return 0;
  const std::string expires = shown(answer->tree, "expires");
  print_note("token " + shown(answer->tree, "id") + " of " + printable(options.name) +
             " is shown only now; it " +
             (expires.empty() ? "never expires: `--expires 90d` is safer" : "expires " + expires));
  return 0;
}

base::Result<int> list_tokens(const Context& context, const std::string& name) {
  auto answer = ask_list(context, api_path({"operators", name, "tokens"}));
  if (!answer) return base::pass(answer);
  Table table({"TOKEN", "LABEL", "STATE", "CREATED", "EXPIRES", "LAST USED"});
  const auto or_dash = [](std::string text) { return text.empty() ? std::string("-") : text; };
  for (const auto* token : items(answer->tree, "items")) {
    table.add({shown(*token, "id"), or_dash(shown(*token, "label")), shown(*token, "state"),
               shown(*token, "created"), or_dash(shown(*token, "expires")),
               or_dash(shown(*token, "last_used"))});
  }
  if (!context.json && table.empty()) {
    print_note("operator " + printable(name) + " has no token");
    return 0;
  }
  return print_answer(context, *answer, table.text());
}

struct OldToken {
  std::string name;
  std::string id;
};

base::Result<int> revoke_token(const Context& context, const OldToken& token) {
  auto answer =
      ask_server(context, "DELETE", api_path({"operators", token.name, "tokens", token.id}));
  if (!answer) return base::pass(answer);
  return print_answer(context, *answer,
                      "token " + printable(token.id) + " opens nothing from now on");
}

}  // namespace

void add_token_command(CLI::App& root, Context& context) {
  auto& family = add_family(root, context,
                            {.name = "token",
                             .purpose = "Manages the tokens that operators sign in with",
                             .example = "sutler token create ci --expires 90d"});
  const auto made = std::make_shared<NewToken>();
  auto& create =
      add_command(family, context,
                  {.name = "create",
                   .purpose = "Makes a token for an operator and shows it once",
                   .example = "sutler token create ci --expires 90d --label pipeline > token",
                   .more = "The token alone goes to stdout. Commands take it from SUTLER_TOKEN."},
                  Talks::kToServer, [&context, made] { return create_token(context, *made); });
  add_word(create, made->name, "OPERATOR", "whose token it is");
  add_text(create, made->expires,
           {"--expires", "TIME", "how long it is valid, like 90d (for ever)"});
  add_text(create, made->label, {"--label", "TEXT", "what it is for"});
  const auto listed = std::make_shared<std::string>();
  auto& list =
      add_command(family, context,
                  {.name = "list",
                   .purpose = "Lists the tokens of an operator; never the tokens themselves",
                   .example = "sutler token list ci"},
                  Talks::kToServer, [&context, listed] { return list_tokens(context, *listed); });
  add_word(list, *listed, "OPERATOR", "whose tokens");
  const auto old = std::make_shared<OldToken>();
  auto& revoke =
      add_command(family, context,
                  {.name = "revoke",
                   .purpose = "Makes a token open nothing, and ends its sessions",
                   .example = "sutler token revoke ci 1a2b3c4d"},
                  Talks::kToServer, [&context, old] { return revoke_token(context, *old); });
  add_word(revoke, old->name, "OPERATOR", "whose token it is");
  add_word(revoke, old->id, "TOKENID", "its id, as `sutler token list` shows it");
}

}  // namespace sutler::cli
