#include "server/key_times.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"

namespace sutler::server {
namespace {

constexpr char kRows[] = "key-use/";
constexpr std::chrono::seconds kWriteEvery{10};
constexpr std::chrono::seconds kReadEvery{60};

}  // namespace

// The note is `TEAM KEYID MICROSECONDS`; a team's id has no space.
void KeyTimes::read() {
  const auto notes = notes_.read(kRows);
  if (!notes) return;
  const std::lock_guard lock(mutex_);
  for (const auto& note : *notes) {
    const auto first = note.text.find(' ');
    const auto second = note.text.rfind(' ');
    if (first == std::string::npos || first == second) continue;
    std::int64_t time = 0;
    const char* const end = note.text.data() + note.text.size();
    const auto parsed = std::from_chars(note.text.data() + second + 1, end, time);
    if (parsed.ec != std::errc() || parsed.ptr != end) continue;
    const Key key{note.text.substr(0, first), note.text.substr(first + 1, second - first - 1)};
    auto& last = last_[key];
    if (time < last.microseconds) unwritten_[key] = last;
    last = std::max(last, base::UnixTime{time});
  }
}

void KeyTimes::flush(provider::KeyUse& use, base::UnixTime now, When when) {
  if (read_ == base::UnixTime{}) read_ = now;  // load() did
  if (now < read_ || read_ + kReadEvery <= now) {
    read_ = now;
    read();
  }
  const auto used = use.take_newer();
  const std::lock_guard lock(mutex_);
  for (const auto& one : used) {
    auto& last = last_[{one.team, one.key_id}];
    if (one.last <= last) continue;
    last = one.last;
    unwritten_[{one.team, one.key_id}] = one.last;
  }
  const bool due = now < written_ || written_ + kWriteEvery <= now;
  if (unwritten_.empty() || (when == When::kIfDue && !due)) return;
  std::vector<store::Note> notes;
  for (const auto& [key, time] : unwritten_) {
    notes.push_back({kRows + notes_.opaque(key.first + " " + key.second),
                     key.first + " " + key.second + " " + std::to_string(time.microseconds)});
  }
  written_ = now;
  auto put = notes_.put(notes);
  if (put) {
    unwritten_.clear();
  } else {
    base::log::warning("when signing keys were last used could not be written",
                       {{"why", put.error().message}});
  }
}

std::optional<base::UnixTime> KeyTimes::last(const std::string& team,
                                             const std::string& key_id) const {
  const std::lock_guard lock(mutex_);
  const auto at = last_.find({team, key_id});
  return at == last_.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace sutler::server
