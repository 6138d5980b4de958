// Exposure: which workloads received the value of a key, in which versions, when, and whether it is
// still the value.
//
// A workload received a key of a group's version when that group won the key in a bundle that was
// handed out; what lost the merge was never sent. So says the registry; the audit log has the
// grants that it follows from.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "registry/registry.h"
#include "resolve/versions.h"
#include "source/sources.h"

namespace sutler::resolve {

struct KeyName {
  std::string team;
  std::string group;
  std::string key;
  auto operator<=>(const KeyName&) const = default;
};

// Keys, each with the versions that are asked about; an empty set asks about all.
using Targets = std::map<KeyName, std::set<std::uint64_t>>;

struct ExposedVersion {
  std::uint64_t version = 0;
  std::uint64_t version_last = 0;  // above `version`: one of these (old versions drawn together)
  base::UnixTime first;
  base::UnixTime last;
  std::optional<bool> current;  // it is the value now; nothing: not kept, cannot be compared
};

struct Exposed {
  model::Workload workload;
  KeyName key;
  std::vector<ExposedVersion> versions;  // in order
  bool in_last_bundle = false;           // what it last fetched held one of them

  // Any of the values that it received is the value now.
  [[nodiscard]] bool current() const;
};

// In order of the workloads, then of the keys. Versions of which `told` says no are left out, and
// drawn-together ones with one such among them; empty: all may be told.
using Told = std::function<bool(const GroupVersion&)>;
[[nodiscard]] std::vector<Exposed> exposure_of(const Targets& targets,
                                               const registry::Registry& known, Versions& versions,
                                               const Told& told = {});

// Where a value is: literals, file contents (also what base64 decodes to) and generated secrets of
// all current versions and of those old ones that are kept, groups that are gone included as far as
// the registry names them. Takes the same time whether it finds anything or not.
struct ValueSearch {
  Targets found;
  std::size_t versions_searched = 0;
  bool truncated = false;  // there were more than kSearchedMax
};
inline constexpr std::size_t kSearchedMax = 200'000;
[[nodiscard]] ValueSearch find_value(std::string_view value, const registry::Registry& known,
                                     Versions& versions);

// Templates and references of which the current bundle of a known workload holds the value, and
// variables of secretsFrom. Sources are not asked: what they do not know is not found.
[[nodiscard]] Targets find_rendered(std::string_view value, const registry::Registry& known,
                                    const View& view, source::Sources* sources = nullptr);

}  // namespace sutler::resolve
