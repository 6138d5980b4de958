#include "resolve/reference_check.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "resolve/cycle_search.h"
#include "resolve/overlap.h"
#include "resolve/probe_workloads.h"
#include "resolve/template.h"

namespace sutler::resolve {
namespace {

// What is looked at for one save. Over that it is said that not everything was.
constexpr std::size_t kStoredGroupsMax = 100'000;
constexpr std::size_t kOverlapsMax = 500'000;
constexpr std::size_t kProbesMax = 10'000;
constexpr std::size_t kProbesOfGroupMax = 256;
constexpr std::size_t kProbesOfPairMax = 16;
constexpr std::size_t kOpenedMax = 5'000;
constexpr std::size_t kMatchesMax = 5'000'000;
constexpr std::size_t kWarningsMax = 10;

// The variables that each entry with a template names; paths are keys as well.
using References = std::map<std::string, std::vector<std::string>, std::less<>>;

void add_references(References& all, const std::string& key, const model::Value& value) {
  const auto* const text = std::get_if<model::Template>(&value);
  if (text == nullptr) return;
  const auto parts = parse_template(text->text.expose());
  if (!parts) return;  // was refused before, or fails the fetch by itself
  for (const Part& part : *parts) {
    if (const auto* const other = std::get_if<VariablePart>(&part)) {
      all[key].push_back(other->name);
    }
  }
}

References references_of(const model::Group& group) {
  References all;
  for (const auto& [name, variable] : group.variables) add_references(all, name, variable.value);
  for (const auto& [path, file] : group.files) add_references(all, path, file.data);
  return all;
}

// A group as the check sees it: of the save, or of the store and opened when it has to be.
struct Member {
  const model::GroupHeader* header = nullptr;
  const store::GroupRecord* record = nullptr;  // null: of the save
  std::vector<std::string_view> keys;          // sorted
  std::optional<References> references;
  std::optional<bool> expands;  // it has secretsFrom: which variables that gives is not known here

  [[nodiscard]] bool has(std::string_view key) const {
    return std::ranges::binary_search(keys, key);
  }
};

Member member_of(const model::Group& group) {
  Member member{&group.header, nullptr, {}, references_of(group), !group.secrets_from.empty()};
  for (const auto& [name, unused] : group.variables) member.keys.push_back(name);
  for (const auto& [path, unused] : group.files) member.keys.push_back(path);
  std::ranges::sort(member.keys);
  return member;
}

Member member_of(const store::GroupRecord& record) {
  store::GroupRecord::Keys keys = record.keys();
  Member member{&record.header(), &record, std::move(keys.variables), std::nullopt, std::nullopt};
  member.keys.insert(member.keys.end(), keys.files.begin(), keys.files.end());
  std::ranges::sort(member.keys);
  return member;
}

class ReferenceCheck {
 public:
  ReferenceCheck(const View& view, const std::vector<model::Group>& groups, const Visible& visible)
      : view_(view), visible_(visible) {
    saved_.reserve(groups.size());
    for (const model::Group& group : groups) {
      Member& member = saved_.emplace_back(member_of(group));
      names_.insert({group.header.team, group.header.name});
      if (!member.references->empty()) templated_.push_back({&member, {}, {}, false});
    }
  }

  base::Result<std::vector<std::string>> run() {
    if (templated_.empty()) return warnings_;
    find_partners();
    for (const Templated& one : templated_) {
      for (const auto& probe : probes(one, model::Restrictions(), kProbesOfGroupMax)) {
        const auto members = members_of(probe.workload);
        if (auto good = check_names(one, probe, members); !good) return base::pass(good);
        if (auto good = check_cycle(one, members); !good) return base::pass(good);
      }
      for (const Member* partner : one.partners) {
        for (const auto& probe : probes(one, partner->header->restrictions, kProbesOfPairMax)) {
          auto good = check_cycle(one, members_of(probe.workload));
          if (!good) return base::pass(good);
        }
      }
    }
    if (hidden_warnings_ > 0) {
      warnings_.push_back("and " + std::to_string(hidden_warnings_) + " more such templates");
    }
    if (incomplete_) {
      warnings_.emplace_back(
          "not every template was looked at together with all other groups: there are too many");
    }
    return std::move(warnings_);
  }

 private:
  // A saved group with templates, and what others have for them.
  struct Templated {
    const Member* member;
    std::vector<const Member*> partners;  // can match the same workload and have a name it names
    std::set<std::string_view> provided;  // those names
    bool meets_hidden = false;            // can match a workload of a group that may not be told of
  };

  void find_partners() {
    std::map<std::string_view, std::vector<std::size_t>> wanted;  // by name: of templated_
    for (std::size_t i = 0; i < templated_.size(); ++i) {
      for (const auto& [key, names] : *templated_[i].member->references) {
        for (const std::string& name : names) {
          auto& list = wanted[name];
          if (list.empty() || list.back() != i) list.push_back(i);
        }
      }
    }
    for (const Member& member : saved_) match_up(wanted, member);
    if (view_.snapshot->groups.size() > kStoredGroupsMax) {
      incomplete_ = true;
      return;
    }
    view_.snapshot->groups.for_all([&](const MatchIndex::Pointer& record) {
      const model::GroupHeader& header = record->header();
      if (names_.contains({header.team, header.name})) return;  // is replaced
      if (!is_told(header)) meet_hidden(header);
      const store::GroupRecord::Keys keys = record->keys();
      const auto is_wanted = [&](std::string_view key) { return wanted.contains(key); };
      if (std::ranges::any_of(keys.variables, is_wanted)) match_up(wanted, stored(*record));
    });
  }

  [[nodiscard]] bool is_told(const model::GroupHeader& header) const {
    return !visible_ || visible_(header);
  }

  void meet_hidden(const model::GroupHeader& header) {
    for (Templated& one : templated_) {
      const model::GroupHeader& own = *one.member->header;
      if (one.meets_hidden || own.team != header.team) continue;
      one.meets_hidden =
          overlaps_ == 0 || restrictions_overlap(own.restrictions, header.restrictions, overlaps_);
    }
  }

  void match_up(const std::map<std::string_view, std::vector<std::size_t>>& wanted,
                const Member& member) {
    for (const std::string_view key : member.keys) {
      const auto found = wanted.find(key);
      if (found == wanted.end()) continue;
      for (const std::size_t i : found->second) {
        Templated& one = templated_[i];
        if (&member == one.member || one.member->header->team != member.header->team) continue;
        if (one.partners.empty() || one.partners.back() != &member) {
          if (!restrictions_overlap(one.member->header->restrictions, member.header->restrictions,
                                    overlaps_)) {
            incomplete_ = incomplete_ || overlaps_ == 0;
            continue;
          }
          one.partners.push_back(&member);
        }
        if (is_told(*member.header)) one.provided.insert(key);
      }
    }
  }

  std::vector<ProbeWorkload> probes(const Templated& one, const model::Restrictions& other,
                                    std::size_t max) {
    const model::GroupHeader& header = *one.member->header;
    auto found = probe_workloads(header.team, header.restrictions, other, max);
    incomplete_ = incomplete_ || found.size() >= max;
    const std::size_t left = kProbesMax - std::min(kProbesMax, probed_);
    if (found.size() > left || matched_ > kMatchesMax || opened_ > kOpenedMax) {
      incomplete_ = true;
      found.clear();
    }
    probed_ += found.size();
    return found;
  }

  Member& stored(const store::GroupRecord& record) {
    const auto [at, is_new] = stored_.try_emplace(&record);
    if (is_new) at->second = member_of(record);
    return at->second;
  }

  // The groups of the workload after the save, in merge order.
  std::vector<Member*> members_of(const model::Workload& workload) {
    std::vector<Member*> members;
    for (const auto& record : view_.index.find(workload)) {
      if (names_.contains({record->header().team, record->header().name})) continue;
      members.push_back(&stored(*record));
    }
    matched_ += saved_.size();
    for (Member& member : saved_) {
      const model::GroupHeader& header = *member.header;
      if (header.team == workload.team && model::matches(header.restrictions, workload)) {
        members.push_back(&member);
      }
    }
    std::ranges::sort(members, [](const Member* a, const Member* b) {
      return before_in_merge(*a->header, *b->header);
    });
    return members;
  }

  static Member* winner(const std::vector<Member*>& members, std::string_view key) {
    const auto found =
        std::ranges::find_if(members, [key](const Member* one) { return one->has(key); });
    return found == members.end() ? nullptr : *found;
  }

  const References& references(Member& member) {
    if (!member.references) open(member);
    return *member.references;
  }

  void open(Member& member) {
    ++opened_;
    auto group = member.record->open();
    member.references = group ? references_of(*group) : References();
    member.expands = group && !group->secrets_from.empty();
  }

  bool expands(Member& member) {
    if (!member.expands) open(member);
    return *member.expands;
  }

  // As if groups that may not be told of were not there. Where there are some, a name that the
  // others do not have is a warning, the same whether or not one of those has it.
  base::Result<void> check_names(const Templated& one, const ProbeWorkload& probe,
                                 std::vector<Member*> members) {
    std::erase_if(members, [this](const Member* other) {
      return other->record != nullptr && !is_told(*other->header);
    });
    for (const auto& [key, names] : *one.member->references) {
      if (winner(members, key) != one.member) continue;  // loses: is not evaluated
      for (const std::string& name : names) {
        if (winner(members, name) != nullptr) continue;
        if (one.meets_hidden) {
          warn_of_hidden(one, key, name);
          continue;
        }
        if (std::ranges::any_of(members, [this](Member* other) { return expands(*other); })) {
          continue;
        }
        const bool somebody_has = one.provided.contains(name);
        if ((somebody_has && !probe.exact) || (!somebody_has && incomplete_)) {
          warn(one, key, name);
          continue;
        }
        return unknown(one, key, name, somebody_has ? &probe.workload : nullptr);
      }
    }
    return {};
  }

  void warn(const Templated& one, std::string_view key, std::string_view name) {
    warn(one, key, name, "which not all of its workloads have: a fetch of the others fails");
  }
  void warn_of_hidden(const Templated& one, std::string_view key, std::string_view name) {
    warn(one, key, name,
         "which no group that you may see gives to all of its workloads: if no other does, a fetch "
         "fails");
  }
  void warn(const Templated& one, std::string_view key, std::string_view name,
            std::string_view what) {
    if (!told_.insert({one.member, name}).second) return;
    if (warnings_.size() >= kWarningsMax) {
      ++hidden_warnings_;
      return;
    }
    warnings_.push_back("group " + one.member->header->name + ": the template of " +
                        std::string(key) + " names ${" + std::string(name) + "}, " +
                        std::string(what));
  }

  static base::Unexpected unknown(const Templated& one, std::string_view key, std::string_view name,
                                  const model::Workload* workload) {
    std::string who = "no group gives to a workload of this one";
    if (workload != nullptr) {
      who = workload->object_type + " " + workload->object_id + " of project " +
            workload->project_id + " would not have";
    }
    return base::fail(base::Code::kInvalid,
                      "group " + one.member->header->name + ": the template of " +
                          std::string(key) + " names ${" + std::string(name) + "}, which " + who,
                      "correct the name, or save the group that has it first or together with "
                      "this one",
                      "unknown_name");
  }

  // "A (group)", for those who may know it.
  [[nodiscard]] std::string step(std::string_view key, const Member& owner) const {
    const bool told = owner.record == nullptr || is_told(*owner.header);
    return told ? std::string(key) + " (" + owner.header->name + ")" : "a group you may not see";
  }

  // From the templates of the group on, as far as they reach.
  base::Result<void> check_cycle(const Templated& one, const std::vector<Member*>& members) {
    ReferenceGraph graph;
    std::map<std::string_view, const Member*> owners;
    std::vector<std::string_view> next;
    for (const auto& [key, unused] : *one.member->references) next.push_back(key);
    while (!next.empty()) {
      const std::string_view key = next.back();
      next.pop_back();
      Member* const owner = winner(members, key);
      if (owner == nullptr || !owners.emplace(key, owner).second) continue;
      const References& all = references(*owner);
      const auto found = all.find(key);
      if (found == all.end()) continue;
      for (const std::string& name : found->second) {
        graph[key].push_back(name);
        next.push_back(name);
      }
    }
    const std::vector<std::string_view> cycle = find_cycle(graph);
    if (cycle.empty()) return {};
    std::string way;
    for (const std::string_view key : cycle) way += step(key, *owners.at(key)) + " -> ";
    return base::fail(base::Code::kInvalid,
                      "group " + one.member->header->name +
                          ": with other groups its templates go round in a cycle: " + way +
                          step(cycle.front(), *owners.at(cycle.front())),
                      "give one of them a value of its own", "template_cycle");
  }

  const View& view_;
  const Visible& visible_;
  std::vector<Member> saved_;
  std::set<std::pair<std::string_view, std::string_view>> names_;  // team, name of each saved
  std::vector<Templated> templated_;
  std::unordered_map<const store::GroupRecord*, Member> stored_;
  std::set<std::pair<const Member*, std::string_view>> told_;
  std::vector<std::string> warnings_;
  std::size_t hidden_warnings_ = 0;
  std::size_t overlaps_ = kOverlapsMax, probed_ = 0, opened_ = 0, matched_ = 0;
  bool incomplete_ = false;
};

}  // namespace

base::Result<std::vector<std::string>> check_references(const View& view,
                                                        const std::vector<model::Group>& groups,
                                                        const Visible& visible) {
  return ReferenceCheck(view, groups, visible).run();
}

}  // namespace sutler::resolve
