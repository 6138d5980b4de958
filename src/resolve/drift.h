// Drift: who last fetched something else than what he would get now, per key.
//
// A token names no instance, so this is about what a workload last fetched, not about what runs:
// an old instance that did not restart and a new one that did are one workload.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "registry/registry.h"
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

// Remembers what workloads with the same groups have in common. Not thread-safe; of one view.
class DriftJudge {
 public:
  explicit DriftJudge(Versions& versions) : versions_(versions) {}

  // In order of the keys; null when the last fetch is what it would be now, or there was none.
  // Templates that name a key which drifts, drift with it.
  [[nodiscard]] std::shared_ptr<const KeyDrifts> judge(const registry::Record& record);

 private:
  struct Source {
    std::string_view group;
    std::uint64_t version = 0;
  };
  using Sources = std::map<std::string_view, Source>;
  [[nodiscard]] KeyDrifts compare(const std::string& team, const Sources& then, const Sources& now);
  // Variables that came out of a group's secretsFrom and still would: no header names them.
  void add_expanded(const std::string& team, const std::vector<MatchIndex::Pointer>& found,
                    const Sources& then, Sources& now);
  void follow_templates(const std::string& team, const Sources& then, const Sources& now,
                        KeyDrifts& drifts);

  Versions& versions_;
  std::map<std::vector<std::uint64_t>, std::shared_ptr<const KeyDrifts>> known_;
};

}  // namespace sutler::resolve
