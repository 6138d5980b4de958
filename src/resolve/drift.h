// Drift: who last fetched something else than what he would get now, per key.
//
// A token names no instance, so this is about what a workload last fetched, not about what runs:
// an old instance that did not restart and a new one that did are one workload.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "registry/registry.h"
#include "resolve/resolver.h"
#include "resolve/versions.h"

namespace sutler::resolve {

struct KeyDrift {
  enum class State {
    kChanged,  // another value than now
    kAdded,    // it came after the last fetch
    kRemoved,  // it went after the last fetch
    kUnknown,  // the version that was fetched is not kept any more: it cannot be compared
  };
  std::string key;
  State state = State::kChanged;
  std::string group;  // that gave the key at the last fetch; empty: none did
  std::uint64_t version = 0;
  std::string current_group;  // that would give it now; empty: none would
  std::uint64_t current_version = 0;
};
[[nodiscard]] std::string_view to_word(KeyDrift::State state);  // "changed"

using KeyDrifts = std::vector<KeyDrift>;

// Remembers of each group and version what it has seen of it, and of each set of them what came
// out, so that 100,000 workloads cost little more than finding their groups. Not thread-safe; of
// one view.
class DriftJudge {
 public:
  // `reveals`: whose values may be told; empty: everybody's. Where a key comes from another group
  // than it came from, and the values of both may not be told, they are not compared: it counts as
  // changed. Else somebody could guess a value with a group of his own.
  explicit DriftJudge(Versions& versions, Visible reveals = {});
  ~DriftJudge();

  // In order of the keys; null when the last fetch is what it would be now, or there was none.
  // Templates that name a key which drifts, drift with it. Shared by all of a team that
  // drift alike.
  [[nodiscard]] std::shared_ptr<const KeyDrifts> judge(const registry::Record& record);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sutler::resolve
