// One workload in memory: what this node saw of it, what each other node says that it saw, and both
// together.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "registry/record.h"

namespace sutler::registry {

// The parts of several nodes, in order of the nodes' ids, as one record: first seen is the
// earliest, last failure the latest, counts add up; a version was received from the earliest to the
// latest time of all. When it was last seen, and the last bundle, are those of the part that is
// last by `order`; where two are equal, of the first of them. Parts must not be empty.
[[nodiscard]] Record merge_parts(std::span<const Record* const> parts);

// What another node says.
struct NodePart {
  const std::string* node = nullptr;  // owned by the registry
  std::uint64_t load = 0;             // the number of the reading that brought it
  Record record;
};

struct Entry {
  std::unique_ptr<Record> own;   // null: only others saw it
  std::vector<NodePart> others;  // by id of node

  [[nodiscard]] bool empty() const { return !own && others.empty(); }
  [[nodiscard]] base::UnixTime asked() const;
  // This node answered a fetch at that time: it is later than all that is known of others, whatever
  // their clocks said.
  void put_own_last(base::UnixTime time);
  // All parts as one; into `scratch` where there are several. `node` is this node's id.
  [[nodiscard]] const Record& view(std::string_view node, Record& scratch) const;
  // Whether this node's part tells of the latest request, or of the first: of two that are equal
  // the node with the lesser id counts.
  [[nodiscard]] bool own_is_latest(std::string_view node) const;
  [[nodiscard]] bool own_is_first(std::string_view node) const;
  [[nodiscard]] NodePart* find(std::string_view node);
};

}  // namespace sutler::registry
