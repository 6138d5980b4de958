#include "admin/sessions.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/random.h"

namespace sutler::admin {
namespace {

constexpr std::size_t kIdBytes = 32;

}  // namespace

bool Sessions::is_over(const Session& session, base::UnixTime now) const {
  return now >= session.created + options_.absolute || now >= session.last_used + options_.idle;
}

void Sessions::make_room(std::string_view operator_name, base::UnixTime now) {
  std::erase_if(table_, [&](const auto& item) { return is_over(item.second, now); });
  const auto idle_longest = [](Table& table, const auto& counts) {
    auto found = table.end();
    for (auto at = table.begin(); at != table.end(); ++at) {
      if (!counts(at->second)) continue;
      if (found == table.end() || at->second.last_used < found->second.last_used) found = at;
    }
    if (found != table.end()) table.erase(found);
  };
  const auto is_his = [&](const Session& one) { return one.operator_name == operator_name; };
  const auto his =
      std::ranges::count_if(table_, [&](const auto& one) { return is_his(one.second); });
  if (static_cast<std::size_t>(his) >= options_.per_operator_max) idle_longest(table_, is_his);
  if (table_.size() >= options_.max) idle_longest(table_, [](const Session&) { return true; });
}

std::string Sessions::open(const Principal& who, base::UnixTime now) {
  std::string id = base::base64url_encode(crypto::random_bytes(kIdBytes));
  const std::lock_guard lock(mutex_);
  make_room(who.name, now);
  table_.insert_or_assign(crypto::sha256(id), Session{who.name, who.token_id, now, now});
  return id;
}

std::optional<Sessions::Session> Sessions::find(std::string_view id, base::UnixTime now) {
  const crypto::Digest key = crypto::sha256(id);
  const std::lock_guard lock(mutex_);
  const auto at = table_.find(key);
  if (at == table_.end()) return std::nullopt;
  if (is_over(at->second, now)) {
    table_.erase(at);
    return std::nullopt;
  }
  at->second.last_used = std::max(at->second.last_used, now);
  return at->second;
}

void Sessions::close(std::string_view id) {
  const crypto::Digest key = crypto::sha256(id);
  const std::lock_guard lock(mutex_);
  table_.erase(key);
}

void Sessions::close_all_of(std::string_view operator_name) {
  const std::lock_guard lock(mutex_);
  std::erase_if(table_, [&](const auto& one) { return one.second.operator_name == operator_name; });
}

std::size_t Sessions::size() const {
  const std::lock_guard lock(mutex_);
  return table_.size();
}

}  // namespace sutler::admin
