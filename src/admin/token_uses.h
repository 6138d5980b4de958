// When each token was last used. Telemetry: kept in memory, written to the store in batches, and of
// no consequence when some of it is lost. All nodes write the same rows, and each reads all of them
// once a minute; the latest time counts.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "store/backend/backend.h"

namespace sutler::admin {

// Thread-safe. Bounded by the tokens that there are: only ids of valid tokens are noted.
class TokenUses {
 public:
  // Reads what is known; an error is logged and means that nothing is known yet.
  explicit TokenUses(store::Backend& backend);
  TokenUses(const TokenUses&) = delete;
  TokenUses& operator=(const TokenUses&) = delete;

  void note(std::string_view token_id, base::UnixTime now);
  [[nodiscard]] std::optional<base::UnixTime> last(std::string_view token_id) const;
  // Writes what was noted, at most once in half a minute unless kNow, and reads what others wrote.
  // Call it about once a second.
  enum class When { kDue, kNow };
  void flush(base::UnixTime now, When when);

 private:
  [[nodiscard]] base::Result<void> read();
  store::Backend& backend_;
  mutable std::mutex mutex_;
  std::map<std::string, base::UnixTime, std::less<>> last_;
  std::set<std::string, std::less<>> unsaved_;
  base::UnixTime saved_;
  base::UnixTime read_;
};

}  // namespace sutler::admin
