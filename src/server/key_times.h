// When each signing key last verified a token, over restarts: what the data plane notes is written
// into the store once in a while.
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

  void load();
  // Takes what is new, and writes it when the last writing is some seconds old. What cannot be
  // written is tried again.
  enum class When { kIfDue, kNow };
  void flush(provider::KeyUse& use, base::UnixTime now, When when);
  [[nodiscard]] std::optional<base::UnixTime> last(const std::string& team,
                                                   const std::string& key_id) const;

 private:
  using Key = std::pair<std::string, std::string>;  // team, id
  const store::Notes& notes_;
  mutable std::mutex mutex_;
  std::map<Key, base::UnixTime> last_;
  std::map<Key, base::UnixTime> unwritten_;
  base::UnixTime written_{};
};

}  // namespace sutler::server
