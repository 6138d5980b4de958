#include "resolve/cycle_search.h"

#include <cstddef>

namespace sutler::resolve {
namespace {

// Depth first without recursion: a group may hold a chain of kGroupEntriesMax variables.
class CycleSearch {
 public:
  explicit CycleSearch(const ReferenceGraph& graph) : graph_(graph) {}

  std::vector<std::string_view> run() {
    for (const auto& [name, unused] : graph_) {
      if (state_[name] == State::kNew) enter(name);
      while (!path_.empty()) {
        if (auto cycle = step(); !cycle.empty()) return cycle;
      }
    }
    return {};
  }

 private:
  enum class State { kNew, kOpen, kDone };
  struct Step {
    std::string_view name;
    std::size_t next = 0;
  };

  void enter(std::string_view name) {
    state_[name] = State::kOpen;
    path_.push_back({name});
  }

  std::vector<std::string_view> step() {
    Step& top = path_.back();
    const auto edges = graph_.find(top.name);
    if (edges == graph_.end() || top.next == edges->second.size()) {
      state_[top.name] = State::kDone;
      path_.pop_back();
      return {};
    }
    const std::string_view next = edges->second[top.next++];
    if (state_[next] == State::kOpen) return path_from(next);
    if (state_[next] == State::kNew) enter(next);
    return {};
  }

  [[nodiscard]] std::vector<std::string_view> path_from(std::string_view start) const {
    std::vector<std::string_view> names;
    for (const Step& at : path_) {
      if (!names.empty() || at.name == start) names.push_back(at.name);
    }
    return names;
  }

  const ReferenceGraph& graph_;
  std::map<std::string_view, State> state_;
  std::vector<Step> path_;
};

}  // namespace

std::vector<std::string_view> find_cycle(const ReferenceGraph& graph) {
  return CycleSearch(graph).run();
}

}  // namespace sutler::resolve
