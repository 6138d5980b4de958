// The roles that groups of an authenticating proxy have: `proxy_roles` of the config file.
#pragma once

#include <string>
#include <vector>

#include "admin/access.h"
#include "base/result.h"
#include "model/tree.h"

namespace sutler::server {

// A node of the config file as JSON text. Plain scalars become what they look like: numbers, true,
// false, else text.
[[nodiscard]] std::string config_json(const model::Tree& tree);

// From group and grant, group and grant, …, the grants as JSON text, in the order of the file.
// kInvalid names the group and the member; `where` stands in front.
[[nodiscard]] base::Result<std::vector<admin::ProxyOptions::Role>> read_proxy_roles(
    const std::vector<std::string>& members, const std::string& where);

}  // namespace sutler::server
