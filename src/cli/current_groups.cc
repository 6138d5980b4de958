#include "cli/current_groups.h"

#include "cli/admin_client.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "model/group_reader.h"

namespace sutler::cli {

base::Result<GroupVersions> group_versions(const Context& context) {
  GroupVersions versions;
  auto answer = ask_list(context, api_path({"teams", context.team, "groups"}));
  if (!answer) return base::pass(answer);
  for (const auto* group : items(answer->tree, "items")) {
    const auto& version = member(*group, "version");
    versions[shown(*group, "name")] =
        version.is_int64() ? static_cast<std::uint64_t>(version.get_int64()) : std::uint64_t{0};
  }
  return versions;
}

base::Result<CurrentGroup> current_group(const Context& context, const std::string& name,
                                         model::Values values) {
  std::string path = api_path({"teams", context.team, "groups", name});
  if (values == model::Values::kReveal) path += "?reveal=true";
  auto answer = ask_server(context, "GET", path);
  if (!answer) return base::pass(answer);
  auto group = model::group_from_json(answer->tree, "the server's answer");
  if (!group) return base::pass(group);
  return CurrentGroup{std::move(*group), std::move(answer->etag)};
}

std::string diff_text(const boost::json::value& answer) {
  std::string out;
  for (const auto* group : items(answer, "diff")) {
    out += shown(*group, "fate") + " group " + printable(shown(*group, "name"));
    const std::string team = shown(*group, "team");
    if (team != "default") out += " of team " + printable(team);
    out += '\n';
    if (is_true(*group, "header_changed") && shown(*group, "fate") == "updated") {
      out += "  ~ its description, type, priority, restrictions or the like\n";
    }
    const std::pair<const char*, const char*> marks[] = {
        {"added", "  + "}, {"changed", "  ~ "}, {"removed", "  - "}};
    for (const auto& [member, mark] : marks) {
      for (const auto& key : texts(*group, member)) out += mark + printable(key) + "\n";
    }
  }
  return out;
}

}  // namespace sutler::cli
