#include "registry/registry.h"

#include <algorithm>
#include <queue>
#include <utility>

namespace sutler::registry {
namespace {

constexpr std::size_t kNewcomersHeldMax = 1000;

void widen(Received& row, base::UnixTime first, base::UnixTime last) {
  row.first = std::min(row.first, first);
  row.last = std::max(row.last, last);
}

}  // namespace

Registry::Registry(const Options& options, std::string_view key) : options_(options), lists_(key) {}

std::shared_ptr<Recorder> Registry::recorder() {
  const std::lock_guard lock(recorders_mutex_);
  recorders_.push_back(std::make_shared<Recorder>());
  return recorders_.back();
}

void Registry::settle() {
  const std::lock_guard recorders_lock(recorders_mutex_);
  for (const auto& recorder : recorders_) {
    recorder->take(taken_);
    if (taken_.fetches.empty() && taken_.failures.empty() && taken_.lost == 0) continue;
    const std::unique_lock lock(mutex_);
    for (const auto& [served, fetches] : taken_.fetches) merge(fetches);
    for (const Failed& failures : taken_.failures) merge(failures);
    counters_.lost += taken_.lost;
    if (records_.size() > options_.workloads_max) evict();
  }
  // The bundles must not be kept alive by notes that are merged.
  taken_.fetches.clear();
  std::erase_if(recorders_, [](const auto& recorder) { return recorder.use_count() == 1; });
}

Record& Registry::touch(const model::Workload& workload, base::UnixTime first) {
  auto& entry = records_[workload];
  if (entry && entry->own) {
    entry->own->first_seen = std::min(entry->own->first_seen, first);
    return *entry->own;
  }
  const bool is_new = !entry;  // to all nodes
  if (is_new) entry = std::make_unique<Entry>();
  auto& slot = entry->own;
  slot = std::make_unique<Record>();
  slot->workload = workload;
  slot->first_seen = first;
  news_.insert(workload);
  // What another node told already may be later than what this one saw.
  if (!is_new && !entry->own_is_first(options_.node)) return *slot;
  if (newcomers_.size() < kNewcomersHeldMax) {
    newcomers_.push_back(workload);
  } else {
    ++more_newcomers_;
  }
  return *slot;
}

// The order in which requests arrived counts, and not the times: the clock may have been set back.
void Registry::merge(const Repeated& fetches) {
  Record& record = touch(fetches.served->workload, fetches.first);
  record.count += fetches.count;
  const News news = receive(record, fetches);
  if (record.last.arrived <= fetches.last.arrived) record.last = fetches.last;
  if (record.arrived <= fetches.last.arrived) {
    record.arrived = fetches.last.arrived;
    record.last_seen = fetches.last.time;
    records_.find(record.workload)->second->put_own_last(fetches.last.time);
  }
  if (news == News::kYes) {
    news_.insert(record.workload);
  } else {
    seen_again_.insert(record.workload);
  }
}

void Registry::merge(const Failed& failures) {
  Record& record = touch(failures.workload, failures.last.time);
  record.failures += failures.count;
  const bool newest = record.last.arrived <= failures.last.arrived;
  if (newest) record.last = failures.last;
  if (newest || record.last_failed <= failures.last.time) {
    record.last_failed = failures.last.time;
    record.last_failure = failures.reason;
  }
  seen_again_.insert(record.workload);
}

Registry::News Registry::receive(Record& record, const Repeated& fetches) {
  News news = News::kNo;
  const bool newest = record.arrived <= fetches.last.arrived;
  const auto in_bundle = std::ranges::count_if(record.received, &Received::in_last_bundle);
  std::vector<bool> was_last(record.received.size());
  if (newest) {
    for (std::size_t i = 0; i < was_last.size(); ++i) {
      was_last[i] = std::exchange(record.received[i].in_last_bundle, false);
    }
    // A bundle that lost a group has no new row, and is another one all the same.
    if (static_cast<std::size_t>(in_bundle) != fetches.served->groups.size()) news = News::kYes;
  }
  for (const ServedGroup& group : fetches.served->groups) {
    const auto at = std::ranges::find_if(record.received, [&](const Received& row) {
      return row.version == group.version && row.version_last == group.version &&
             row.what->group == group.name && row.what->keys == group.won;
    });
    if (at != record.received.end()) {
      // That it received an older version once more is news as well: it is its last bundle now.
      const auto place = static_cast<std::size_t>(at - record.received.begin());
      if (newest && (place >= was_last.size() || !was_last[place])) news = News::kYes;
      widen(*at, fetches.first, fetches.last.time);
      if (newest) at->in_last_bundle = true;
      continue;
    }
    news = News::kYes;
    record.received.push_back({lists_.get(group.name, group.won), group.version, group.version,
                               fetches.first, fetches.last.time, newest});
  }
  if (record.received.size() > options_.versions_max) draw_together(record);
  return news;
}

// Of the rows of one group and one list of keys, the two oldest that are not in the last bundle
// become one, until there are few enough or nothing can be joined.
void Registry::draw_together(Record& record) const {
  auto& rows = record.received;
  std::ranges::stable_sort(rows, {}, [](const Received& row) { return row.version; });
  while (rows.size() > options_.versions_max) {
    const auto joined = [&] {
      for (auto a = rows.begin(); a != rows.end(); ++a) {
        if (a->in_last_bundle) continue;
        for (auto b = std::next(a); b != rows.end(); ++b) {
          if (b->in_last_bundle || b->what != a->what) continue;
          a->version_last = std::max(a->version_last, b->version_last);
          widen(*a, b->first, b->last);
          rows.erase(b);
          return true;
        }
      }
      return false;
    }();
    if (joined) continue;
    // Nothing in common: the one that was received longest ago goes.
    auto oldest = rows.end();
    for (auto at = rows.begin(); at != rows.end(); ++at) {
      if (at->in_last_bundle) continue;
      if (oldest == rows.end() || at->last < oldest->last) oldest = at;
    }
    if (oldest == rows.end()) return;
    rows.erase(oldest);
  }
}

// A little more than must be, so that it is not done for each newcomer.
void Registry::evict() {
  const std::size_t keep = options_.workloads_max - options_.workloads_max / 100;
  std::map<std::string, std::size_t, std::less<>> now, out;
  for (const auto& [workload, record] : records_) ++now[workload.team];
  std::priority_queue<std::pair<std::size_t, std::string>> largest;
  for (const auto& [team, count] : now) largest.emplace(count, team);
  for (std::size_t left = records_.size() - keep; left > 0;) {
    auto [count, team] = largest.top();
    largest.pop();
    const std::size_t next = largest.empty() ? 0 : largest.top().first;
    const std::size_t some = std::min(left, std::max<std::size_t>(count - next, 1));
    out[team] += some;
    left -= some;
    largest.emplace(count - some, std::move(team));
  }
  for (const auto& [team, count] : out) forget_oldest(team, count);
}

void Registry::forget_oldest(std::string_view team, std::size_t count) {
  std::vector<std::pair<base::UnixTime, const model::Workload*>> order;
  auto at = records_.lower_bound(model::Workload{std::string(team), {}, {}, {}});
  for (; at != records_.end() && at->first.team == team; ++at) {
    order.emplace_back(at->second->asked(), &at->first);
  }
  if (count < order.size()) {
    std::ranges::nth_element(order, order.begin() + static_cast<std::ptrdiff_t>(count), {},
                             [](const auto& entry) { return entry.first; });
    order.resize(count);
  }
  for (const auto& [asked, name] : order) {
    const model::Workload workload = *name;
    news_.erase(workload);
    seen_again_.erase(workload);
    const auto found = records_.find(workload);
    if (found->second->own) gone_.push_back(workload);
    const bool counts = found->second->own_is_latest(options_.node);
    records_.erase(found);
    if (!counts) continue;
    ++counters_.evicted;
    ++forgotten_.count;
    forgotten_.last = std::max(forgotten_.last, asked);
    forgotten_changed_ = true;
  }
}

Forgotten Registry::forgotten() const {
  const std::shared_lock lock(mutex_);
  Forgotten all = forgotten_;
  for (const auto& [node, theirs] : others_forgotten_) {
    all.count += theirs.count;
    all.last = std::max(all.last, theirs.last);
  }
  return all;
}

std::optional<Record> Registry::find(const model::Workload& workload) const {
  const std::shared_lock lock(mutex_);
  const auto at = records_.find(workload);
  if (at == records_.end()) return std::nullopt;
  Record scratch;
  return at->second->view(options_.node, scratch);
}

std::size_t Registry::size() const {
  const std::shared_lock lock(mutex_);
  return records_.size();
}

Registry::Counters Registry::counters() const {
  const std::shared_lock lock(mutex_);
  return counters_;
}

Registry::Newcomers Registry::take_newcomers(std::size_t max) {
  const std::unique_lock lock(mutex_);
  Newcomers taken;
  for (const model::Workload& workload : newcomers_) {
    const auto at = records_.find(workload);
    if (at == records_.end() || taken.workloads.size() >= max) {
      ++taken.more;
    } else {
      Record scratch;
      taken.workloads.push_back(at->second->view(options_.node, scratch));
    }
  }
  newcomers_.clear();
  taken.more += std::exchange(more_newcomers_, 0);
  return taken;
}

Registry::Changes Registry::take_changes(Due due, std::size_t max) {
  const std::unique_lock lock(mutex_);
  Changes changes;
  const auto drain = [&](std::set<model::Workload>& from) {
    while (!from.empty() && changes.records.size() < max) {
      const auto node = from.extract(from.begin());
      const auto at = records_.find(node.value());
      if (at != records_.end() && at->second->own) changes.records.push_back(*at->second->own);
    }
  };
  drain(news_);
  for (const Record& record : changes.records) seen_again_.erase(record.workload);
  if (due == Due::kAll) drain(seen_again_);
  while (!gone_.empty() && changes.gone.size() < max) {
    changes.gone.push_back(std::move(gone_.back()));
    gone_.pop_back();
  }
  if (std::exchange(forgotten_changed_, false)) changes.forgotten = forgotten_;
  return changes;
}

void Registry::give_back(const Changes& changes) {
  const std::unique_lock lock(mutex_);
  for (const Record& record : changes.records) news_.insert(record.workload);
  gone_.insert(gone_.end(), changes.gone.begin(), changes.gone.end());
  forgotten_changed_ = forgotten_changed_ || changes.forgotten;
}

void Registry::restore(const Forgotten& forgotten) {
  const std::unique_lock lock(mutex_);
  forgotten_.count += forgotten.count;
  forgotten_.last = std::max(forgotten_.last, forgotten.last);
}

void Registry::restore(Record record) {
  const std::unique_lock lock(mutex_);
  auto& slot = records_[record.workload];
  if (!slot) slot = std::make_unique<Entry>();
  if (slot->own) {  // seen before the rows could be read
    std::erase(newcomers_, record.workload);
    // It was kept before any of that.
    record.order = std::max(record.order, record.last_seen);
    if (slot->own->arrived != Arrival() && slot->own->order <= record.order) {
      slot->own->order = record.order + std::chrono::microseconds(1);
    }
    const Record* both[] = {slot->own.get(), &record};
    slot->own = std::make_unique<Record>(merge_parts(both));
  } else {
    slot->own = std::make_unique<Record>(std::move(record));
  }
  if (records_.size() > options_.workloads_max) evict();
}

GroupKeysPointer Registry::key_list(std::string_view group, std::string_view keys) {
  const std::unique_lock lock(mutex_);
  return lists_.get(group, keys);
}

GroupKeysPointer Registry::find_list(std::string_view digest) const {
  const std::shared_lock lock(mutex_);
  return lists_.find(digest);
}

}  // namespace sutler::registry
