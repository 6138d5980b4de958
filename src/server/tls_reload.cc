#include "server/tls_reload.h"

#include "base/log.h"

namespace sutler::server {

TlsReload::TlsReload(TlsFiles files) : files_(std::move(files)) {}

std::pair<FileStamp, FileStamp> TlsReload::stamps() const {
  return {FileStamp::of(files_.certificate), FileStamp::of(files_.key)};
}

base::Result<std::shared_ptr<const crypto::TlsContext>> TlsReload::load() {
  seen_ = stamps();
  return crypto::TlsContext::load(files_.certificate, files_.key);
}

std::shared_ptr<const crypto::TlsContext> TlsReload::poll(Force force) {
  const auto now = stamps();
  if (now == seen_ && force == Force::kNo) return nullptr;
  seen_ = now;
  auto context = crypto::TlsContext::load(files_.certificate, files_.key);
  if (!context) {
    base::log::error("the new certificate cannot be used; the old one is served on",
                     {{"why", context.error().message}});
    return nullptr;
  }
  base::log::info("certificate loaded", {{"file", files_.certificate.native()}});
  return *context;
}

}  // namespace sutler::server
