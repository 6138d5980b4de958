// Backups: the whole store of one moment in one file, sealed as it is in the database.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "crypto/master_key.h"
#include "store/backup_format.h"
#include "store/store.h"

namespace sutler::store {

struct BackupRequest {
  std::filesystem::path folder;
  base::UnixTime now;
  std::string version;          // of the program
  std::uint64_t audit_seq = 0;  // how far the audit log is
  std::string audit_hash;
  std::function<bool()> stopped = {};  // asked now and then; true: give up
};
// Writes `sutler-TIME-rREVISION.backup` (0600) into the folder (made when missing, 0700), of one
// consistent state, while the store is read and written. It is written under a name of its own
// (locked, as another server may use the folder), synced and renamed: a backup that is there is
// whole, and a failure leaves nothing. A name that a backup of another store has gets `-2` and so
// on. kNoSpace and errors of the backend.
struct WrittenBackup {
  std::filesystem::path file;
  BackupInfo info;
  std::uint64_t bytes = 0;
};
[[nodiscard]] base::Result<WrittenBackup> write_backup(Store& store, const BackupRequest& request);
// Removes what writers that died left in the folder; what is being written stays.
void remove_left_parts(const std::filesystem::path& folder);

// Reads a file from front to back. Not thread-safe.
class BackupReader {
 public:
  // Reads the metadata. kNotFound, kInvalid (it is no backup), kCorrupt.
  [[nodiscard]] static base::Result<BackupReader> open(const std::filesystem::path& file);
  [[nodiscard]] const BackupInfo& info() const { return info_; }
  // Gives every row to the sink, the head first, and holds the file against its hash. kCorrupt says
  // what is wrong and where: cut off, changed, something behind its end. May be called again.
  [[nodiscard]] base::Result<FrameCounts> read(RowSink& sink);
  // After read(): of the whole file, and the HMAC that stands in it.
  [[nodiscard]] const crypto::Digest& hash() const { return hash_; }
  [[nodiscard]] const std::string& mac() const { return mac_; }

 private:
  BackupReader(std::filesystem::path file, base::FileDescriptor fd)
      : path_(std::move(file)), fd_(std::move(fd)) {}
  [[nodiscard]] base::Result<void> start();
  [[nodiscard]] base::Result<std::string> take(std::size_t bytes);
  [[nodiscard]] base::Result<void> pass_on(Frame frame, std::string_view payload, RowSink& sink,
                                           FrameCounts& counts);
  [[nodiscard]] base::Result<void> finish(std::string_view payload, const FrameCounts& counts);
  [[nodiscard]] base::Unexpected fail(std::string_view what) const;

  std::filesystem::path path_;
  base::FileDescriptor fd_;
  std::string buffer_;
  std::size_t used_ = 0;      // of the buffer
  std::uint64_t offset_ = 0;  // in the file, of what is taken next
  BackupInfo info_;
  crypto::Sha256Stream running_;
  crypto::Digest hash_{};
  std::string mac_;
};

struct BackupReport {
  BackupInfo info;
  FrameCounts counts;
  bool opened = false;  // every record was opened, and the file is as it was written
};
// Without keys only the structure and the hash are checked. With them every record is opened and
// held against the head, and the HMAC against the store's own key. kRefused names a master key that
// is missing, kCorrupt what is wrong.
[[nodiscard]] base::Result<BackupReport> verify_backup(
    const std::filesystem::path& file, std::shared_ptr<const crypto::MasterKeys> keys);

// A verified backup as a store in memory, for reading.
[[nodiscard]] base::Result<std::unique_ptr<Store>> open_backup(
    const std::filesystem::path& file, std::shared_ptr<const crypto::MasterKeys> keys);

// Puts a verified backup into an empty backend, under a new epoch: what it held is the same, and
// nobody takes it for the store that it is a copy of. Notes about the nodes, a rotation and the
// audit log of the old place stay behind.
[[nodiscard]] base::Result<BackupReport> restore_backup(
    const std::filesystem::path& file, const std::shared_ptr<const crypto::MasterKeys>& keys,
    Backend& backend, base::UnixTime now);

}  // namespace sutler::store
