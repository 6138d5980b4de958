// Impact in the answers of writes, and the teams that refuse it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/context.h"
#include "resolve/impact.h"
#include "store/store.h"

namespace sutler::admin {

class ImpactReport {
 public:
  // Of changes that are not made yet. Without a registry nobody is known.
  [[nodiscard]] static ImpactReport assess(const Context& context,
                                           const std::vector<store::Change>& changes);

  // `{"workloads_checked","affected":[…],"summary":{…},"truncated"}` (docs/impact.md): what `who`
  // may see of it. The summary counts those that the list has no room for.
  [[nodiscard]] std::string json(const Principal& who) const;
  // A team with `impact: refuse` of which a workload loses a key or fails; nothing where there is
  // none.
  [[nodiscard]] const std::optional<std::string>& refused_by() const { return refused_by_; }
  // 409 `impact`, with the impact in its body.
  [[nodiscard]] base::Error refusal() const;
  [[nodiscard]] http::Response refusal_response(const Principal& who) const;

 private:
  resolve::Impact impact_;
  std::optional<std::string> refused_by_;
};

}  // namespace sutler::admin
