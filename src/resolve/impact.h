// What a change would do to the workloads that sutler knows, told before it is made: who gains,
// loses or changes which keys, whose fetch would fail, who ends up with nothing.
//
// It says exactly what fetching all bundles before and after would show. Only workloads that match
// a changed group before or after are resolved, and those with the same groups share one
// resolution. Values are compared and never given out. Whoever may not see the values of all groups
// of a workload is told of it only what sight.h says.
//
// No source is asked. The value of a reference counts as changed when the reference is; which
// variables an object of `secretsFrom` gives is taken from what the sources know already, and where
// they know nothing the item stands in the list of keys itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/workload.h"
#include "registry/registry.h"
#include "resolve/catalog.h"
#include "resolve/overlay.h"
#include "resolve/sight.h"
#include "store/store.h"

namespace sutler::resolve {

enum class Fetch { kOk, kFails, kEmpty };             // kEmpty: answered with an empty bundle
[[nodiscard]] std::string_view to_word(Fetch fetch);  // "ok"

// What happens to a workload. Where one side fails no keys are compared: a failed fetch is neither
// a bundle nor an empty one.
struct Effect {
  std::vector<std::string> gained;  // variables by name, then files by path
  std::vector<std::string> lost;
  std::vector<std::string> changed;  // another value, or another describing member of a file
  Fetch before = Fetch::kOk;
  Fetch after = Fetch::kOk;
  std::string before_reason;  // of a fetch that fails: `code: sentence`; no value is in it
  std::string after_reason;

  bool operator==(const Effect&) const = default;
  [[nodiscard]] bool nothing() const {
    return gained.empty() && lost.empty() && changed.empty() && before == after &&
           before_reason == after_reason;
  }
  // Somebody loses a key, or a fetch that was answered fails: what a team can refuse.
  [[nodiscard]] bool harms() const {
    return !lost.empty() || (after == Fetch::kFails && before != Fetch::kFails);
  }
};

struct Affected {
  model::Workload workload;
  std::shared_ptr<const Effect> effect;
};

struct Impact {
  std::size_t workloads_checked = 0;  // all that are known were held against the change
  std::vector<Affected> affected;     // in order of team, project, object, type
  bool limited = false;               // some of it is a limited_effect() (sight.h)
};

// The registry's notes should be settled.
[[nodiscard]] Impact impact_of(const std::shared_ptr<const View>& view,
                               const std::vector<store::Change>& changes,
                               const registry::Registry& known, const Sight& sight = {},
                               source::Sources* sources = nullptr);

// The same for one workload: used by impact_of and its tests.
[[nodiscard]] Effect effect_on(Overlay& overlay, const model::Workload& workload);

}  // namespace sutler::resolve
