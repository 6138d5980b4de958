// Workloads that stand for all that a restriction matches.
#pragma once

#include <cstddef>
#include <vector>

#include "model/restriction.h"
#include "model/workload.h"

namespace sutler::resolve {

struct ProbeWorkload {
  model::Workload workload;
  // Whether it is the only workload of its patterns. Where it is not it has names that no other
  // pattern matches by chance; what holds for it need not hold for the others.
  bool exact = false;
};

// Workloads of the team that both restrictions match, at most that many. Where two patterns overlap
// in names that neither of them shows (`a*` and `*b`) there is none for that pair.
[[nodiscard]] std::vector<ProbeWorkload> probe_workloads(std::string_view team,
                                                         const model::Restrictions& a,
                                                         const model::Restrictions& b,
                                                         std::size_t max);

}  // namespace sutler::resolve
