// Sessions of browsers: a cookie that stands for a token which was shown once, so that a page need
// not keep the token. In memory only: a restart ends them all.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "admin/rights.h"
#include "base/clock.h"
#include "base/limits.h"
#include "crypto/hash.h"

namespace sutler::admin {

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
  explicit Sessions(const SessionOptions& options = {}) : options_(options) {}

  struct Session {
    std::string operator_name;
    std::string token_id;  // of the token that it began with; empty: the owner token
    base::UnixTime created;
    base::UnixTime last_used;
  };
  // The id: 256 random bits as base64url, for the cookie.
  [[nodiscard]] std::string open(const Principal& who, base::UnixTime now);
  // Nothing when it never was, is over or was idle too long; else it counts as used now.
  [[nodiscard]] std::optional<Session> find(std::string_view id, base::UnixTime now);
  void close(std::string_view id);
  void close_all_of(std::string_view operator_name);
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] const SessionOptions& options() const { return options_; }

 private:
  using Table = std::map<crypto::Digest, Session>;
  [[nodiscard]] bool is_over(const Session& session, base::UnixTime now) const;
  void make_room(std::string_view operator_name, base::UnixTime now);

  const SessionOptions options_;
  mutable std::mutex mutex_;
  Table table_;
};

}  // namespace sutler::admin
