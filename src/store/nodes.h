// Which servers work on this store, which master keys they have, and how many data keys each has
// wrapped: every node says so in a note of its own, again and again.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/notes.h"
#include "store/store.h"

namespace sutler::store {

// A node not seen for that long is not live.
inline constexpr std::chrono::seconds kNodeLiveFor{60};
inline constexpr std::chrono::seconds kNodeAnnounceEvery{20};

struct Node {
  std::string id;    // opaque, stays the same over restarts of the same node
  std::string name;  // host name
  base::UnixTime seen;
  std::vector<std::string> keys;               // ids of its master keys; the first wraps
  std::map<std::string, std::uint64_t> wraps;  // by master key
  bool stopped = false;                        // it said so when it ended
  [[nodiscard]] bool is_live(base::UnixTime now) const {
    return !stopped &&
           seen.microseconds + std::chrono::microseconds(kNodeLiveFor).count() > now.microseconds;
  }
};

// Thread-safe. The store and the notes must outlive it.
class Nodes {
 public:
  [[nodiscard]] static std::string id_of(const Notes& notes, std::string_view name,
                                         std::string_view place);
  // `name` and `place` (a data directory) tell this node from others.
  Nodes(Store& store, const Notes& notes, std::string name, std::string_view place);

  // Adds what was wrapped before to the counts of the store's master keys. Once, at the start.
  void load();
  // Writes this node's note if it is due, or at once.
  enum class When { kIfDue, kNow, kStopping };
  [[nodiscard]] base::Result<void> announce(base::UnixTime now, When when);
  // The store's master keys were changed: their counts go on.
  void carry_counts(const crypto::MasterKeys& from, const crypto::MasterKeys& to) const;

  // All that ever said something and were not forgotten since, by name.
  [[nodiscard]] base::Result<std::vector<Node>> all() const;
  // The ids of those that may come back: of this one, and of those seen within a day.
  [[nodiscard]] base::Result<std::set<std::string>> may_return(base::UnixTime now) const;
  [[nodiscard]] const std::string& own_id() const { return id_; }

 private:
  [[nodiscard]] std::string row(const std::string& id) const;
  [[nodiscard]] Node describe(base::UnixTime now) const;
  void forget_dead(base::UnixTime now, std::vector<Note>& notes);

  Store& store_;
  const Notes& notes_;
  const std::string name_;
  const std::string id_;
  mutable std::mutex mutex_;  // over what follows
  base::UnixTime announced_{};
  std::map<std::string, std::uint64_t> own_;     // wraps, as this node's note had them at the start
  std::map<std::string, std::uint64_t> others_;  // of all other notes at that time
};

}  // namespace sutler::store
