// When each signing key last verified a token, over restarts: what the data plane notes is written
// into the store once in a while.
//
// All nodes write the same notes, and each reads all of them once a minute, which is one query. The
// latest time counts: who finds an older one than it knows of writes its own again.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "provider/key_use.h"
#include "store/notes.h"

namespace sutler::server {

// Thread-safe.
class KeyTimes {
 public:
  explicit KeyTimes(const store::Notes& notes) : notes_(notes) {}

  void load() { read(); }
  // Takes what is new, and writes it when the last writing is some seconds old. What cannot be
  // written is tried again. Reads what others wrote when it is due.
  enum class When { kIfDue, kNow };
  void flush(provider::KeyUse& use, base::UnixTime now, When when);
  [[nodiscard]] std::optional<base::UnixTime> last(const std::string& team,
                                                   const std::string& key_id) const;

 private:
  using Key = std::pair<std::string, std::string>;  // team, id
  void read();
  const store::Notes& notes_;
  mutable std::mutex mutex_;
  std::map<Key, base::UnixTime> last_;
  std::map<Key, base::UnixTime> unwritten_;
  base::UnixTime written_{};
  base::UnixTime read_{};
};

}  // namespace sutler::server
