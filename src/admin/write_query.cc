#include "admin/write_query.h"

#include "model/group.h"

namespace sutler::admin {

base::Result<RestoreRules> read_restore_rules(const Call& call) {
  auto take_over = call.query.flag("take_over");
  if (!take_over) return base::pass(take_over);
  RestoreRules rules{call.who, call.query.text("managed_by"),
                     *take_over ? TakeOver::kYes : TakeOver::kNo};
  if (rules.manager.empty() || model::is_group_name(rules.manager)) return rules;
  return base::fail(base::Code::kInvalid,
                    "query parameter \"managed_by\" must be a name of letters, digits, \".\", "
                    "\"_\", \"-\"");
}

}  // namespace sutler::admin
