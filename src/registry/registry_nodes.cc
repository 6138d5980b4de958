// What other nodes say of workloads.
#include <algorithm>
#include <limits>
#include <utility>

#include "registry/registry.h"

namespace sutler::registry {

void Registry::put_part(const std::string& node, std::uint64_t load, Record record) {
  const std::unique_lock lock(mutex_);
  const std::string* id = &*nodes_.insert(node).first;
  auto& entry = records_[record.workload];
  if (!entry) entry = std::make_unique<Entry>();
  if (NodePart* known = entry->find(node)) {
    known->load = load;
    known->record = std::move(record);
    return;
  }
  auto& others = entry->others;
  const auto place = std::ranges::upper_bound(
      others, node, {}, [](const NodePart& part) -> const auto& { return *part.node; });
  others.insert(place, NodePart{id, load, std::move(record)});
  if (records_.size() > options_.workloads_max) evict();
}

void Registry::drop_part(const std::string& node, const model::Workload& workload) {
  const std::unique_lock lock(mutex_);
  const auto at = records_.find(workload);
  if (at == records_.end()) return;
  std::erase_if(at->second->others, [&](const NodePart& part) { return *part.node == node; });
  if (at->second->empty()) records_.erase(at);
}

void Registry::drop_older(const std::string& node, std::uint64_t load) {
  const std::unique_lock lock(mutex_);
  std::erase_if(records_, [&](const auto& item) {
    std::erase_if(item.second->others,
                  [&](const NodePart& part) { return *part.node == node && part.load < load; });
    return item.second->empty();
  });
}

void Registry::put_forgotten(const std::string& node, const Forgotten& forgotten) {
  const std::unique_lock lock(mutex_);
  others_forgotten_.insert_or_assign(node, forgotten);
}

void Registry::drop_node(const std::string& node) {
  drop_older(node, std::numeric_limits<std::uint64_t>::max());
  const std::unique_lock lock(mutex_);
  others_forgotten_.erase(node);
}

Record Registry::with_part(const Entry& entry, const NodePart& part) const {
  const Record* both[] = {entry.own.get(), &part.record};
  // In order of the nodes' ids, as view() has it.
  if (*part.node < options_.node) std::swap(both[0], both[1]);
  Record joined = entry.own ? merge_parts(both) : part.record;
  if (joined.received.size() > options_.versions_max) draw_together(joined);
  return joined;
}

std::vector<Record> Registry::adoptable(const std::string& node, std::size_t max) const {
  const std::shared_lock lock(mutex_);
  std::vector<Record> found;
  for (const auto& [workload, entry] : records_) {
    if (found.size() == max) break;
    if (const NodePart* part = entry->find(node)) found.push_back(with_part(*entry, *part));
  }
  return found;
}

void Registry::adopt(const std::string& node, const std::vector<Record>& records) {
  const std::unique_lock lock(mutex_);
  for (const Record& record : records) {
    const auto at = records_.find(record.workload);
    if (at == records_.end()) continue;
    Entry& entry = *at->second;
    const NodePart* part = entry.find(node);
    if (part == nullptr) continue;
    // Joined anew: more may have been noted since adoptable().
    entry.own = std::make_unique<Record>(with_part(entry, *part));
    std::erase_if(entry.others, [&](const NodePart& one) { return *one.node == node; });
  }
}

Forgotten Registry::own_forgotten_with(const std::string& node) const {
  const std::shared_lock lock(mutex_);
  Forgotten both = forgotten_;
  if (const auto at = others_forgotten_.find(node); at != others_forgotten_.end()) {
    both.count += at->second.count;
    both.last = std::max(both.last, at->second.last);
  }
  return both;
}

void Registry::adopt_forgotten(const std::string& node) {
  const Forgotten both = own_forgotten_with(node);
  const std::unique_lock lock(mutex_);
  forgotten_ = both;
  others_forgotten_.erase(node);
}

void Registry::drop_own() {
  const std::unique_lock lock(mutex_);
  std::erase_if(records_, [](const auto& item) {
    item.second->own.reset();
    return item.second->empty();
  });
  news_.clear();
  seen_again_.clear();
  gone_.clear();
  forgotten_ = {};
  forgotten_changed_ = false;
  lists_.forget_rows();
}

bool Registry::saw_first(const model::Workload& workload) const {
  const std::shared_lock lock(mutex_);
  const auto at = records_.find(workload);
  return at == records_.end() || at->second->own_is_first(options_.node);
}

}  // namespace sutler::registry
