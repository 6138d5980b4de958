#include "registry/keeper.h"

#include <chrono>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/log.h"

namespace sutler::registry {

using base::Result;

Keeper::Keeper(Registry& registry, RowCodec& codec, store::Backend& backend, audit::Log& audit,
               const KeeperOptions& options)
    : registry_(registry), codec_(codec), backend_(backend), audit_(audit), options_(options) {}

Keeper::~Keeper() { stop(); }

Result<void> Keeper::load() {
  auto lists = backend_.telemetry(std::string(kKeyListRows));
  if (!lists) return pass(lists);
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
  auto rows = backend_.telemetry(std::string(kWorkloadRows));
  if (!rows) return pass(rows);
  const auto find = [&](std::string_view digest) {
    const auto at = by_digest.find(std::string(digest));
    return at == by_digest.end() ? nullptr : at->second;
  };
  auto forgotten = backend_.telemetry(std::string(kForgottenRow));
  if (!forgotten) return pass(forgotten);
  for (const store::Telemetry& row : *forgotten) {
    if (row.key != kForgottenRow) continue;
    const auto opened = codec_.open_forgotten(row.value);
    if (opened) registry_.restore(*opened);
    if (!opened) ++refused;
  }
  for (const store::Telemetry& row : *rows) {
    auto record = codec_.open_record(row.key, row.value, find);
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
  // Lists that no workload has any more.
  std::vector<store::Telemetry> orphans;
  for (auto& [digest, list] : by_digest) {
    if (list.use_count() == 1) orphans.push_back({RowCodec::key_of(*list), {}});
  }
  if (orphans.empty()) return {};
  return backend_.put_telemetry(orphans);
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
  tell_newcomers();
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
  registry_.settle();
  tell_newcomers();
  auto due = Registry::Due::kNews;
  if (now >= seen_again_at_) {
    due = Registry::Due::kAll;
    seen_again_at_ = now + options_.seen_again_every_seconds;
  }
  Result<bool> more = true;
  for (std::size_t written = 0; more && *more && written < options_.rows_per_second_max;
       written += options_.batch_rows_max) {
    more = write_some(due);
  }
  // What is left of those seen again goes on in the next second.
  if (more && *more && due == Registry::Due::kAll) seen_again_at_ = now;
  if (more.has_value() != writes_work_) {
    writes_work_ = more.has_value();
    if (writes_work_) {
      base::log::info("the workload registry is kept again");
    } else {
      base::log::warning("the workload registry cannot be kept in the store now",
                         {{"why", more.error().message}});
    }
  }
}

Result<void> Keeper::flush() {
  registry_.settle();
  while (true) {
    auto more = write_some(Registry::Due::kAll);
    if (!more) return pass(more);
    if (!*more) return {};
  }
}

// True when there may be more to write.
Result<bool> Keeper::write_some(Registry::Due due) {
  const Registry::Changes changes = registry_.take_changes(due, options_.batch_rows_max);
  if (changes.records.empty() && changes.gone.empty() && !changes.forgotten) return false;
  std::vector<store::Telemetry> batch;
  std::vector<GroupKeysPointer> lists;
  const auto write = [&]() -> Result<void> {
    if (changes.forgotten) {
      auto sealed = codec_.seal(*changes.forgotten);
      if (!sealed) return pass(sealed);
      batch.push_back({std::string(kForgottenRow), std::move(*sealed)});
    }
    for (const auto& workload : changes.gone) batch.push_back({codec_.key_of(workload), {}});
    for (const Record& record : changes.records) {
      for (const Received& received : record.received) {
        if (received.what->kept) continue;
        const std::string row = RowCodec::key_of(*received.what);
        auto sealed = codec_.seal(row, *received.what);
        if (!sealed) return pass(sealed);
        batch.push_back({row, std::move(*sealed)});
        received.what->kept = true;
        lists.push_back(received.what);
      }
      const std::string row = codec_.key_of(record.workload);
      auto sealed = codec_.seal(row, record);
      if (!sealed) return pass(sealed);
      batch.push_back({row, std::move(*sealed)});
    }
    return backend_.put_telemetry(batch);
  };
  if (auto written = write(); !written) {
    for (const auto& list : lists) list->kept = false;
    registry_.give_back(changes);
    return pass(written);
  }
  return changes.records.size() >= options_.batch_rows_max ||
         changes.gone.size() >= options_.batch_rows_max;
}

void Keeper::tell_newcomers() {
  const auto counters = registry_.counters();
  std::vector<audit::Event> events;
  if (counters.evicted > told_evicted_) {
    base::log::warning("the workload registry is full: those unseen for longest were forgotten",
                       {{"forgotten", static_cast<std::int64_t>(counters.evicted)}});
    events.push_back({.time = base::SystemClock().now(),
                      .event = "workload.evicted",
                      .count = counters.evicted - told_evicted_});
    told_evicted_ = counters.evicted;
  }
  const auto newcomers = registry_.take_newcomers(options_.events_per_second_max);
  for (const Record& record : newcomers.workloads) {
    events.push_back({.time = record.first_seen,
                      .event = "workload.new",
                      .team = record.workload.team,
                      .project_id = record.workload.project_id,
                      .object_id = record.workload.object_id,
                      .object_type = record.workload.object_type,
                      .remote = record.last.remote,
                      .key_id = record.last.key_id});
  }
  if (newcomers.more > 0) {
    const auto time = events.empty() ? base::SystemClock().now() : events.back().time;
    events.push_back({.time = time, .event = "workload.new", .count = newcomers.more});
  }
  if (events.empty()) return;
  if (auto written = audit_.append(events, audit::Durability::kWritten); !written) {
    base::log::warning("new workloads could not be recorded in the audit",
                       {{"why", written.error().message}});
  }
}

}  // namespace sutler::registry
