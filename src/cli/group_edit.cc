#include "cli/group_edit.h"

#include <charconv>

#include "base/limits.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "model/group.h"

namespace sutler::cli {
namespace {

base::Result<void> put_restrictions(JsonBody& body, const GroupEdit& edit) {
  const bool restricted = !edit.projects.empty() || !edit.objects.empty();
  if (edit.everyone && restricted) {
    return usage_error("--everyone and --project or --object exclude each other",
                       "say for whom the group is in one way");
  }
  if (edit.create && !edit.everyone && !restricted) {
    return usage_error(
        "--create does not say for whom the group is",
        "--project ID, --object ID[:TYPE], or --everyone for all workloads of the team");
  }
  if (edit.everyone) body.yes("everyone");
  if (!restricted) return {};
  JsonBody restrictions;
  if (!edit.projects.empty()) restrictions.texts("projects", edit.projects);
  std::string objects;
  for (const std::string& object : edit.objects) {
    objects += (objects.empty() ? "" : ",") + object_pattern_json(object);
  }
  if (!objects.empty()) restrictions.raw("nfObjects", "[" + objects + "]");
  body.raw("restrictions", restrictions.done());
  return {};
}

base::Result<void> put_priority(JsonBody& body, const std::string& text) {
  int priority = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), priority);
  if (error != std::errc() || end != text.data() + text.size() || priority < 0 ||
      priority > base::limits::kPriorityMax) {
    return usage_error("--priority " + text + " is no whole number from 0 to 100",
                       "the group with the higher one wins a key; the default is 10");
  }
  body.number("priority", priority);
  return {};
}

}  // namespace

void add_group_edit_options(CLI::App& command, Context& context, GroupEdit& edit) {
  add_word(command, edit.group, "GROUP", "name of the secret group");
  add_switch(command, edit.create, "--create", "make the group if there is none");
  add_switch(command, edit.everyone, "--everyone", "it is for all workloads of the team");
  add_list(command, edit.projects, {"--project", "ID", "it is for this project; * and ? match"});
  add_list(command, edit.objects,
           {"--object", "ID[:TYPE]", "it is for this service or job; * and ? match"});
  add_text(command, edit.priority,
           {"--priority", "N", "0 to 100: the group with the higher one wins a key (10)"});
  add_text(command, edit.type, {"--type", "TYPE", "secret or config (secret)"});
  add_write_options(command, edit.write);
  add_team_option(command, context);
}

std::string object_pattern_json(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  JsonBody pattern;
  pattern.text("id", text.substr(0, colon));
  if (colon != std::string_view::npos) pattern.text("type", text.substr(colon + 1));
  return pattern.done();
}

base::Result<void> put_group_edit(JsonBody& body, const GroupEdit& edit) {
  if (edit.create) body.yes("create");
  auto done = put_restrictions(body, edit);
  if (done && !edit.priority.empty()) done = put_priority(body, edit.priority);
  if (!done) return done;
  if (edit.type.empty()) return {};
  if (edit.type != "secret" && edit.type != "config") {
    return usage_error("--type " + edit.type + " is neither secret nor config",
                       "secret is the default; the values of config groups are less guarded");
  }
  body.text("type", edit.type);
  return {};
}

base::Result<int> patch_group(const Context& context, const std::string& group,
                              const WriteOptions& write, const JsonBody& body,
                              const std::string& done) {
  if (!model::is_group_name(group)) {
    // Not quoted, and not sent: whoever forgets the group gives a KEY=VALUE in its place.
    return usage_error("the first argument cannot be the name of a group",
                       "a name is letters, digits, `.`, `_` and `-`; GROUP comes before KEY=VALUE");
  }
  auto answer = ask_server(context, "PATCH",
                           api_path({"teams", context.team, "groups", group}) + write_query(write),
                           body.done());
  if (!answer) return base::pass(answer);
  return print_write(context, *answer, "group " + group + ": " + done);
}

}  // namespace sutler::cli
