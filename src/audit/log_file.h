// One file of the log, open for appending. It holds exactly the lines that were acknowledged:
// what a failed write left behind is cut off again, and what others did to the file is noticed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "audit/file_calls.h"
#include "audit/line.h"
#include "base/file.h"
#include "base/result.h"

namespace sutler::audit {

// Not thread-safe, but sync() may run beside append() in another thread.
class LogFile {
 public:
  // A new, empty file, mode 0600. kConflict when the name is taken.
  [[nodiscard]] static base::Result<std::shared_ptr<LogFile>> create(
      const std::filesystem::path& path, const FileCalls& calls);
  // A file that is there. kNotFound.
  [[nodiscard]] static base::Result<std::shared_ptr<LogFile>> open(
      const std::filesystem::path& path, const FileCalls& calls);

  // Adds whole lines, which lead the chain from `before` to `last`, with one write(2). When it
  // fails (kNoSpace, else kInternal) the file is as it was before, or is_broken().
  [[nodiscard]] base::Result<void> append(std::string_view lines, const Chain& before,
                                          const Chain& last);
  // Makes the file that long (shorter than it is). kInternal, and then it is_broken().
  [[nodiscard]] base::Result<void> cut_to(std::uint64_t size);
  // fdatasync(2).
  [[nodiscard]] base::Result<void> sync() const;

  // kInternal, and is_broken(), when the file under the path is another one, or this one has not
  // the size it should have: somebody removed, replaced, cut or wrote it.
  [[nodiscard]] base::Result<void> check_path();
  // The path names this very file.
  [[nodiscard]] bool is_in_place() const;
  // Nothing may be appended any more, only a newly opened LogFile can tell what is there.
  [[nodiscard]] bool is_broken() const { return broken_; }

  enum class Verdict { kIntact, kLost };
  // What came of this file, seen through a new descriptor and, as far as the kernel lets us, read
  // from the disk and not from its cache: kIntact with `fresh` to go on with, cut to the size it
  // should have and synced; kLost when it is gone or its unsynced lines are not all there.
  // An error (kInternal, kNoSpace): cannot be told, or cannot be synced now.
  [[nodiscard]] base::Result<Verdict> reopen(std::shared_ptr<LogFile>& fresh) const;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // The file was renamed.
  void set_path(std::filesystem::path path) { path_ = std::move(path); }
  [[nodiscard]] int fd() const { return file_.get(); }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t first_seq() const { return first_seq_; }  // 0: no line yet
  [[nodiscard]] const Chain& last() const { return last_; }

  // What a reader of the file found in it.
  void set_content(std::uint64_t first_seq, const Chain& last);
  // All before that byte is known to be on the disk.
  void set_synced(std::uint64_t size) { synced_size_ = size; }

 private:
  LogFile(std::filesystem::path path, base::FileDescriptor file, const FileCalls& calls);
  base::Result<void> check_descriptor();
  base::Result<Verdict> check_content(int fd) const;
  base::Result<void> broken(std::string what);

  std::filesystem::path path_;
  base::FileDescriptor file_;
  const FileCalls* calls_;
  std::uint64_t device_ = 0, inode_ = 0;
  std::uint64_t size_ = 0;  // of the acknowledged lines
  std::uint64_t synced_size_ = 0;
  std::uint64_t first_seq_ = 0;
  Chain last_;
  bool broken_ = false;
};

}  // namespace sutler::audit
