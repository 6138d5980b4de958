#include "store/opener_pool.h"

#include <algorithm>
#include <system_error>

namespace sutler::store {

using base::Result;

namespace {
// Small enough that what one thread read is still in the cache when another opens it.
constexpr std::size_t kBatchRecords = 128;
constexpr std::size_t kQueueBatchesMax = 4;
}  // namespace

OpenerPool::~OpenerPool() {
  {
    const std::lock_guard lock(queue_mutex_);
    closed_ = true;
    queue_.clear();
  }
  queue_moved_.notify_all();
  for (auto& thread : threads_) thread.join();
}

Result<void> OpenerPool::add(Record&& record) {
  filling_.push_back(std::move(record));
  if (filling_.size() < kBatchRecords) return {};
  return hand_over();
}

Result<void> OpenerPool::hand_over() {
  if (threads_.empty()) start_threads();
  if (threads_.empty()) {
    Scratch scratch;
    const Batch batch = std::exchange(filling_, {});
    return open_batch(batch, scratch);
  }
  std::unique_lock lock(queue_mutex_);
  queue_moved_.wait(lock, [&] { return error_ || queue_.size() < kQueueBatchesMax; });
  if (error_) return base::Unexpected(*error_);
  queue_.push_back(std::exchange(filling_, {}));
  filling_.reserve(kBatchRecords);
  lock.unlock();
  queue_moved_.notify_all();
  return {};
}

void OpenerPool::start_threads() {
  const unsigned wanted = std::max(1U, std::thread::hardware_concurrency());
  try {
    for (unsigned i = 0; i < wanted; ++i) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    // No more threads to be had: those that there are, or this one, do it.
  }
}

void OpenerPool::work() {
  Scratch scratch;
  std::unique_lock lock(queue_mutex_);
  while (true) {
    queue_moved_.wait(lock, [&] { return closed_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const Batch batch = std::move(queue_.front());
    queue_.pop_front();
    const bool failed = error_.has_value();
    lock.unlock();
    queue_moved_.notify_all();
    Result<void> opened;
    if (!failed) opened = open_batch(batch, scratch);
    lock.lock();
    if (!opened && !error_) error_ = std::move(opened.error());
  }
}

Result<void> OpenerPool::open_batch(const Batch& batch, Scratch& scratch) {
  std::vector<OpenedRecord> opened;
  opened.reserve(batch.size());
  for (const Record& record : batch) {
    auto one = codec_.open(record, scratch);
    if (!one) return pass(one);
    opened.push_back(std::move(*one));
  }
  const std::lock_guard lock(state_mutex_);
  for (auto& one : opened) gather(std::move(one));
  return {};
}

void OpenerPool::gather(OpenedRecord&& record) {
  toggle(head_.set_hash, record.held.mark);
  ++head_.count;
  if (record.group) {
    groups_.push_back({Snapshot::group_hash(record.team, record.name), std::move(record.group)});
    return;
  }
  if (record.deleted_group) {
    deleted_.push_back({Snapshot::group_hash(record.team, record.name), record.deleted_group});
  }
  others_.insert_or_assign(held_key(record.kind, record.id), record.held);
  if (record.team_record) {
    teams_.insert_or_assign(record.team, std::move(record.team_record));
  } else if (record.operator_record) {
    operators_.put(std::move(record.operator_record));
  } else if (record.seed) {
    audit_seed_ = std::move(*record.seed);
  }
}

std::shared_ptr<Snapshot> OpenerPool::make_snapshot() {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->teams = std::move(teams_);
  snapshot->operators = std::make_shared<const OperatorTable>(std::move(operators_));
  // In ascending order each entry goes to the end of its place in the table, and moves none.
  std::ranges::sort(groups_, {}, &Filed::hash);
  for (Filed& filed : groups_) snapshot->groups.insert(filed.hash, std::move(filed.group));
  groups_ = {};
  std::ranges::sort(deleted_, {}, &Gone::hash);
  for (Gone& gone : deleted_) snapshot->deleted.insert(gone.hash, std::move(gone.group));
  deleted_ = {};
  return snapshot;
}

Result<State> OpenerPool::finish() {
  if (!threads_.empty()) {
    {
      const std::lock_guard lock(queue_mutex_);
      closed_ = true;
    }
    queue_moved_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }
  if (error_) return base::Unexpected(*error_);
  Scratch scratch;
  const Batch rest = std::exchange(filling_, {});
  auto opened = open_batch(rest, scratch);
  if (!opened) return pass(opened);
  return State{head_, make_snapshot(), std::move(others_), std::move(audit_seed_)};
}

}  // namespace sutler::store
