#include "model/restriction.h"

#include <algorithm>

#include "base/glob.h"

namespace sutler::model {

bool matches(const Restrictions& restrictions, const Workload& workload) {
  const auto names_project = [&](const std::string& pattern) {
    return base::glob_matches(pattern, workload.project_id);
  };
  const auto names_object = [&](const ObjectPattern& pattern) {
    return base::glob_matches(pattern.id, workload.object_id) &&
           (pattern.type.empty() || same_type(pattern.type, workload.object_type));
  };
  return (!restrictions.projects || std::ranges::any_of(*restrictions.projects, names_project)) &&
         (!restrictions.nf_objects || std::ranges::any_of(*restrictions.nf_objects, names_object));
}

Specificity specificity(const Restrictions& restrictions) {
  if (restrictions.nf_objects) return Specificity::kObject;
  return restrictions.projects ? Specificity::kProject : Specificity::kAny;
}

std::string_view to_word(Specificity specificity) {
  switch (specificity) {
    case Specificity::kAny: return "any";
    case Specificity::kProject: return "project";
    case Specificity::kObject: return "object";
  }
  return "any";
}

}  // namespace sutler::model
