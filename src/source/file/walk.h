// Finding a file below a folder and nowhere else, whatever links and renames there are. Internal
// to file.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/secret.h"

namespace sutler::source {

// By which a changed file is known: it is another one, or was written or changed since.
struct Fingerprint {
  dev_t device = 0;
  ino_t inode = 0;
  off_t bytes = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;
  bool operator==(const Fingerprint&) const = default;
};
[[nodiscard]] Fingerprint fingerprint_of(const struct stat& status);

struct WalkFault {
  enum class Kind {
    kMissing,    // there is no such file
    kOutside,    // a link leads out of the root, or is absolute
    kDenied,     // we may not read it
    kNoFile,     // a folder, a pipe, a device, a socket
    kTooLarge,   // over bytes_max
    kUnreadable  // `error` says why
  };
  Kind kind = Kind::kUnreadable;
  int error = 0;
};

// Where a file is: `name` in `folder` is no link.
struct FilePlace {
  base::FileDescriptor folder;
  std::string name;
  Fingerprint fingerprint;
};

// Follows `path` word by word from `root`, holding each folder, so that no rename meanwhile leads
// astray. Links are followed as long as they stay below the root: a relative link may go up as far
// as the root, no further. `visit` is shown each folder on the way, the root first.
[[nodiscard]] std::expected<FilePlace, WalkFault> walk(int root, std::string_view path,
                                                       const std::function<void(int)>& visit);

struct FileContent {
  base::Secret bytes;
  Fingerprint fingerprint;  // of exactly these bytes
};

// Walks and reads. A file that is written meanwhile is read again; one that is written all the
// time is unreadable (EBUSY). Never waits for the other end of a pipe.
[[nodiscard]] std::expected<FileContent, WalkFault> read_below(
    int root, std::string_view path, std::size_t bytes_max, const std::function<void(int)>& visit);

}  // namespace sutler::source
