#include "server/proxy_listener.h"

#include <unistd.h>

#include <algorithm>

#include "base/limits.h"

namespace sutler::server {

base::Result<std::size_t> listen_to_proxy(http::Server& server, const Options& options,
                                          std::shared_ptr<admin::Service> service) {
  const auto own = static_cast<std::int64_t>(::geteuid());
  // Root may connect in any case.
  const bool others = std::ranges::any_of(options.admin_access.proxy.uids,
                                          [&](std::int64_t uid) { return uid != 0 && uid != own; });
  http::Listen listen;
  listen.address = "unix:" + options.admin_proxy_socket->string();
  listen.body_bytes_max = base::limits::kAdminBodyBytesMax;
  listen.peers = others ? http::Listen::Peers::kEverybody : http::Listen::Peers::kOwner;
  listen.make_handler = [service = std::move(service)]() -> std::shared_ptr<http::Handler> {
    return std::make_shared<admin::ProxyDoor>(service);
  };
  return server.listen(listen);
}

}  // namespace sutler::server
