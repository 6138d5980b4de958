#include "resolve/drift.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "resolve/drift_facts.h"

namespace sutler::resolve {
namespace {

using Found = std::vector<MatchIndex::Pointer>;
using Numbers = std::vector<std::uint64_t>;

bool all_the_same(const registry::Record& record, const Found& now) {
  std::size_t then = 0;
  for (const registry::Received& row : record.received) {
    if (!row.in_last_bundle) continue;
    ++then;
    const bool there = std::ranges::any_of(now, [&](const auto& group) {
      return group->version() == row.version && group->header().name == row.what->group;
    });
    if (!there) return false;
  }
  return then == now.size();
}

struct HashNumbers {
  std::size_t operator()(const Numbers& numbers) const {
    std::uint64_t hash = numbers.size();
    for (const std::uint64_t number : numbers) {
      hash = (hash ^ number) * 0x9e3779b97f4a7c15ULL;
      hash ^= hash >> 29;
    }
    return hash;
  }
};

std::uint64_t number_of(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

}  // namespace

std::string_view to_word(KeyDrift::State state) {
  switch (state) {
    case KeyDrift::State::kChanged: return "changed";
    case KeyDrift::State::kAdded: return "added";
    case KeyDrift::State::kRemoved: return "removed";
    case KeyDrift::State::kUnknown: return "unknown";
  }
  return {};
}

// One workload after another is laid out on a table of all keys: who gave each at the last fetch,
// who would now. A turn has its own number, so that nothing need be cleared for the next.
class DriftJudge::Impl {
 public:
  Impl(Versions& versions, Visible reveals)
      : versions_(versions), facts_(versions, std::move(reveals)) {}

  std::shared_ptr<const KeyDrifts> judge(const registry::Record& record);

 private:
  using Shared = std::shared_ptr<const KeyDrifts>;
  struct Row {
    const Given* given = nullptr;
    std::uint64_t version = 0;
  };
  struct Then {
    std::uint32_t turn = 0;
    std::uint32_t row = 0;
    std::uint32_t place = 0;  // of the key in the row's Given
  };
  struct Now {
    std::uint32_t turn = 0;
    std::uint32_t at = 0;  // in now_, which is in merge order
  };
  struct Cell {
    Then then;
    Now now;
    std::uint32_t drifting = 0;  // the turn in which it drifts
  };
  struct Drifting {
    NameId key = 0;
    KeyDrift::State state = KeyDrift::State::kChanged;
  };

  [[nodiscard]] Numbers place_of(const registry::Record& record, const Found& found);
  void lay_out();
  void add_expanded();
  void compare();
  void compare(NameId key, const Cell& cell);
  void follow_templates();
  void drifts(NameId key, KeyDrift::State state);
  [[nodiscard]] bool gave(const Cell& cell) const { return cell.then.turn == turn_; }
  [[nodiscard]] bool gives(const Cell& cell) const { return cell.now.turn == turn_; }
  [[nodiscard]] Cell& cell(NameId key);
  [[nodiscard]] Shared outcome(const std::string& team);

  Versions& versions_;
  DriftFacts facts_;
  std::vector<Cell> cells_;  // by key
  std::uint32_t turn_ = 0;
  std::vector<Row> rows_;      // of the last fetch
  std::vector<Current*> now_;  // that match now
  std::vector<Drifting> drifts_;
  std::unordered_map<Numbers, Shared, HashNumbers> known_;     // by what came and what would
  std::unordered_map<Numbers, Shared, HashNumbers> outcomes_;  // by what drifts
};

DriftJudge::DriftJudge(Versions& versions, Visible reveals)
    : impl_(std::make_unique<Impl>(versions, std::move(reveals))) {}
DriftJudge::~DriftJudge() = default;

std::shared_ptr<const KeyDrifts> DriftJudge::judge(const registry::Record& record) {
  return impl_->judge(record);
}

std::shared_ptr<const KeyDrifts> DriftJudge::Impl::judge(const registry::Record& record) {
  if (record.count == 0) return nullptr;
  const Found found = versions_.view().index.find(record.workload);
  if (all_the_same(record, found)) return nullptr;
  const auto [at, fresh] = known_.try_emplace(place_of(record, found));
  if (!fresh) return at->second;
  ++turn_;
  drifts_.clear();
  lay_out();
  add_expanded();
  compare();
  if (!drifts_.empty()) follow_templates();
  return at->second = outcome(record.workload.team);
}

Numbers DriftJudge::Impl::place_of(const registry::Record& record, const Found& found) {
  rows_.clear();
  now_.clear();
  Numbers place = {facts_.names().of(record.workload.team)};
  place.reserve(2 + 2 * record.received.size() + found.size());
  for (const registry::Received& row : record.received) {
    if (!row.in_last_bundle) continue;
    rows_.push_back({&facts_.given(row.what), row.version});
    place.push_back(number_of(row.what.get()));
    place.push_back(row.version);
  }
  place.push_back(0);
  for (const auto& group : found) {
    now_.push_back(&facts_.current(group));
    place.push_back(number_of(group.get()));
  }
  return place;
}

DriftJudge::Impl::Cell& DriftJudge::Impl::cell(NameId key) {
  if (key >= cells_.size()) cells_.resize(facts_.names().size());
  return cells_[key];
}

// The first that has a key gives it.
void DriftJudge::Impl::lay_out() {
  for (std::uint32_t row = 0; row < rows_.size(); ++row) {
    const auto& keys = rows_[row].given->keys;
    for (std::uint32_t place = 0; place < keys.size(); ++place) {
      Cell& one = cell(keys[place]);
      if (!gave(one)) one.then = {turn_, row, place};
    }
  }
  for (std::uint32_t at = 0; at < now_.size(); ++at) {
    for (const NameId key : now_[at]->keys) {
      Cell& one = cell(key);
      if (!gives(one)) one.now = {turn_, at};
    }
  }
}

void DriftJudge::Impl::add_expanded() {
  for (std::uint32_t row = 0; row < rows_.size(); ++row) {
    const Given& given = *rows_[row].given;
    const auto giver =
        std::ranges::find(now_, given.group, [](const Current* c) { return c->group; });
    if (giver == now_.end()) continue;
    const auto at = static_cast<std::uint32_t>(giver - now_.begin());
    for (std::uint32_t place = 0; place < given.keys.size(); ++place) {
      Cell& one = cell(given.keys[place]);
      if (one.then.row != row || one.then.place != place) continue;
      if (gives(one) && one.now.at <= at) continue;
      if (facts_.names().name(given.keys[place]).starts_with('/')) continue;
      Beside& both = facts_.beside(given, rows_[row].version, **giver);
      if (facts_.expanded(both, place) == Beside::Answer::kYes) one.now = {turn_, at};
    }
  }
}

void DriftJudge::Impl::compare() {
  for (const Row& row : rows_) {
    for (const NameId key : row.given->keys) compare(key, cell(key));
  }
  for (const Current* group : now_) {
    for (const NameId key : group->keys) {
      const Cell& one = cell(key);
      if (!gave(one)) drifts(key, KeyDrift::State::kAdded);
    }
  }
}

// A key that came at the last fetch.
void DriftJudge::Impl::compare(NameId key, const Cell& one) {
  if (!gives(one)) return drifts(key, KeyDrift::State::kRemoved);
  const Row& row = rows_[one.then.row];
  Current& current = *now_[one.now.at];
  if (row.given->group == current.group && row.version == current.record->version()) return;
  Beside& both = facts_.beside(*row.given, row.version, current);
  if (row.given->group != current.group && !facts_.may_compare(both)) {
    return drifts(key, KeyDrift::State::kChanged);
  }
  switch (facts_.same(both, one.then.place)) {
    case Beside::Answer::kYes: return;
    case Beside::Answer::kUnknown: return drifts(key, KeyDrift::State::kUnknown);
    default: return drifts(key, KeyDrift::State::kChanged);
  }
}

void DriftJudge::Impl::drifts(NameId key, KeyDrift::State state) {
  Cell& one = cell(key);
  if (std::exchange(one.drifting, turn_) != turn_) drifts_.push_back({key, state});
}

void DriftJudge::Impl::follow_templates() {
  for (std::size_t before = 0; before != drifts_.size();) {
    before = drifts_.size();
    for (std::uint32_t at = 0; at < now_.size(); ++at) {
      for (const Current::Linked& linked : facts_.templates(*now_[at])) {
        const Cell one = cell(linked.key);
        if (!gave(one) || !gives(one) || one.now.at != at || one.drifting == turn_) continue;
        const bool hit = std::ranges::any_of(
            linked.names, [&](NameId name) { return cell(name).drifting == turn_; });
        if (hit) drifts(linked.key, KeyDrift::State::kChanged);
      }
    }
  }
}

DriftJudge::Impl::Shared DriftJudge::Impl::outcome(const std::string& team) {
  if (drifts_.empty()) return nullptr;
  std::ranges::sort(drifts_, {}, &Drifting::key);
  Numbers place = {facts_.names().of(team)};
  place.reserve(1 + 4 * drifts_.size());
  for (const Drifting& drift : drifts_) {
    const Cell& one = cell(drift.key);
    const Row row = gave(one) ? rows_[one.then.row] : Row{};
    place.push_back(std::uint64_t{drift.key} << 8 | static_cast<std::uint64_t>(drift.state));
    place.push_back(row.given == nullptr ? ~std::uint64_t{0} : row.given->group);
    place.push_back(row.version);
    place.push_back(gives(one) ? number_of(now_[one.now.at]) : 0);
  }
  const auto [at, fresh] = outcomes_.try_emplace(std::move(place));
  if (!fresh) return at->second;
  KeyDrifts made;
  for (const Drifting& drift : drifts_) {
    const Cell& one = cell(drift.key);
    KeyDrift& told = made.emplace_back();
    told.key = facts_.names().name(drift.key);
    told.state = drift.state;
    if (gave(one)) {
      told.group = rows_[one.then.row].given->what->group;
      told.version = rows_[one.then.row].version;
    }
    if (gives(one)) {
      told.current_group = now_[one.now.at]->record->header().name;
      told.current_version = now_[one.now.at]->record->version();
    }
  }
  std::ranges::sort(made, {}, &KeyDrift::key);
  return at->second = std::make_shared<const KeyDrifts>(std::move(made));
}

}  // namespace sutler::resolve
