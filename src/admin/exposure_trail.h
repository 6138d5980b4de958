// Which operators saw or wrote the values of keys: from the audit log and the history.
//
// A reveal of a bundle names the groups and the keys, and not which group won which; it counts as
// having seen the key in each group that holds it. A write counts where the value is another than
// in the version before.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "admin/context.h"
#include "resolve/exposure.h"
#include "resolve/versions.h"

namespace sutler::admin {

struct Sighting {
  enum class How { kRevealed, kWrote };
  std::string operator_name;
  resolve::KeyName key;
  std::uint64_t version = 0;
  How how = How::kRevealed;
  std::string first = {};  // times as the audit writes them
  std::string last = {};
  std::uint64_t times = 0;
};

// What the operator saw and wrote, in order of the keys. kInternal when the audit cannot be read.
[[nodiscard]] base::Result<std::vector<Sighting>> sightings_by(const Context& context,
                                                               const std::string& operator_name,
                                                               resolve::Versions& versions);
// Whether any record is about what that operator did.
[[nodiscard]] base::Result<bool> is_named_in_audit(const Context& context,
                                                   const std::string& operator_name);
// Who saw or wrote any of the targets.
[[nodiscard]] base::Result<std::vector<Sighting>> sightings_of(const Context& context,
                                                               const resolve::Targets& targets,
                                                               resolve::Versions& versions);

}  // namespace sutler::admin
