#include "admin/access.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/utf8.h"
#include "crypto/random.h"

namespace sutler::admin {
namespace {

constexpr std::string_view kScheme = "bearer ";
constexpr std::string_view kTokenStart = "sut_";
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kUserBytesMax = 256;
constexpr std::int64_t kNoLoginUid = 4294967295;  // of who never logged in: a service

template <class Bytes>
std::string_view as_text(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// RFC 6750: the scheme in any case, one or more spaces, the token.
std::string_view bearer_token(std::string_view authorization) {
  const std::string_view scheme = authorization.substr(0, kScheme.size());
  if (!http::equal_fold(scheme, kScheme)) return {};
  authorization.remove_prefix(kScheme.size());
  const std::size_t start = authorization.find_first_not_of(' ');
  return start == std::string_view::npos ? std::string_view() : authorization.substr(start);
}

// Two fields of one name: one of them may have slipped past the proxy.
bool is_there_once(const http::Request& request, std::string_view name) {
  return std::ranges::count_if(request.fields, [&](const http::Field& field) {
           return http::equal_fold(field.name, name);
         }) == 1;
}

bool is_user_name(std::string_view name) {
  return !name.empty() && name.size() <= kUserBytesMax && base::is_utf8(name) &&
         std::ranges::none_of(name, [](char c) {
           return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == ',';
         });
}

bool names_group(std::string_view list, std::string_view group) {
  while (!list.empty()) {
    std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    item.remove_prefix(std::min(item.size(), item.find_first_not_of(' ')));
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (item == group) return true;
  }
  return false;
}

Principal principal_of(const store::OperatorRecord& record, const model::OperatorToken& token,
                       Principal::By by) {
  const model::Operator& who = record.who;
  return {who.name, who.role, who.reveal, who.scopes, by, token.id};
}

bool is_expired(const model::OperatorToken& token, base::UnixTime now) {
  return token.expires && *token.expires <= now;
}

}  // namespace

std::string new_token() {
  return std::string(kTokenStart) + base::base64url_encode(crypto::random_bytes(kTokenBytes));
}

model::TokenHash hash_of_token(std::string_view token) { return crypto::sha256(token); }

Access::Access(const AccessOptions& options)
    : owner_token_{!options.owner_token.empty(), crypto::sha256(options.owner_token.expose())},
      trusted_uids_(options.trusted_uids),
      proxy_(options.proxy),
      cookies_(options.cookies),
      sessions_(options.sessions),
      csrf_key_(crypto::HashAlgorithm::kSha256, crypto::random_bytes(kTokenBytes)) {
  for (const std::string& host : options.allowed_hosts) {
    allowed_hosts_.emplace_back(host_without_port(host));
  }
}

void Access::share_sessions(std::unique_ptr<const SessionRows> rows) {
  csrf_key_ = crypto::HmacKey(crypto::HashAlgorithm::kSha256, rows->csrf_key().expose());
  sessions_.share(std::move(rows));
}

Access::Judged Access::judge(const http::Request& request, Door door,
                             const store::OperatorTable& operators, base::UnixTime now) {
  if (door == Door::kProxy) return judge_proxy(request);
  if (request.has_authorization) {
    return judge_token(bearer_token(request.authorization), operators, now);
  }
  if (request.peer_uid >= 0) return judge_peer(request);
  return judge_session(request, operators, now);
}

bool Access::may_be_let_in(const http::Request& request, Door door,
                           const store::OperatorTable& operators, base::UnixTime now) {
  const bool by_session =
      door == Door::kAdmin && !request.has_authorization && request.peer_uid < 0;
  if (!by_session) return judge(request, door, operators, now).has_value();
  return sessions_.may_be(session_cookie(request, is_secure(request)), now);
}

Access::Judged Access::judge_token(std::string_view token, const store::OperatorTable& operators,
                                   base::UnixTime now) const {
  if (token.empty()) return std::unexpected(Denied{401, "no_token"});
  // Digests are compared, so that the time says nothing about the token, not even its length; and
  // both are always looked for.
  const crypto::Digest digest = crypto::sha256(token);
  const OwnerToken wanted = owner_token();
  const bool owner = crypto::equal_in_constant_time(as_text(digest), as_text(wanted.digest));
  const auto match = operators.find_token(digest);
  if (wanted.is_there && owner) return owner_principal("owner-token", Principal::By::kOwnerToken);
  if (!match.record) return std::unexpected(Denied{401, "bad_token"});
  const std::string& name = match.record->who.name;
  if (match.record->who.disabled) return std::unexpected(Denied{401, "operator_disabled", name});
  if (is_expired(*match.token, now)) return std::unexpected(Denied{401, "token_expired", name});
  return principal_of(*match.record, *match.token, Principal::By::kToken);
}

Access::Judged Access::judge_peer(const http::Request& request) const {
  std::string who = "uid:" + std::to_string(request.peer_uid);
  if (request.peer_login_uid >= 0 && request.peer_login_uid != kNoLoginUid) {
    who += " loginuid:" + std::to_string(request.peer_login_uid);
  }
  if (std::ranges::find(trusted_uids_, request.peer_uid) != trusted_uids_.end()) {
    return owner_principal(std::move(who), Principal::By::kSocket);
  }
  return std::unexpected(Denied{403, "uid_not_trusted", std::move(who)});
}

Access::Judged Access::judge_proxy(const http::Request& request) const {
  if (std::ranges::find(proxy_.uids, request.peer_uid) == proxy_.uids.end()) {
    return std::unexpected(
        Denied{403, "uid_not_trusted", "uid:" + std::to_string(request.peer_uid)});
  }
  const std::string_view user = request.field(proxy_.user_field);
  if (!is_there_once(request, proxy_.user_field) || !is_user_name(user)) {
    return std::unexpected(Denied{401, "proxy_no_user"});
  }
  std::string name = "proxy:" + std::string(user);
  const std::string_view groups = request.field(proxy_.groups_field);
  if (!is_there_once(request, proxy_.groups_field)) {
    return std::unexpected(Denied{403, "proxy_no_role", std::move(name)});
  }
  for (const auto& [group, grant] : proxy_.roles) {
    if (!names_group(groups, group)) continue;
    return Principal{std::move(name),       grant.role, grant.reveal, grant.scopes,
                     Principal::By::kProxy, {}};
  }
  return std::unexpected(Denied{403, "proxy_no_role", std::move(name)});
}

Access::Judged Access::judge_session(const http::Request& request,
                                     const store::OperatorTable& operators, base::UnixTime now) {
  const auto id = session_cookie(request, is_secure(request));
  if (id.empty()) return std::unexpected(Denied{401, "no_token"});
  const auto session = sessions_.find(id, now);
  if (!session) return std::unexpected(Denied{401, "bad_session"});
  if (session->token_id.empty()) {
    return owner_principal("owner-token", Principal::By::kSession);
  }
  const auto record = operators.find(session->operator_name);
  const auto* tokens = record && !record->who.disabled ? &record->who.tokens : nullptr;
  if (tokens != nullptr) {
    const auto token = std::ranges::find(*tokens, session->token_id, &model::OperatorToken::id);
    if (token != tokens->end() && !is_expired(*token, now)) {
      return principal_of(*record, *token, Principal::By::kSession);
    }
  }
  sessions_.close(id);
  return std::unexpected(Denied{401, "bad_session", session->operator_name});
}

Access::OwnerToken Access::owner_token() const {
  const std::lock_guard lock(owner_mutex_);
  return owner_token_;
}

bool Access::replace_owner_token(const base::Secret& token) {
  const OwnerToken next{!token.empty(), crypto::sha256(token.expose())};
  {
    const std::lock_guard lock(owner_mutex_);
    if (next.is_there == owner_token_.is_there && next.digest == owner_token_.digest) return false;
    owner_token_ = next;
  }
  close_sessions_of("owner-token");
  return true;
}

bool Access::host_is_allowed(const http::Request& request) const {
  if (request.peer_uid >= 0) return true;
  const std::string_view host = host_without_port(request.field("host"));
  return std::any_of(allowed_hosts_.begin(), allowed_hosts_.end(),
                     [&](const std::string& allowed) { return http::equal_fold(host, allowed); });
}

Secure Access::is_secure(const http::Request& request) const {
  return request.tls || cookies_ == CookieUse::kOnlyTls ? Secure::kYes : Secure::kNo;
}

base::Result<void> Access::check_origin(const http::Request& request) const {
  if (is_from_our_page(request)) return {};
  return base::fail(base::Code::kRefused, "the request was made by a page of another site", {},
                    "cross_site");
}

base::Result<void> Access::check_browser(const http::Request& request, const Principal& who) const {
  if (who.by != Principal::By::kSession && who.by != Principal::By::kProxy) return {};
  if (auto ours = check_origin(request); !ours) return ours;
  if (request.method == "GET" || request.method == "HEAD") return {};
  const std::string wanted = csrf_token(request, who);
  if (crypto::equal_in_constant_time(request.field("x-csrf-token"), wanted)) return {};
  return base::fail(base::Code::kRefused, "the field X-CSRF-Token is missing or wrong",
                    "GET /api/v1/session tells it", "csrf");
}

std::string Access::csrf_token(const http::Request& request, const Principal& who) const {
  std::string of;
  if (who.by == Principal::By::kSession) {
    of = "session " + std::string(session_cookie(request, is_secure(request)));
  } else if (who.by == Principal::By::kProxy) {
    of = who.name;
  } else {
    return {};
  }
  return base::base64url_encode(csrf_key_.sign(of).view());
}

std::string Access::cookie_line(const http::Request& request, std::string_view value,
                                std::int64_t seconds) const {
  const Secure secure = is_secure(request);
  std::string line = "Set-Cookie: ";
  line.append(cookie_name(secure)).append("=").append(value);
  line += "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds);
  return line + (secure == Secure::kYes ? "; Secure\r\n" : "\r\n");
}

std::string Access::open_session(const http::Request& request, const Principal& who,
                                 base::UnixTime now) {
  return cookie_line(request, sessions_.open(who, now), sessions_.options().absolute.count());
}

std::string Access::close_session(const http::Request& request) {
  const auto id = session_cookie(request, is_secure(request));
  if (!id.empty()) sessions_.close(id);
  return cookie_line(request, "", 0);
}

http::Response denied_response(const Denied& denied, std::int64_t wait_seconds) {
  if (wait_seconds > 0) {
    http::Response response =
        http::problem(429, "too_many_failures", "too many wrong tokens came from this address",
                      "a right token is taken at any time");
    response.extra_fields += "Retry-After: " + std::to_string(wait_seconds) + "\r\n";
    return response;
  }
  if (denied.reason == "proxy_no_role") {
    return http::problem(403, "refused", "none of your groups has a role here",
                         "proxy_roles in the server's config file gives them");
  }
  if (denied.status == 403) {
    return http::problem(403, "refused", "this user is not an owner here",
                         "root and the user that runs the server are owners on this socket");
  }
  http::Response response =
      http::problem(401, "unauthorized", "this needs a token as a Bearer token, or a session",
                    "sutler token create makes one; the owner token is in the data directory");
  response.extra_fields += "WWW-Authenticate: Bearer\r\n";
  return response;
}

}  // namespace sutler::admin
