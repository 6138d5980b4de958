#include "admin/sessions.h"

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "base/log.h"
#include "crypto/random.h"

namespace sutler::admin {
namespace {

constexpr std::size_t kIdBytes = 32;
// How far the last use in a row may be behind.
constexpr std::chrono::seconds kWriteEvery{60};

}  // namespace

bool Sessions::is_over(const Session& session, base::UnixTime now) const {
  return now >= session.created + options_.absolute || now >= session.last_used + options_.idle;
}

void Sessions::make_room(std::string_view operator_name, base::UnixTime now) {
  std::erase_if(table_, [&](const auto& item) { return is_over(item.second.session, now); });
  const auto idle_longest = [](Table& table, const auto& counts) {
    auto found = table.end();
    for (auto at = table.begin(); at != table.end(); ++at) {
      if (!counts(at->second.session)) continue;
      if (found == table.end() || at->second.session.last_used < found->second.session.last_used) {
        found = at;
      }
    }
    if (found != table.end()) table.erase(found);
  };
  const auto is_his = [&](const Session& one) { return one.operator_name == operator_name; };
  const auto his =
      std::ranges::count_if(table_, [&](const auto& one) { return is_his(one.second.session); });
  if (static_cast<std::size_t>(his) >= options_.per_operator_max) idle_longest(table_, is_his);
  if (table_.size() >= options_.max) idle_longest(table_, [](const Session&) { return true; });
}

// As make_room(), of all nodes. A session begins seldom, and only with a right token.
void Sessions::make_room_in_rows(std::string_view operator_name, base::UnixTime now) {
  auto all = rows_->read_all();
  if (!all) return;
  std::vector<std::string> gone;
  std::ranges::sort(*all, {}, [](const auto& kept) { return kept.session.last_used; });
  std::size_t left = 0, his = 0;
  for (const auto& kept : *all) {
    const bool over = is_over(kept.session, now);
    left += over ? 0 : 1;
    his += !over && kept.session.operator_name == operator_name ? 1 : 0;
  }
  for (const auto& kept : *all) {
    const bool is_his = kept.session.operator_name == operator_name;
    const bool over = is_over(kept.session, now);
    const bool too_many = left >= options_.max || (is_his && his >= options_.per_operator_max);
    if (!over && !too_many) continue;
    gone.push_back(kept.row);
    if (over) continue;
    --left;
    his -= is_his ? 1 : 0;
  }
  drop_rows(std::move(gone));
}

std::string Sessions::open(const Principal& who, base::UnixTime now) {
  std::string id = rows_ ? rows_->new_id() : base::base64url_encode(crypto::random_bytes(kIdBytes));
  const crypto::Digest key = crypto::sha256(id);
  const Session session{who.name, who.token_id, now, now};
  if (rows_) {
    make_room_in_rows(who.name, now);
    if (auto put = rows_->put(key, session); !put) {
      base::log::warning("a session is known to this node only", {{"why", put.error().message}});
    }
  }
  const std::lock_guard lock(mutex_);
  make_room(who.name, now);
  table_.insert_or_assign(key, Held{session, now, now});
  return id;
}

// Reads the row of a session that is unknown or was not looked at for some time; false: there is
// none. While the store cannot be read, what is known stays.
bool Sessions::learn(const crypto::Digest& key, std::string_view id, base::UnixTime now) {
  bool known = false;
  {
    const std::lock_guard lock(mutex_);
    if (ended_.contains(SessionRows::row_of(key))) return false;
    const auto at = table_.find(key);
    known = at != table_.end();
    if (known && at->second.looked <= now && now < at->second.looked + kSessionLookEvery) {
      return true;
    }
  }
  if (!known && !rows_->is_well_made(id)) return false;
  const auto read = rows_->read(key);
  const std::lock_guard lock(mutex_);
  if (!read) return known;
  if (!*read || ended_.contains(SessionRows::row_of(key))) {
    table_.erase(key);
    return false;
  }
  const Session& row = **read;
  if (!known) make_room(row.operator_name, now);
  const auto at = table_.try_emplace(key, Held{row, now, row.last_used}).first;
  at->second.looked = now;
  at->second.written = row.last_used;
  at->second.session.last_used = std::max(at->second.session.last_used, row.last_used);
  return true;
}

std::optional<Session> Sessions::find(std::string_view id, base::UnixTime now) {
  const crypto::Digest key = crypto::sha256(id);
  if (rows_ && !learn(key, id, now)) return std::nullopt;
  std::optional<Session> found;
  bool write = false;
  {
    const std::lock_guard lock(mutex_);
    const auto at = table_.find(key);
    if (at == table_.end()) return std::nullopt;
    Held& held = at->second;
    if (is_over(held.session, now)) {
      table_.erase(at);
    } else {
      held.session.last_used = std::max(held.session.last_used, now);
      found = held.session;
      write = rows_ && held.written + kWriteEvery <= now;
      if (write) held.written = now;
    }
  }
  if (!found && rows_) drop_rows({SessionRows::row_of(key)});
  if (found && write) (void)rows_->put(key, *found);
  return found;
}

bool Sessions::may_be(std::string_view id, base::UnixTime now) const {
  const crypto::Digest key = crypto::sha256(id);
  const std::lock_guard lock(mutex_);
  if (ended_.contains(SessionRows::row_of(key))) return false;
  const auto at = table_.find(key);
  if (at != table_.end()) return !is_over(at->second.session, now);
  return rows_ && rows_->is_well_made(id);
}

void Sessions::drop_rows(std::vector<std::string> rows) {
  {
    const std::lock_guard lock(mutex_);
    ended_.insert(rows.begin(), rows.end());
  }
  tick();
}

void Sessions::tick() {
  std::vector<std::string> rows;
  {
    const std::lock_guard lock(mutex_);
    rows.assign(ended_.begin(), ended_.end());
  }
  if (rows.empty() || !rows_->drop(rows)) return;
  const std::lock_guard lock(mutex_);
  for (const std::string& row : rows) ended_.erase(row);
}

void Sessions::close(std::string_view id) {
  const crypto::Digest key = crypto::sha256(id);
  {
    const std::lock_guard lock(mutex_);
    table_.erase(key);
  }
  if (rows_ && rows_->is_well_made(id)) drop_rows({SessionRows::row_of(key)});
}

void Sessions::close_all_of(std::string_view operator_name) {
  std::vector<std::string> rows;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(table_, [&](const auto& one) {
      if (one.second.session.operator_name != operator_name) return false;
      rows.push_back(SessionRows::row_of(one.first));
      return true;
    });
  }
  if (!rows_) return;
  if (const auto all = rows_->read_all()) {
    for (const auto& kept : *all) {
      if (kept.session.operator_name == operator_name) rows.push_back(kept.row);
    }
  }
  drop_rows(std::move(rows));
}

std::size_t Sessions::size() const {
  const std::lock_guard lock(mutex_);
  return table_.size();
}

}  // namespace sutler::admin
