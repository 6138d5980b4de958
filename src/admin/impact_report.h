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
  // Of changes that are not made yet, as `who` may be told of them. Without a registry nobody is
  // known, which the report says, and a team with `impact: refuse` refuses every change of a group.
  [[nodiscard]] static ImpactReport assess(const Context& context, const Principal& who,
                                           const std::vector<store::Change>& changes);

  // `{"workloads_checked","affected":[…],"summary":{…},"truncated"}` (docs/impact.md). The summary
  // counts those that the list has no room for.
  [[nodiscard]] std::string json() const;
  // A team with `impact: refuse` of which a workload loses a key or fails, whoever may be told of
  // it; nothing where there is none.
  [[nodiscard]] const std::optional<std::string>& refused_by() const { return refused_by_; }
  // 409 `impact`, with the impact in its body.
  [[nodiscard]] base::Error refusal() const;
  [[nodiscard]] http::Response refusal_response() const;

 private:
  resolve::Impact impact_;  // what may be told
  bool is_blind_ = false;   // there is no registry
  bool refusal_told_ = false;
  std::optional<std::string> refused_by_;
};

}  // namespace sutler::admin
