// What drift has to know of a group as it was received and as it is now, in numbers instead of
// names: found once, used for every workload. Not thread-safe; of one view.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "registry/record.h"
#include "resolve/resolver.h"
#include "resolve/versions.h"

namespace sutler::resolve {

// Numbers for names: of keys, groups and teams.
using NameId = std::uint32_t;
class NameIds {
 public:
  [[nodiscard]] NameId of(std::string_view name);
  [[nodiscard]] const std::string& name(NameId id) const { return names_[id]; }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  std::deque<std::string> names_;  // does not move them
  std::unordered_map<std::string_view, NameId> ids_;
};

// A group and the keys that it gave to somebody.
struct Given {
  registry::GroupKeysPointer what;  // held, so that its address stays its own
  NameId group = 0;
  std::vector<NameId> keys;
};

// A group as it is now.
struct Current {
  struct Linked {  // a template, and the keys that it names
    NameId key = 0;
    std::vector<NameId> names;
  };
  const store::GroupRecord* record = nullptr;
  NameId group = 0;
  std::vector<NameId> keys;
  std::optional<std::vector<Linked>> templates;  // nothing: nobody asked yet
};

// A version that was received beside a group as it is now: what is known of each key of the Given.
struct Beside {
  enum class Answer : std::uint8_t { kNotAsked, kYes, kNo, kUnknown };
  const Given* given = nullptr;
  std::uint64_t version = 0;
  Current* current = nullptr;
  std::vector<Answer> same;         // whether the value is the same
  std::vector<Answer> expanded;     // whether it came out of secretsFrom and still would
  Answer told = Answer::kNotAsked;  // whether the values of both may be told
};

class DriftFacts {
 public:
  DriftFacts(Versions& versions, Visible reveals)
      : versions_(versions), reveals_(std::move(reveals)) {}

  [[nodiscard]] NameIds& names() { return names_; }
  // References hold for the life of this.
  [[nodiscard]] const Given& given(const registry::GroupKeysPointer& what);
  [[nodiscard]] Current& current(const MatchIndex::Pointer& group);
  [[nodiscard]] Beside& beside(const Given& given, std::uint64_t version, Current& current);

  // Whether the values of both may be told: of what was received as it was then and as it is now.
  [[nodiscard]] bool may_compare(Beside& both);
  // kUnknown: a version is not kept any more. `place` is that of the key in the Given.
  [[nodiscard]] Beside::Answer same(Beside& both, std::size_t place);
  // Variables that came out of a group's secretsFrom and still would: no header names them.
  [[nodiscard]] Beside::Answer expanded(Beside& both, std::size_t place);
  [[nodiscard]] const std::vector<Current::Linked>& templates(Current& current);

 private:
  struct Place {
    const Given* given;
    std::uint64_t version;
    const Current* current;
    bool operator==(const Place&) const = default;
  };
  struct HashPlace {
    std::size_t operator()(const Place& place) const;
  };
  [[nodiscard]] GroupVersion was(const Beside& both) const;
  [[nodiscard]] static GroupVersion is(const Current& current);

  Versions& versions_;
  const Visible reveals_;
  NameIds names_;
  std::unordered_map<const registry::GroupKeys*, Given> given_;
  std::unordered_map<const store::GroupRecord*, Current> current_;
  std::unordered_map<Place, Beside, HashPlace> beside_;
};

}  // namespace sutler::resolve
