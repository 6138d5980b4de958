#include "cli/changes_view.h"

#include "cli/impact_view.h"
#include "cli/json_view.h"
#include "cli/output.h"

namespace sutler::cli {

std::string changes_text(const boost::json::value& answer) {
  std::string out;
  for (const char* fate : {"created", "updated", "deleted", "unchanged"}) {
    const auto names = texts(answer, fate);
    if (names.empty()) continue;
    std::string label(fate);
    label.resize(11, ' ');
    out += label + printable(joined(names, ", ")) + "\n";
  }
  const auto teams = texts(answer, "teams");
  if (!teams.empty()) out += "options of " + printable(joined(teams, ", ")) + "\n";
  const std::string revision = shown(answer, "revision");
  return out + (is_true(answer, "dry_run") ? "nothing was changed; the revision is " + revision
                                           : "revision   " + revision);
}

base::Result<int> print_changes(const Context& context, const AdminClient::Answer& answer) {
  for (const auto& warning : texts(answer.tree, "warnings")) print_warning(warning);
  print_impact(answer.tree);
  return print_answer(context, answer, changes_text(answer.tree));
}

}  // namespace sutler::cli
