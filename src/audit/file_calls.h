// The system calls whose failures the log has to survive, so that tests can make them fail.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace sutler::audit {

// Each works as the call of its name: -1 and errno when it fails. Thread-safe.
class FileCalls {
 public:
  virtual ~FileCalls() = default;
  virtual ssize_t write(int fd, const void* bytes, std::size_t count) const;
  virtual int ftruncate(int fd, off_t size) const;
  virtual int fdatasync(int fd) const;

  [[nodiscard]] static const FileCalls& system();  // the real ones
};

}  // namespace sutler::audit
