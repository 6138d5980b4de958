// Whether there ever was what a question about exposure names. "Nobody received it" is said of what
// is known only: of a name with a typing mistake it would be an all-clear.
#pragma once

#include <string>

#include "admin/context.h"
#include "admin/past.h"
#include "resolve/exposure.h"
#include "resolve/versions.h"

namespace sutler::admin {

// For what no answer was found. kNotFound: there is no such team or group, no version of it that is
// kept and that `who` may know had the key.
[[nodiscard]] base::Result<void> require_known_key(const Context& context, const Principal& who,
                                                   const resolve::KeyName& key,
                                                   resolve::Versions& versions);
// kNotFound: there is no such operator, not even a disabled one, and the audit names none.
[[nodiscard]] base::Result<void> require_known_operator(const Context& context,
                                                        const Principal& who,
                                                        const std::string& name);
// kNotFound: in that team (empty: in none that `who` may see) there is no group of that name, none
// was deleted, and no workload received one.
[[nodiscard]] base::Result<void> require_known_group(const Context& context, const Principal& who,
                                                     const std::string& team,
                                                     const std::string& group);

}  // namespace sutler::admin
