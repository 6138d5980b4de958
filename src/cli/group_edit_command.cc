// `sutler group edit`: a group in the editor of the user.
#include <memory>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/current_groups.h"
#include "cli/editor.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "cli/private_file.h"
#include "cli/write_options.h"
#include "model/group_reader.h"
#include "model/group_writer.h"

namespace sutler::cli {
namespace {

struct EditOptions {
  std::string name;
  bool reveal = false;
  bool allow_disk = false;
  WriteOptions write;
};

std::string head_of(const EditOptions& options, const std::string& team) {
  std::string out = "# Group " + options.name + " of team " + team + ". Saved when you leave; ";
  out += "an unchanged text changes nothing.\n";
  if (!options.reveal) {
    out +=
        "# Values are masked: a mask that stays means that the value stays. Write a value in its "
        "place to set it.\n";
  }
  return out;
}

base::Result<model::Group> read_edited(const Context& context, const EditOptions& options,
                                       const base::Secret& text) {
  auto groups = model::read_groups_yaml(text.expose(), options.name, context.team);
  if (!groups) return base::pass(groups);
  if (groups->size() == 1 && groups->front().header.name == options.name &&
      groups->front().header.team == context.team) {
    return std::move(groups->front());
  }
  return base::fail(base::Code::kInvalid, "the text is not group " + options.name + " alone",
                    "its name and team stay as they are; `sutler group apply` makes others");
}

// What the text was made from.
struct Base {
  std::string etag;
  std::uint64_t version = 0;
  base::Secret text;
};

base::Result<AdminClient::Answer> save(const Context& context, const EditOptions& options,
                                       const Base& from, const model::Group& group) {
  auto client = AdminClient::find(context);
  if (!client) return base::pass(client);
  std::string query = write_query(options.write);
  if (from.etag.empty()) add_parameter(query, "expected_version", std::to_string(from.version));
  const auto path = api_path({"teams", context.team, "groups", options.name});
  return client->call("PUT", path + query,
                      std::string(model::write_group_json(group, model::Values::kReveal).expose()),
                      {.if_match = from.etag});
}

base::Result<int> print_saved(const Context& context, const EditOptions& options,
                              const AdminClient::Answer& answer) {
  for (const auto& warning : texts(answer.tree, "warnings")) print_warning(warning);
  if (!texts(answer.tree, "unchanged").empty()) {
    return print_answer(context, answer, "group " + options.name + " is unchanged");
  }
  return print_answer(context, answer,
                      diff_text(answer.tree) + "revision " + shown(answer.tree, "revision"));
}

// What is worth keeping: work that the server would not take now, though nothing is wrong with it.
bool is_worth_keeping(base::Code code) {
  return code == base::Code::kConflict || code == base::Code::kUnreachable ||
         code == base::Code::kUnavailable || code == base::Code::kNoSpace ||
         code == base::Code::kInternal;
}

base::Unexpected kept(base::Error error, PrivateFile& file) {
  file.keep();
  error.hint =
      "your text is kept in " + file.path().string() + " (this user's alone): " +
      (error.code == base::Code::kConflict ? "put it on top of the group as it is now, "
                                           : "save it again with `sutler group apply -f`, ") +
      "then remove it";
  return std::unexpected(std::move(error));
}

base::Result<int> edit_in(const Context& context, const EditOptions& options, const Base& from,
                          PrivateFile& file, const HeldSignals& signals) {
  for (;;) {
    auto edited = run_editor(file.path(), signals);
    if (!edited) return base::pass(edited);
    auto text = file.read();
    if (!text) return base::pass(text);
    if (text->equals(from.text)) {
      print_note("nothing was changed");
      return 0;
    }
    auto group = read_edited(context, options, *text);
    base::Error error;
    if (group) {
      auto answer = save(context, options, from, *group);
      if (answer) return print_saved(context, options, *answer);
      if (is_worth_keeping(answer.error().code)) return kept(std::move(answer.error()), file);
      error = std::move(answer.error());
    } else {
      error = std::move(group.error());
    }
    print_error(error);
    if (ask_on_terminal("Edit it again?") == Answer::kYes) continue;
    return base::fail(error.code, "nothing was saved", "what is wrong is told above", error.name);
  }
}

base::Result<int> edit_group(const Context& context, const EditOptions& options) {
  // The version first: a change between the two answers is told as a conflict, never lost.
  auto versions = group_versions(context);
  if (!versions) return base::pass(versions);
  const auto values = options.reveal ? model::Values::kReveal : model::Values::kMask;
  auto group = current_group(context, options.name, values);
  if (!group) return base::pass(group);
  const auto version = versions->find(options.name);
  if (version == versions->end()) {
    return base::fail(base::Code::kConflict, "group " + options.name + " was made just now",
                      "try again");
  }
  Base from{group->etag, version->second,
            base::Secret(head_of(options, context.team) +
                         std::string(model::write_group_yaml(group->group, values).expose()))};
  const HeldSignals signals;
  auto file = PrivateFile::create(options.name + ".yaml", from.text.expose(),
                                  options.allow_disk ? Disk::kAllow : Disk::kRefuse);
  if (!file) return base::pass(file);
  return edit_in(context, options, from, *file, signals);
}

}  // namespace

void add_group_edit_command(CLI::App& group, Context& context) {
  const auto options = std::make_shared<EditOptions>();
  auto& command = add_command(
      group, context,
      {.name = "edit",
       .purpose = "Opens a secret group in $VISUAL or $EDITOR and saves what you leave",
       .example = "sutler group edit payments\n"
                  "sutler group edit payments --reveal -m 'new Stripe account'",
       .more = "The text is in a file of its own in memory (tmpfs), for this user alone, and is "
               "removed in the end, also when the command is told to end. When somebody changed "
               "the group meanwhile nothing is saved, and the command says where your text is."},
      Talks::kToServer, [&context, options] { return edit_group(context, *options); });
  add_word(command, options->name, "GROUP", "name of the secret group");
  add_switch(command, options->reveal, "--reveal",
             "show the values instead of masks; this is audited");
  add_switch(command, options->allow_disk, "--allow-disk",
             "where no tmpfs is there, let the text be on disk for that time");
  add_write_options(command, options->write);
  add_team_option(command, context);
}

}  // namespace sutler::cli
