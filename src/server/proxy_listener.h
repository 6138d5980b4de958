// The socket on which an authenticating proxy (oauth2-proxy and the like) says who is asking.
#pragma once

#include <memory>

#include "admin/service.h"
#include "base/result.h"
#include "http/server.h"
#include "server/options.h"

namespace sutler::server {

// Listens on `admin_proxy_socket`. Everybody may connect where other users than the server's own
// are the proxy's: the service judges the uid of each peer.
[[nodiscard]] base::Result<std::size_t> listen_to_proxy(http::Server& server,
                                                        const Options& options,
                                                        std::shared_ptr<admin::Service> service);

}  // namespace sutler::server
