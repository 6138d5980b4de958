// Changing some entries of a group: the body of a PATCH.
#pragma once

#include <string>

#include "admin/json_io.h"
#include "base/result.h"
#include "model/group.h"

namespace sutler::admin {

// `{"create"?,"restrictions"?,"everyone"?,"priority"?,"type"?,"description"?,"variables"?:{K:
// value|null},"files"?:{P: file|null}}` on top of `current`; null takes an entry away. Where there
// is no group `create` must be true, and then `restrictions` or `everyone: true`, so that nothing
// is for everybody by an omission.
//
// kInvalid names the member; kNotFound an entry that is to go and is not there, or the group.
// Masked values stay in the result.
[[nodiscard]] base::Result<model::Group> patched_group(BodyReader& body,
                                                       const model::Group* current,
                                                       const std::string& team,
                                                       const std::string& name);

}  // namespace sutler::admin
