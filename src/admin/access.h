// Who is let in, and as whom. In this order:
//
// * the proxy's socket: the headers of an authenticating proxy, and nothing else;
// * a field Authorization, on TCP and on the unix socket: the owner token or an operator's token.
//   Whoever shows one is judged by it alone: root with a scoped token is not an owner, and a cookie
//   beside it is not looked at;
// * the unix socket: the uid of the peer;
// * the cookie of a session.
//
// Everything is judged anew with each request, by the operators as they are now: a token that was
// revoked, an operator who was disabled and a session of theirs end at once.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/browser.h"
#include "admin/rights.h"
#include "admin/sessions.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "http/message.h"
#include "model/operator_json.h"
#include "store/operator_table.h"

namespace sutler::admin {

// By which listener a request came.
enum class Door {
  kAdmin,  // TCP or the unix socket
  kProxy,  // the socket of the authenticating proxy
};

// What the proxy's socket believes; set in the config file only.
struct ProxyOptions {
  std::string user_field = "X-Forwarded-User";
  std::string groups_field = "X-Forwarded-Groups";  // names, separated by commas
  struct Role {
    std::string group;
    model::Grant grant;
  };
  // The first one whose group the user is in counts.
  std::vector<Role> roles = {};
  // Whose connections are the proxy's.
  std::vector<std::int64_t> uids = {0};
};

// Where the cookie of a session may go.
enum class CookieUse {
  kByConnection,  // only over TLS when it was given over TLS
  kOnlyTls,       // TLS ends in front of us
};

// Movable; a copy has to be asked for, since it holds a secret.
struct AccessOptions {
  // The owner token; only its SHA-256 is kept. Empty: there is none.
  base::Secret owner_token;
  // Names and addresses, without port, that Host may have on TCP (against DNS rebinding).
  std::vector<std::string> allowed_hosts = {"localhost", "127.0.0.1", "::1"};
  // Whose connections to the unix socket are owners: root and the server's own user.
  std::vector<std::int64_t> trusted_uids = {0};
  ProxyOptions proxy = {};
  SessionOptions sessions = {};
  CookieUse cookies = CookieUse::kByConnection;
  // Wrong tokens of one address in a minute before the answer is 429.
  std::uint32_t failures_per_minute_max = 10;

  [[nodiscard]] AccessOptions clone() const {
    return {owner_token.clone(),    allowed_hosts, trusted_uids, proxy, sessions, cookies,
            failures_per_minute_max};
  }
};

// Why somebody was not let in, for the audit, and what he is told.
struct Denied {
  int status = 401;
  // no_token, bad_token, token_expired, operator_disabled, bad_session, uid_not_trusted,
  // proxy_no_user, proxy_no_role
  std::string_view reason;
  std::string who = {};  // "uid:1000", "alice", or empty
};

// Thread-safe.
class Access {
 public:
  explicit Access(const AccessOptions& options);
  // Sessions, and tokens against cross-site requests, are good on each node of the store. Before
  // the first request.
  void share_sessions(std::unique_ptr<const SessionRows> rows);
  void tick() { sessions_.tick(); }

  [[nodiscard]] std::expected<Principal, Denied> judge(const http::Request& request, Door door,
                                                       const store::OperatorTable& operators,
                                                       base::UnixTime now);
  // The same without a question to the store, which may have to be waited for: a session that this
  // node does not know counts when it may be one.
  [[nodiscard]] bool may_be_let_in(const http::Request& request, Door door,
                                   const store::OperatorTable& operators, base::UnixTime now);
  // judge() for a token alone. Takes as long for every wrong token.
  [[nodiscard]] std::expected<Principal, Denied> judge_token(std::string_view token,
                                                             const store::OperatorTable& operators,
                                                             base::UnixTime now) const;
  // From now on that is the owner token; empty: there is none. True when it is another than before:
  // the sessions that began with that one are over.
  [[nodiscard]] bool replace_owner_token(const base::Secret& token);

  // False: the request came by TCP and its Host is none of ours.
  [[nodiscard]] bool host_is_allowed(const http::Request& request) const;

  // A browser sends its cookie, or the proxy's, with whatever another site makes it send. So who
  // came by one must have been sent by our own page (Sec-Fetch-Site, Origin), and where the request
  // changes something, must show the token that only our page can read. kRefused (`cross_site`,
  // `csrf`).
  [[nodiscard]] base::Result<void> check_origin(const http::Request& request) const;
  [[nodiscard]] base::Result<void> check_browser(const http::Request& request,
                                                 const Principal& who) const;
  // For X-CSRF-Token; empty for those who need none.
  [[nodiscard]] std::string csrf_token(const http::Request& request, const Principal& who) const;

  // Begins a session; gives the line Set-Cookie.
  [[nodiscard]] std::string open_session(const http::Request& request, const Principal& who,
                                         base::UnixTime now);
  // Ends the one of the request's cookie; gives the line that takes the cookie back.
  [[nodiscard]] std::string close_session(const http::Request& request);
  void close_sessions_of(std::string_view operator_name) { sessions_.close_all_of(operator_name); }
  [[nodiscard]] const SessionOptions& session_options() const { return sessions_.options(); }

 private:
  using Judged = std::expected<Principal, Denied>;
  [[nodiscard]] Judged judge_proxy(const http::Request& request) const;
  [[nodiscard]] Judged judge_peer(const http::Request& request) const;
  [[nodiscard]] Judged judge_session(const http::Request& request,
                                     const store::OperatorTable& operators, base::UnixTime now);
  [[nodiscard]] Secure is_secure(const http::Request& request) const;
  [[nodiscard]] std::string cookie_line(const http::Request& request, std::string_view value,
                                        std::int64_t seconds) const;

  struct OwnerToken {
    bool is_there = false;
    crypto::Digest digest{};
  };
  [[nodiscard]] OwnerToken owner_token() const;

  mutable std::mutex owner_mutex_;  // over owner_token_
  OwnerToken owner_token_;
  std::vector<std::string> allowed_hosts_;
  std::vector<std::int64_t> trusted_uids_;
  ProxyOptions proxy_;
  CookieUse cookies_;
  Sessions sessions_;
  crypto::HmacKey csrf_key_;
};

// `sut_` and 256 random bits as base64url.
[[nodiscard]] std::string new_token();
[[nodiscard]] model::TokenHash hash_of_token(std::string_view token);

// 401 with WWW-Authenticate, or 403; 429 with Retry-After when `wait_seconds` is not 0.
[[nodiscard]] http::Response denied_response(const Denied& denied, std::int64_t wait_seconds = 0);

}  // namespace sutler::admin
