// What a Vault answers, read without I/O: status and body in, meaning out. Follows the HTTP API of
// Vault and OpenBao (`/v1/…`): `{"data": …, "auth": …, "errors": […]}`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "source/driver.h"

namespace sutler::source {

struct VaultReply {
  int status = 0;
  std::string_view body;
  std::chrono::seconds retry_after{0};
};

// A token and how long it is good.
struct VaultToken {
  base::Secret token;
  std::optional<std::chrono::seconds> good_for;  // none: it never ends
  bool renewable = false;
};
// Of a login: kLogin when it was refused, kOutage when it makes no sense. `who` begins messages.
[[nodiscard]] Answer<VaultToken> read_login(const VaultReply& reply, const std::string& who);
// Of auth/token/renew-self: the token stays; kLogin when it cannot be renewed. Its `token` is
// empty when the reply does not repeat it.
[[nodiscard]] Answer<VaultToken> read_renewal(const VaultReply& reply, const std::string& who);
// Of auth/token/lookup-self; kLogin when the token is not known (any more). `token` stays empty.
[[nodiscard]] Answer<VaultToken> read_lookup(const VaultReply& reply, const std::string& who);

struct VaultMountFound {
  std::string path;  // without the slash at its end
  int kv_version = 0;
};
// Of sys/internal/ui/mounts/PATH; kBadReference for a mount that is no KV.
[[nodiscard]] Answer<VaultMountFound> read_mount(const VaultReply& reply, const std::string& who);

// Of a KV read. kMissing only where a Vault says so (a JSON body with `errors: []`, or with the
// metadata of a deleted version); a 404 of somebody else in between is an outage.
[[nodiscard]] Answer<Document> read_kv(const VaultReply& reply, int kv_version,
                                       const std::string& who);

}  // namespace sutler::source
