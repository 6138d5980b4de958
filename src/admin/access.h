// Who is let in: the uid of the peer on the unix socket, the owner token on TCP.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "admin/rights.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "http/message.h"

namespace sutler::admin {

struct AccessOptions {
  // The owner token; only its SHA-256 is kept. Empty: nobody gets in by TCP.
  base::Secret owner_token;
  // Names and addresses, without port, that Host may have on TCP (against DNS rebinding).
  std::vector<std::string> allowed_hosts = {"localhost", "127.0.0.1", "::1"};
  // Whose connections to the unix socket are owners: root and the server's own user.
  std::vector<std::int64_t> trusted_uids = {0};
};

// Why somebody was not let in, for the audit, and what he is told.
struct Denied {
  int status = 401;
  std::string_view reason;  // no_token, bad_token, uid_not_trusted
  std::string who;          // "uid:1000", or empty
};

// Immutable, thread-safe.
class Access {
 public:
  explicit Access(const AccessOptions& options);

  // Who it is: "uid:0" or "owner-token", both owners.
  [[nodiscard]] std::expected<Principal, Denied> judge(const http::Request& request) const;
  // False: the request came by TCP and its Host is none of ours.
  [[nodiscard]] bool host_is_allowed(const http::Request& request) const;

 private:
  bool has_token_ = false;
  crypto::Digest token_digest_{};
  std::vector<std::string> allowed_hosts_;
  std::vector<std::int64_t> trusted_uids_;
};

// 401 with WWW-Authenticate, or 403.
[[nodiscard]] http::Response denied_response(const Denied& denied);

}  // namespace sutler::admin
