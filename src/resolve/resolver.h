// From a workload to its bundle: match, open, merge, resolve, render. Pure in its arguments but for
// the cache that the caller may put before it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "model/bundle.h"
#include "model/workload.h"
#include "registry/served.h"
#include "resolve/answers.h"
#include "resolve/catalog.h"

namespace sutler::resolve {

// A resolved bundle with what the audit says about it.
struct Resolved {
  model::Bundle bundle;
  std::string groups_json;  // `[{"name":"g","version":3},…]` in merge order
  std::string keys_json;    // `["A","/f"]`
  std::vector<std::shared_ptr<const store::GroupRecord>> groups;
  std::vector<registry::PackedKeys> won;  // of each of the groups, the keys of the bundle
};

// Errors carry the machine name in Error::name: store_empty, no_match (only where the team requires
// a match), template_cycle, unknown_name, missing_required, bundle_too_large, corrupt, and those of
// references (reference_value.h, expansion.h). At `source_pending` the Asking has all that has to
// be read before it is tried again. `sourcing` null: no sources are configured.
[[nodiscard]] base::Result<Resolved> resolve(const View& view, const model::Workload& workload,
                                             Sourcing* sourcing = nullptr);

// The same, written as the answer's body at once, without a copy of each value on the way.
struct Rendered {
  base::Secret body;
  std::string groups_json;
  std::string keys_json;
  std::vector<std::shared_ptr<const store::GroupRecord>> groups;
  std::vector<registry::PackedKeys> won;  // of each of the groups, the keys of the bundle
};
[[nodiscard]] base::Result<Rendered> render(const View& view, const model::Workload& workload,
                                            Sourcing* sourcing = nullptr);

enum class Reveal { kNo, kYes };
// The whole story as JSON (docs/explain.md). Never fails for a problem of the bundle: it is part of
// the story.
[[nodiscard]] base::Secret explain_json(const View& view, const model::Workload& workload,
                                        Reveal reveal, const Sourcing& sourcing = {});

// What can be seen to be wrong or doubtful of these groups before they are saved: the same key at
// equal priority and specificity in groups that can match the same workload, NF_ keys. One sentence
// each. Stored groups that are not `visible` (a test; none: all are) are not spoken of.
using Visible = std::function<bool(const model::GroupHeader&)>;
[[nodiscard]] std::vector<std::string> save_warnings(const View& view,
                                                     const std::vector<model::Group>& groups,
                                                     const Visible& visible = {});
// kInvalid: more than kFreeGlobsPerTeamMax free globs in a team after the save.
[[nodiscard]] base::Result<void> check_free_globs(const View& view,
                                                  const std::vector<model::Group>& groups);

}  // namespace sutler::resolve
