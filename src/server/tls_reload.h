// Notices that certificate files changed and loads them again.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "crypto/tls.h"
#include "server/file_stamp.h"
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
  [[nodiscard]] std::pair<FileStamp, FileStamp> stamps() const;

  const TlsFiles files_;
  std::pair<FileStamp, FileStamp> seen_{};
};

}  // namespace sutler::server
