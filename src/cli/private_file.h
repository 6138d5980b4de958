// A file that only this user and this moment have: for a text with secrets that an editor changes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace sutler::cli {

enum class Disk { kRefuse, kAllow };

// A file (0600, made with O_EXCL) in a new folder (0700) on a file system in memory: that of
// $XDG_RUNTIME_DIR, else /dev/shm, else with Disk::kAllow of $TMPDIR or /tmp. The folder and
// whatever an editor left in it go when this dies.
class PrivateFile {
 public:
  // `name` ends in the extension that tells an editor what it is. kRefused: nothing in memory.
  [[nodiscard]] static base::Result<PrivateFile> create(const std::string& name,
                                                        std::string_view content, Disk disk);
  PrivateFile(PrivateFile&& other) noexcept;
  PrivateFile& operator=(PrivateFile&&) = delete;
  PrivateFile(const PrivateFile&) = delete;
  ~PrivateFile();

  [[nodiscard]] std::filesystem::path path() const { return folder_ / name_; }
  // What is in it now; an editor may have put another file in its place.
  [[nodiscard]] base::Result<base::Secret> read() const;
  // It stays behind.
  void keep() { is_kept_ = true; }

 private:
  PrivateFile(std::filesystem::path folder, std::string name)
      : folder_(std::move(folder)), name_(std::move(name)) {}

  std::filesystem::path folder_;
  std::string name_;
  bool is_kept_ = false;
};

}  // namespace sutler::cli
