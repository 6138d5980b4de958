#include "admin/access.h"

#include <algorithm>

namespace sutler::admin {
namespace {

constexpr std::string_view kScheme = "bearer ";

std::string_view as_text(const crypto::Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// "[::1]:8081" -> "::1", "localhost:8081" -> "localhost".
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  // Two colons without brackets: an IPv6 address as it stands in the configuration.
  if (std::count(host.begin(), host.end(), ':') > 1) return host;
  return host.substr(0, host.find(':'));
}

// RFC 6750: the scheme in any case, one or more spaces, the token.
std::string_view bearer_token(std::string_view authorization) {
  const std::string_view scheme = authorization.substr(0, kScheme.size());
  if (!http::equal_fold(scheme, kScheme)) return {};
  authorization.remove_prefix(kScheme.size());
  const std::size_t start = authorization.find_first_not_of(' ');
  return start == std::string_view::npos ? std::string_view() : authorization.substr(start);
}

}  // namespace

Access::Access(const AccessOptions& options)
    : has_token_(!options.owner_token.empty()),
      token_digest_(crypto::sha256(options.owner_token.expose())),
      trusted_uids_(options.trusted_uids) {
  for (const std::string& host : options.allowed_hosts) {
    allowed_hosts_.emplace_back(without_port(host));
  }
}

std::expected<Principal, Denied> Access::judge(const http::Request& request) const {
  if (request.peer_uid >= 0) {
    std::string who = "uid:" + std::to_string(request.peer_uid);
    if (std::find(trusted_uids_.begin(), trusted_uids_.end(), request.peer_uid) !=
        trusted_uids_.end()) {
      return owner_principal(std::move(who), Principal::By::kSocket);
    }
    return std::unexpected(Denied{403, "uid_not_trusted", std::move(who)});
  }
  const std::string_view token = bearer_token(request.authorization);
  if (token.empty()) return std::unexpected(Denied{401, "no_token", {}});
  // Digests are compared, so that the time says nothing about the token, not even its length.
  const crypto::Digest digest = crypto::sha256(token);
  const bool same = crypto::equal_in_constant_time(as_text(digest), as_text(token_digest_));
  if (has_token_ && same) return owner_principal("owner-token", Principal::By::kOwnerToken);
  return std::unexpected(Denied{401, "bad_token", {}});
}

bool Access::host_is_allowed(const http::Request& request) const {
  if (request.peer_uid >= 0) return true;
  const std::string_view host = without_port(request.field("host"));
  return std::any_of(allowed_hosts_.begin(), allowed_hosts_.end(),
                     [&](const std::string& allowed) { return http::equal_fold(host, allowed); });
}

http::Response denied_response(const Denied& denied) {
  if (denied.status == 403) {
    return http::problem(403, "refused", "this user is not an owner here",
                         "root and the user that runs the server are owners on this socket");
  }
  http::Response response =
      http::problem(401, "unauthorized", "this needs the owner token as a Bearer token");
  response.extra_fields += "WWW-Authenticate: Bearer\r\n";
  return response;
}

}  // namespace sutler::admin
