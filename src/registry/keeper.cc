#include "registry/keeper.h"

#include <chrono>
#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/log.h"

namespace sutler::registry {

using base::Result;

namespace {

constexpr std::size_t kNewcomersMax = 1000;  // taken at a time

}  // namespace

Keeper::Keeper(Registry& registry, RowCodec& codec, store::Backend& backend, audit::Log& audit,
               const KeeperOptions& options)
    : registry_(registry),
      codec_(codec),
      backend_(backend),
      audit_(audit),
      options_(options),
      writer_(registry, codec, backend, options.peers.node),
      peers_(registry, codec, backend, writer_, options.peers) {}

Keeper::~Keeper() { stop(); }

Result<void> Keeper::load() {
  auto loaded = load_now();
  if (loaded || loaded.error().code != base::Code::kUnavailable) return loaded;
  base::log::warning("the workload registry is not read yet: what is seen is added to it later",
                     {{"why", loaded.error().message}});
  return {};
}

Result<void> Keeper::load_now() {
  if (!own_loaded_) {
    if (auto own = writer_.load(); !own) return own;
    if (auto own = load_own(); !own) return own;
    own_loaded_ = true;
  }
  if (auto others = peers_.load(); !others) return others;
  loaded_ = true;
  return {};
}

// Everything is read before anything is taken, so that it can be tried again.
Result<void> Keeper::load_own() {
  const std::string& node = options_.peers.node;
  auto lists = backend_.telemetry(key_list_rows(node));
  if (!lists) return pass(lists);
  auto rows = backend_.telemetry(workload_rows(node));
  if (!rows) return pass(rows);
  auto forgotten = backend_.telemetry(forgotten_row(node));
  if (!forgotten) return pass(forgotten);
  std::unordered_map<std::string, GroupKeysPointer> by_digest;
  std::size_t refused = 0;
  for (const store::Telemetry& row : *lists) {
    auto list = codec_.open_list(row.key, row.value);
    if (!list) {
      ++refused;
      continue;
    }
    auto pointer = registry_.key_list(list->group, list->keys);
    pointer->kept = true;
    by_digest.emplace(std::string(pointer->digest.data(), pointer->digest.size()), pointer);
  }
  const auto find = [&](std::string_view digest) {
    const auto at = by_digest.find(std::string(digest));
    return at == by_digest.end() ? nullptr : at->second;
  };
  for (const store::Telemetry& row : *forgotten) {
    const auto opened = codec_.open_forgotten(row.key, row.value);
    if (opened) registry_.restore(*opened);
    if (!opened) ++refused;
  }
  for (const store::Telemetry& row : *rows) {
    auto record = codec_.open_record(row.key, row.value, node, find);
    if (record) {
      registry_.restore(std::move(*record));
    } else {
      ++refused;
    }
  }
  if (refused > 0) {
    base::log::warning("rows of the workload registry do not open and are left out",
                       {{"rows", static_cast<std::int64_t>(refused)}});
  }
  // Lists that no workload has any more; one that stays does no harm.
  std::vector<store::Telemetry> orphans;
  for (auto& [digest, list] : by_digest) {
    if (list.use_count() == 1) orphans.push_back({RowCodec::key_of(*list, node), {}});
  }
  if (!orphans.empty()) (void)backend_.put_telemetry(orphans);
  return {};
}

void Keeper::start() {
  seen_again_at_ = base::monotonic_seconds() + options_.seen_again_every_seconds;
  thread_ = std::thread([this] { run(); });
}

void Keeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  registry_.settle();
  if (!loaded_ && !load_now()) {
    base::log::warning(
        "the workload registry could not be kept; the audit log has what is missing");
    return;
  }
  tell_newcomers(std::numeric_limits<double>::max());
  if (auto flushed = flush(); !flushed) {
    base::log::warning("the workload registry could not be kept; the audit log has what is missing",
                       {{"why", flushed.error().message}});
  }
}

void Keeper::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; })) {
    lock.unlock();
    work(base::monotonic_seconds());
    lock.lock();
  }
}

void Keeper::work(double now) {
  if (!loaded_ && !load_now()) return;
  peers_.work(now);  // first: a node that was frozen learns that another took its rows over
  registry_.settle();
  write_due(now);
  tell_newcomers(now);
}

void Keeper::write_due(double now) {
  auto due = Registry::Due::kNews;
  if (now >= seen_again_at_) {
    due = Registry::Due::kAll;
    seen_again_at_ = now + options_.seen_again_every_seconds;
  }
  Result<bool> more = true;
  for (std::size_t written = 0; more && *more && written < options_.rows_per_second_max;
       written += options_.batch_rows_max) {
    more = writer_.write_some(due, options_.batch_rows_max);
  }
  // What is left of those seen again goes on in the next second.
  if (more && *more && due == Registry::Due::kAll) seen_again_at_ = now;
  if (more.has_value() == writes_work_) return;
  writes_work_ = more.has_value();
  if (writes_work_) {
    base::log::info("the workload registry is kept again");
  } else {
    base::log::warning("the workload registry cannot be kept in the store now",
                       {{"why", more.error().message}});
  }
}

Result<void> Keeper::flush() {
  registry_.settle();
  while (true) {
    auto more = writer_.write_some(Registry::Due::kAll, options_.batch_rows_max);
    if (!more) return pass(more);
    if (!*more) return {};
  }
}

void Keeper::tell_evicted(std::vector<audit::Event>& events) {
  const auto counters = registry_.counters();
  if (counters.evicted <= told_evicted_) return;
  base::log::warning("the workload registry is full: those unseen for longest were forgotten",
                     {{"forgotten", static_cast<std::int64_t>(counters.evicted)}});
  events.push_back({.time = base::SystemClock().now(),
                    .event = "workload.evicted",
                    .count = counters.evicted - told_evicted_});
  told_evicted_ = counters.evicted;
}

void Keeper::tell_newcomers(double now) {
  std::vector<audit::Event> events;
  tell_evicted(events);
  const bool alone = options_.peers.node.empty();
  const double wait = alone ? 0 : 2 * options_.peers.peers_every_seconds + 1;
  auto taken = registry_.take_newcomers(kNewcomersMax);
  for (Record& record : taken.workloads) {
    newcomers_.push_back({now + wait, std::move(record.workload)});
  }
  std::vector<Record> told;  // the events point into it
  std::uint64_t more = taken.more;
  for (; !newcomers_.empty() && newcomers_.front().told_at <= now; newcomers_.pop_front()) {
    if (!registry_.saw_first(newcomers_.front().workload)) continue;
    auto record = registry_.find(newcomers_.front().workload);
    if (record && told.size() < options_.events_per_second_max) {
      told.push_back(std::move(*record));
    } else {
      ++more;
    }
  }
  for (const Record& record : told) {
    events.push_back({.time = record.first_seen,
                      .event = "workload.new",
                      .team = record.workload.team,
                      .project_id = record.workload.project_id,
                      .object_id = record.workload.object_id,
                      .object_type = record.workload.object_type,
                      .remote = record.last.remote,
                      .key_id = record.last.key_id});
  }
  if (more > 0) {
    const auto time = events.empty() ? base::SystemClock().now() : events.back().time;
    events.push_back({.time = time, .event = "workload.new", .count = more});
  }
  if (events.empty()) return;
  if (auto written = audit_.append(events, audit::Durability::kWritten); !written) {
    base::log::warning("new workloads could not be recorded in the audit",
                       {{"why", written.error().message}});
  }
}

}  // namespace sutler::registry
