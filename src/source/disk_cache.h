// What keeps the documents over a restart: one sealed file each (docs/formats/source-cache.md).
//
// Not synced: what a power loss damages does not open, and is asked for again. Names of files are
// keyed hashes, so that no locator stands in clear. Thread-safe.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/locked_bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/hmac.h"
#include "source/driver.h"

namespace sutler::source {

class DiskCache {
 public:
  // Makes the folder, or empties it where it was written under another key. The error names it.
  [[nodiscard]] static base::Result<std::unique_ptr<DiskCache>> open(std::filesystem::path folder,
                                                                     const base::LockedBytes& key);

  // A source as it is known here: another fingerprint is another source.
  struct Owner {
    std::string name;
    std::string fingerprint;
  };
  struct Kept {
    std::string locator;
    Document document;
    base::UnixTime read_at;
  };
  // Of one source; what does not open, or was read at another time than between `oldest` and
  // `newest`, is deleted.
  [[nodiscard]] std::vector<Kept> load(const Owner& owner, base::UnixTime oldest,
                                       base::UnixTime newest);
  // Deletes what belongs to none of them.
  void retain(const std::vector<Owner>& owners);

  // `current` is asked under the lock of the disk, so that what is removed meanwhile stays away;
  // nothing: nothing is written.
  struct Entry {
    Document document;
    base::UnixTime read_at;
  };
  template <class Current>
  [[nodiscard]] base::Result<void> write(const Owner& owner, std::string_view locator,
                                         Current current) {
    const std::lock_guard lock(mutex_);
    std::optional<Entry> entry = current();
    if (!entry) return {};
    return write_locked(owner, locator, *entry);
  }
  void remove(const Owner& owner, std::string_view locator);

 private:
  DiskCache(std::filesystem::path folder, const base::LockedBytes& key);
  [[nodiscard]] base::Result<void> start();
  [[nodiscard]] std::filesystem::path folder_of(const Owner& owner) const;
  [[nodiscard]] std::filesystem::path file_of(const Owner& owner, std::string_view locator) const;
  [[nodiscard]] std::string associated(const std::filesystem::path& file) const;
  [[nodiscard]] base::Result<void> write_locked(const Owner& owner, std::string_view locator,
                                                const Entry& entry);
  void clear() const;

  std::filesystem::path folder_;
  base::LockedBytes key_;
  crypto::HmacKey names_;
  std::mutex mutex_;
};

}  // namespace sutler::source
