// The table that all nodes of a store share, as far as the audit needs it. Nothing that it gives
// back is trusted (chunk.h).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace sutler::audit {

struct SharedRow {
  std::string key;
  std::string value;
};

enum class RowOrder { kAscending, kDescending };

// Thread-safe. Errors: kUnavailable and the like while the database cannot be asked.
class SharedRows {
 public:
  virtual ~SharedRows() = default;

  // All of them or none, durable when it returns. Written with an empty value, a key goes.
  [[nodiscard]] virtual base::Result<void> put(const std::vector<SharedRow>& rows) = 0;
  // Up to `limit` rows whose key is at or after `first` and before `last`, byte by byte, from the
  // end of the range that the order starts with.
  [[nodiscard]] virtual base::Result<std::vector<SharedRow>> between(const std::string& first,
                                                                     const std::string& last,
                                                                     std::size_t limit,
                                                                     RowOrder order) = 0;
};

}  // namespace sutler::audit
