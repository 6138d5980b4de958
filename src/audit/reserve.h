// Disk space kept aside in a file, to be given up when the disk is full, so that grants can still
// be recorded while somebody makes room.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>

#include "base/result.h"

namespace sutler::audit {

// Thread-safe.
class Reserve {
 public:
  // `wanted_bytes` 0: there is none, and it is always intact.
  Reserve(std::filesystem::path file, std::uint64_t wanted_bytes);

  // Allocates what is missing of the file: what was wanted, or an eighth of the volume where that
  // is less. kNoSpace when the file system would be full, or nearly,
  // after it; kInternal.
  [[nodiscard]] base::Result<void> restore();

  // Notices that somebody took it away, all of it or a part: it is not intact then.
  void look();

  // Frees at least that many bytes, or all that is left. False when there was nothing to free.
  [[nodiscard]] bool give_up(std::uint64_t bytes);

  [[nodiscard]] bool is_wanted() const { return wanted_ > 0; }
  [[nodiscard]] bool is_intact() const;
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  const std::filesystem::path file_;
  const std::uint64_t wanted_;
  mutable std::mutex mutex_;
  std::uint64_t bytes_ = 0;  // of the file as it is
  bool intact_ = false;
};

}  // namespace sutler::audit
