// What a fetch handed out, as far as the registry has to know it: names and versions, no values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/workload.h"

namespace sutler::registry {

// A list of names as one text: each is followed by a NUL, which no name can hold. File paths start
// with `/`, variables do not.
using PackedKeys = std::string;
inline void pack_key(PackedKeys& keys, std::string_view key) { keys.append(key).push_back('\0'); }

// Calls `visit(std::string_view)` for each name.
template <class Visit>
void for_each_key(std::string_view packed, Visit&& visit) {
  while (!packed.empty()) {
    const std::size_t end = packed.find('\0');
    visit(packed.substr(0, end));
    packed.remove_prefix(end + 1);
  }
}
[[nodiscard]] inline bool has_key(std::string_view packed, std::string_view wanted) {
  bool found = false;
  for_each_key(packed, [&](std::string_view key) { found = found || key == wanted; });
  return found;
}

// A group that matched, and the keys for which it won the merge: it gave the workload these, and of
// those that it lost nothing left.
struct ServedGroup {
  std::string name;
  std::uint64_t version = 0;
  PackedKeys won;
};

// One bundle of one workload. Immutable and shared: the same object stands for the same bundle, so
// that a fetch that is repeated is recognised by its address.
struct Served {
  model::Workload workload;
  std::vector<ServedGroup> groups;  // in merge order
};
using ServedPointer = std::shared_ptr<const Served>;

}  // namespace sutler::registry
