#include "audit/denial_counter.h"

namespace sutler::audit {
namespace {
// The longest text of an IPv6 address with a scope has 62; so that memory has a limit whatever
// the caller calls an address.
constexpr std::size_t kAddressBytesMax = 64;
}  // namespace

bool DenialCounter::admit(std::string_view address, base::UnixTime now) {
  Entry& entry = entry_of(address.substr(0, kAddressBytesMax), now.seconds());
  if (entry.second != now.seconds()) {
    entry.second = now.seconds();
    entry.admitted = 0;
  }
  if (entry.admitted < limits_.per_second) {
    ++entry.admitted;
    return true;
  }
  if (entry.counted == 0) entry.first = now;
  ++entry.counted;
  entry.last = now;
  return false;
}

DenialCounter::Entry& DenialCounter::entry_of(std::string_view address, std::int64_t second) {
  if (const auto found = entries_.find(address); found != entries_.end()) return found->second;
  // Sweeping costs a pass over the table: at most once a second, however many new addresses come.
  if (entries_.size() >= limits_.addresses_max && swept_second_ != second) forget_quiet(second);
  const bool full = entries_.size() >= limits_.addresses_max;
  return entries_.try_emplace(std::string(full ? kOther : address), Entry{.second = second})
      .first->second;
}

void DenialCounter::forget_quiet(std::int64_t second) {
  swept_second_ = second;
  std::erase_if(entries_, [second](const auto& item) {
    return item.second.counted == 0 && item.second.second != second;
  });
}

std::vector<DenialCounter::Due> DenialCounter::take_due(base::UnixTime now) {
  std::vector<Due> due;
  for (auto& [address, entry] : entries_) {
    // By the first one counted: a flood that never pauses must be told of too.
    if (entry.counted == 0 || entry.first.seconds() == now.seconds()) continue;
    due.push_back({address, entry.counted, entry.first, entry.last});
    entry.counted = 0;
  }
  forget_quiet(now.seconds());
  return due;
}

std::vector<DenialCounter::Due> DenialCounter::take_all() {
  std::vector<Due> due;
  for (const auto& [address, entry] : entries_) {
    if (entry.counted > 0) due.push_back({address, entry.counted, entry.first, entry.last});
  }
  entries_.clear();
  return due;
}

}  // namespace sutler::audit
