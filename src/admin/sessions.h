// Sessions of browsers: a cookie that stands for a token which was shown once, so that a page need
// not keep the token.
//
// On a server that has its store for itself they are in memory only: a restart ends them all. Where
// several nodes have the store they are kept in it as well (session_rows.h): a node reads one that
// it does not know, and looks again after some seconds whether it still is there. So a session that
// ended on one node ends on the others within kSessionLookEvery, or when the database is back.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "admin/rights.h"
#include "admin/session_rows.h"
#include "base/clock.h"
#include "base/limits.h"
#include "crypto/hash.h"

namespace sutler::admin {

inline constexpr std::chrono::seconds kSessionLookEvery{5};

struct SessionOptions {
  std::chrono::seconds idle{30 * 60};           // without a request
  std::chrono::seconds absolute{12 * 60 * 60};  // in any case
  std::size_t max = base::limits::kSessionsMax;
  std::size_t per_operator_max = 50;
};

// Thread-safe and bounded: the session that was idle longest makes room for a new one. Only hashes
// of the ids are kept.
class Sessions {
 public:
  using Session = admin::Session;
  explicit Sessions(const SessionOptions& options = {}) : options_(options) {}
  // Before the first call of the others.
  void share(std::unique_ptr<const SessionRows> rows) { rows_ = std::move(rows); }

  // The id: 256 random bits as base64url, for the cookie.
  [[nodiscard]] std::string open(const Principal& who, base::UnixTime now);
  // Nothing when it never was, is over or was idle too long; else it counts as used now.
  [[nodiscard]] std::optional<Session> find(std::string_view id, base::UnixTime now);
  // Whether find() may find it; never asks the store.
  [[nodiscard]] bool may_be(std::string_view id, base::UnixTime now) const;
  void close(std::string_view id);
  void close_all_of(std::string_view operator_name);
  // About once a second: takes away what could not be taken away in the store.
  void tick();
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] const SessionOptions& options() const { return options_; }

 private:
  struct Held {
    Session session;
    base::UnixTime looked;   // when its row was last read
    base::UnixTime written;  // what the row says of its last use
  };
  using Table = std::map<crypto::Digest, Held>;
  [[nodiscard]] bool is_over(const Session& session, base::UnixTime now) const;
  void make_room(std::string_view operator_name, base::UnixTime now);
  void make_room_in_rows(std::string_view operator_name, base::UnixTime now);
  [[nodiscard]] bool learn(const crypto::Digest& key, std::string_view id, base::UnixTime now);
  void drop_rows(std::vector<std::string> rows);

  const SessionOptions options_;
  std::unique_ptr<const SessionRows> rows_;  // null: in memory only
  mutable std::mutex mutex_;                 // over what follows
  Table table_;
  std::set<std::string> ended_;  // rows of sessions that are over and still stand in the store
};

}  // namespace sutler::admin
