// What is known of one workload, and the lists of keys that many of them share.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "crypto/hmac.h"
#include "model/workload.h"
#include "registry/recorder.h"
#include "registry/served.h"

namespace sutler::registry {

// A group and the keys for which it won. Shared by all workloads and versions that have the same.
struct GroupKeys {
  std::string group;
  PackedKeys keys;
  std::array<char, 16> digest{};  // names it in the rows
  mutable bool kept = false;      // it has a row of this node
};
using GroupKeysPointer = std::shared_ptr<const GroupKeys>;

// Finds the one GroupKeys of a content. Lists that nobody uses any more go.
class KeyLists {
 public:
  explicit KeyLists(std::string_view key);
  [[nodiscard]] GroupKeysPointer get(std::string_view group, std::string_view keys);
  [[nodiscard]] GroupKeysPointer find(std::string_view digest) const;
  void forget_rows();  // none has a row any more

 private:
  void sweep();
  crypto::HmacKey hmac_;
  std::unordered_map<std::string, std::weak_ptr<const GroupKeys>> lists_;  // by digest
  std::size_t sweep_at_ = 1024;
};

// A version of a group that a workload received, and when.
struct Received {
  GroupKeysPointer what;
  std::uint64_t version = 0;
  // Above `version` in a row that stands for all versions from one to the other: of a workload with
  // more than Options::versions_max rows the oldest are drawn together.
  std::uint64_t version_last = 0;
  base::UnixTime first;
  base::UnixTime last;
  bool in_last_bundle = false;
};

// Workloads that had to make room, of all time: what the registry cannot answer for.
struct Forgotten {
  std::uint64_t count = 0;
  base::UnixTime last;  // when the latest of them last asked
};

struct Record {
  model::Workload workload;
  base::UnixTime first_seen;
  base::UnixTime last_seen;  // the last fetch that was answered; zero: there was none
  // Orders the last fetches of several nodes: as a rule last_seen. Where a clock was ahead once it
  // is later, so that a fetch that came after is not taken for an older one.
  base::UnixTime order;
  Arrival arrived;          // of the last fetch that was answered; not kept
  std::uint64_t count = 0;  // of answered fetches
  std::uint64_t failures = 0;
  base::UnixTime last_failed;  // zero: never
  std::string last_failure;    // its reason
  LastAsked last;              // of the last request, answered or not
  std::vector<Received> received;

  // When it last asked for anything.
  [[nodiscard]] base::UnixTime asked() const {
    return last_seen < last_failed ? last_failed : last_seen;
  }
  // The same for the order among several nodes.
  [[nodiscard]] base::UnixTime asked_order() const {
    return order < last_failed ? last_failed : order;
  }
};

}  // namespace sutler::registry
