// The merge rules, as pure functions: which entry of which group wins each key.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/workload.h"
#include "source/sources.h"
#include "store/open_entries.h"
#include "store/snapshot.h"

namespace sutler::resolve {

// What `secretsFrom` of a group became.
struct Expanded {
  struct Item {
    std::string source;
    std::string ref;
    source::Found::State state = source::Found::State::kUnknown;
    std::optional<source::Origin> origin;
  };
  struct Field {
    std::size_t item = 0;  // position in `items`
    std::string name;      // in the object
  };
  std::vector<Item> items;                           // all of `secretsFrom`, in its order
  std::map<std::string, Field, std::less<>> fields;  // by the name of the variable
};

// A matching group, opened.
struct OpenGroup {
  std::shared_ptr<const store::GroupRecord> record;
  std::shared_ptr<const store::OpenEntries> entries;  // with what was expanded
  std::shared_ptr<const Expanded> expanded = {};      // null: it has no secretsFrom
};

// One key of the merged bundle: where it comes from and what it beat, in merge order.
template <class Entry>
struct Winner {
  std::string_view key;  // variable name or file path; into the entries
  const Entry* entry = nullptr;
  std::size_t group = 0;                // position in the list of groups
  std::vector<std::size_t> overridden;  // positions, in merge order
};

struct Merged {
  std::vector<Winner<store::VariableView>> variables;  // sorted by name
  std::vector<Winner<store::FileView>> files;          // sorted by path
};

enum class Overridden { kForget, kKeep };  // the fetch needs no story

// `groups` in merge order (MatchIndex::find). The result points into them.
[[nodiscard]] Merged merge(const std::vector<OpenGroup>& groups, Overridden overridden);

}  // namespace sutler::resolve
