// Notices that certificate files changed and loads them again.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <utility>

#include "crypto/tls.h"
#include "server/options.h"

namespace sutler::server {

class TlsReload {
 public:
  explicit TlsReload(TlsFiles files);

  // At the start: an error stops the server.
  [[nodiscard]] base::Result<std::shared_ptr<const crypto::TlsContext>> load();
  // Later: a new context when a file changed (or `force` says so) and both fit; else null. A bad
  // pair is logged once, and what is in use stays.
  enum class Force { kNo, kYes };
  [[nodiscard]] std::shared_ptr<const crypto::TlsContext> poll(Force force);

 private:
  struct Stamp {
    ino_t inode;
    off_t bytes;
    timespec changed;
    bool operator==(const Stamp& other) const {
      return inode == other.inode && bytes == other.bytes &&
             changed.tv_sec == other.changed.tv_sec && changed.tv_nsec == other.changed.tv_nsec;
    }
  };
  [[nodiscard]] std::pair<Stamp, Stamp> stamps() const;

  const TlsFiles files_;
  std::pair<Stamp, Stamp> seen_{};
};

}  // namespace sutler::server
