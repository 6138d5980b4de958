// Which workloads a group is for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/workload.h"

namespace sutler::model {

// An object id or glob, and optionally a type; no type means any.
struct ObjectPattern {
  std::string id;
  std::string type;  // empty: any
  auto operator<=>(const ObjectPattern&) const = default;
};

// `projects` and `nf_objects` must both match; nothing means any. A list that is there is never
// empty (validation refuses it): an empty list would be read as "nobody" by some and "all" by
// others.
struct Restrictions {
  std::optional<std::vector<std::string>> projects;
  std::optional<std::vector<ObjectPattern>> nf_objects;
  auto operator<=>(const Restrictions&) const = default;
};

[[nodiscard]] bool matches(const Restrictions& restrictions, const Workload& workload);

// How narrowly a group names its workloads; a higher one wins at equal priority.
enum class Specificity { kAny = 0, kProject = 1, kObject = 2 };
[[nodiscard]] Specificity specificity(const Restrictions& restrictions);
[[nodiscard]] std::string_view to_word(Specificity specificity);  // "any", "project", "object"

}  // namespace sutler::model
