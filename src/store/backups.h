// Makes backups when they are due or asked for, keeps the newest, and knows the last good one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "store/backup.h"
#include "store/leases.h"
#include "store/notes.h"

namespace sutler::store {

class Backups {
 public:
  struct Options {
    std::filesystem::path folder;
    std::chrono::milliseconds every{0};  // 0: only when asked
    std::size_t keep = 7;  // older ones go when a new one is there, unless stamped in the future
    std::string version;   // of the program
    // Where the audit log is: the sequence number and the hash of its last line.
    std::function<std::pair<std::uint64_t, std::string>()> audit_position;
    std::chrono::milliseconds retry_after{60'000};  // a scheduled one that failed
    // Where several nodes have the store, one of them makes a scheduled backup. It holds a lease,
    // and leaves a note that the others read when they think that one is due. Null: a single node.
    Leases* leases = nullptr;
    const Notes* notes = nullptr;
  };
  enum class Why { kAsked, kDue };
  // Called from the thread that makes them.
  using Done = std::function<void(Why, const base::Result<WrittenBackup>&)>;

  // Starts its thread. Store and clock must outlive it.
  Backups(Store& store, const base::Clock& clock, Options options, Done done);
  ~Backups();  // gives up the one that is being written
  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;

  // Waits for a backup that begins after this call, at most that long. Nothing: it goes on, and
  // list() will have it.
  [[nodiscard]] std::optional<base::Result<WrittenBackup>> make(std::chrono::milliseconds limit);

  struct Listed {
    std::filesystem::path file;
    std::uint64_t bytes = 0;
    BackupInfo info;
    std::string error;  // what is wrong with its metadata; then `info` is empty
  };
  // Newest first. Reads the start of each file in the folder.
  [[nodiscard]] std::vector<Listed> list() const;
  // When the newest good one was made, here or by schedule on another node, as far as is known.
  // Never waits for the disk.
  [[nodiscard]] std::optional<base::UnixTime> last_good() const;
  [[nodiscard]] std::string last_error() const;  // empty when the last one succeeded
  [[nodiscard]] bool running() const;
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  void run();
  void make_one(Why why);
  void make_due();
  [[nodiscard]] std::optional<base::UnixTime> noted() const;
  void remove_old(const WrittenBackup& written) const;
  [[nodiscard]] bool is_ours(const Listed& one) const;
  [[nodiscard]] bool due(base::UnixTime now) const;

  Store& store_;
  const base::Clock& clock_;
  const Options options_;
  const Done done_;
  mutable std::mutex mutex_;  // over what follows
  std::condition_variable moved_;
  bool stop_ = false;
  bool running_ = false;
  std::uint64_t asked_ = 0;     // tickets given out
  std::uint64_t answered_ = 0;  // tickets whose backup is done
  std::optional<base::Result<WrittenBackup>> last_;
  std::optional<base::UnixTime> last_good_;
  base::UnixTime not_before_{};  // a scheduled one, after a failure
  std::thread thread_;
};

}  // namespace sutler::store
