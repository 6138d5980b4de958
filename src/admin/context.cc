#include "admin/context.h"

namespace sutler::admin {

// Where the database cannot be asked the commit says so.
WriteTurn::WriteTurn(const Context& context) : lock_(context.writes) {
  (void)context.store.catch_up();
}

base::Result<std::shared_ptr<const store::TeamRecord>> require_team(const store::Snapshot& snapshot,
                                                                    std::string_view id) {
  const auto found = snapshot.teams.find(id);
  if (found != snapshot.teams.end()) return found->second;
  return base::fail(base::Code::kNotFound, "there is no team \"" + std::string(id) + "\"",
                    "sutler team list shows the teams");
}

base::Result<std::shared_ptr<const store::TeamRecord>> require_team(const store::Snapshot& snapshot,
                                                                    const Principal& who,
                                                                    std::string_view id) {
  static const store::Snapshot kNothing;
  return require_team(may_see_team(who, id) ? snapshot : kNothing, id);
}

}  // namespace sutler::admin
