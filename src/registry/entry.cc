#include "registry/entry.h"

#include <algorithm>
#include <utility>

namespace sutler::registry {
namespace {

Received* find_row(std::vector<Received>& rows, const Received& wanted) {
  const auto at = std::ranges::find_if(rows, [&](const Received& row) {
    return row.what == wanted.what && row.version == wanted.version &&
           row.version_last == wanted.version_last;
  });
  return at == rows.end() ? nullptr : &*at;
}

}  // namespace

Record merge_parts(std::span<const Record* const> parts) {
  Record out;
  out.workload = parts.front()->workload;
  out.first_seen = parts.front()->first_seen;
  const Record* newest = parts.front();
  const Record* asked = parts.front();
  for (const Record* part : parts) {
    out.first_seen = std::min(out.first_seen, part->first_seen);
    out.count += part->count;
    out.failures += part->failures;
    if (part->last_failed > out.last_failed) {
      out.last_failed = part->last_failed;
      out.last_failure = part->last_failure;
    }
    out.arrived = std::max(out.arrived, part->arrived);
    if (part->asked_order() > asked->asked_order()) asked = part;
    if (part->order > newest->order) newest = part;
    for (const Received& row : part->received) {
      if (Received* known = find_row(out.received, row)) {
        known->first = std::min(known->first, row.first);
        known->last = std::max(known->last, row.last);
      } else {
        out.received.push_back(row);
        out.received.back().in_last_bundle = false;
      }
    }
  }
  out.last_seen = newest->last_seen;
  out.order = newest->order;
  out.last = asked->last;
  for (const Received& row : newest->received) {
    if (row.in_last_bundle) find_row(out.received, row)->in_last_bundle = true;
  }
  return out;
}

base::UnixTime Entry::asked() const {
  base::UnixTime latest = own ? own->asked() : others.front().record.asked();
  for (const NodePart& part : others) latest = std::max(latest, part.record.asked());
  return latest;
}

void Entry::put_own_last(base::UnixTime time) {
  own->order = std::max(own->order, time);
  for (const NodePart& part : others) {
    if (part.record.order >= own->order) {
      own->order = part.record.order + std::chrono::microseconds(1);
    }
  }
}

const Record& Entry::view(std::string_view node, Record& scratch) const {
  if (others.empty()) return *own;
  if (!own && others.size() == 1) return others.front().record;
  std::vector<const Record*> parts;
  parts.reserve(others.size() + 1);
  const Record* waiting = own.get();
  for (const NodePart& part : others) {
    if (waiting != nullptr && node < *part.node) parts.push_back(std::exchange(waiting, nullptr));
    parts.push_back(&part.record);
  }
  if (waiting != nullptr) parts.push_back(waiting);
  scratch = merge_parts(parts);
  return scratch;
}

bool Entry::own_is_latest(std::string_view node) const {
  return own && std::ranges::none_of(others, [&](const NodePart& part) {
           const auto theirs = part.record.asked();
           return theirs > own->asked() || (theirs == own->asked() && *part.node < node);
         });
}

bool Entry::own_is_first(std::string_view node) const {
  return own && std::ranges::none_of(others, [&](const NodePart& part) {
           const auto theirs = part.record.first_seen;
           return theirs < own->first_seen || (theirs == own->first_seen && *part.node < node);
         });
}

NodePart* Entry::find(std::string_view node) {
  const auto at =
      std::ranges::find_if(others, [&](const NodePart& part) { return *part.node == node; });
  return at == others.end() ? nullptr : &*at;
}

}  // namespace sutler::registry
