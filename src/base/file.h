// Small files on the local disk: keys, configuration, tokens.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace sutler::base {

// An open file descriptor, closed when it dies.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { close(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  int release();
  void close();

 private:
  int fd_ = -1;
};

// The whole content. kNotFound, kRefused (permission), kTooLarge, kInvalid (a folder); the
// message names the path.
[[nodiscard]] Result<Secret> read_file(const std::filesystem::path& path, std::size_t bytes_max);
// The same from standard input.
[[nodiscard]] Result<Secret> read_standard_input(std::size_t bytes_max);

// As a key or a value is read from a file or a pipe: one final newline goes if it is the only one.
[[nodiscard]] Secret strip_single_newline(Secret content);

enum class Overwrite { kRefuse, kReplace };

// Writes by a temporary file beside it, synced and renamed, so that a reader sees the old or the
// new content. `mode` are the permission bits, set before the content is there.
[[nodiscard]] Result<void> write_file(const std::filesystem::path& path, std::string_view content,
                                      unsigned mode, Overwrite overwrite);

// The names in it survive a power loss from now on, as far as the system can tell.
void sync_folder(const std::filesystem::path& path);

// kRefused when somebody else than the owner may read or write the file or it belongs to neither
// us nor root: for files that hold keys.
[[nodiscard]] Result<void> require_private(const std::filesystem::path& path);

// "No such file or directory" and the like for an errno, and the Error kind that fits it.
[[nodiscard]] Unexpected fail_errno(int error, std::string what);

// write(2) until all is written; interrupted calls are taken up again.
[[nodiscard]] Result<void> write_all(int fd, std::string_view bytes);

}  // namespace sutler::base
