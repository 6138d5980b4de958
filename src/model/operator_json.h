// Scopes and grants as JSON, for the admin API and for the roles of a proxy in the config file.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/operator.h"

namespace sutler::model {

// What somebody may do, without who he is.
struct Grant {
  Role role = Role::kViewer;
  Reveal reveal = Reveal::kNo;
  std::vector<Scope> scopes;
};

// `[{"teams"?,"projects"?,"groups"?,"priority_max"?}]`; what is left out is not limited, and is
// left out in the answer too.
[[nodiscard]] std::string write_scopes_json(const std::vector<Scope>& scopes);
// Strict: unknown members, an empty list of patterns and a scope that limits nothing are kInvalid,
// since each may be meant as something else. `where` names the member in errors. An empty list of
// scopes is refused too: null stands for no limit.
[[nodiscard]] base::Result<std::vector<Scope>> scopes_from_json(const boost::json::value& tree,
                                                                std::string_view where);
// `{"role","reveal"?,"scopes"?}`, and validated.
[[nodiscard]] base::Result<Grant> grant_from_json(const boost::json::value& tree,
                                                  std::string_view where);

}  // namespace sutler::model
