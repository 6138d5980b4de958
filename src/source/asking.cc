#include <algorithm>
#include <utility>

#include "source/reference.h"
#include "source/sources.h"
#include "source/sources_state.h"

namespace sutler::source {

// What became of a question before its value is picked out.
struct Asking::Asked {
  Found found;                             // complete, unless there is content
  std::shared_ptr<const Content> content;  // null: `found` is the answer
};

Asking::Asked Asking::ask(std::string_view source, std::string_view locator, std::string_view ref,
                          std::string_view team, std::string_view group) {
  Asked asked;
  Found& found = asked.found;
  CachedSource* from = sources_ == nullptr ? nullptr : sources_->state_->find(source);
  if (from == nullptr) return asked;
  if (sources_->permission(source, team, group, ref) == Sources::Permission::kNo) {
    found.state = Found::State::kNotAllowed;
    return asked;
  }
  CachedSource::Look look =
      from->look(locator, patience_ == Patience::kMayWait ? Wait::kMay : Wait::kCannot);
  if (look.slot != nullptr) {
    if (const auto seen = seen_.find(look.slot.get()); seen != seen_.end()) {
      asked.content = seen->second.content;
      found.origin = seen->second.origin;
      return asked;
    }
  }
  found.origin = std::move(look.origin);
  switch (look.verdict) {
    case Verdict::kFresh:
    case Verdict::kStale:
      dependencies_.push_back({look.slot, look.generation});
      asked.content = look.content;
      seen_.emplace(look.slot.get(), Seen{look.slot, std::move(look.content), found.origin});
      return asked;
    case Verdict::kNegative:
      dependencies_.push_back({look.slot, look.generation});
      found.failure = std::move(*look.failure);
      found.state = found.failure.kind == FailureKind::kMissing ? Found::State::kMissing
                                                                : Found::State::kFailed;
      return asked;
    case Verdict::kAsk:
      found.state = Found::State::kPending;
      pending_.push_back({std::string(source), std::string(locator)});
      return asked;
    case Verdict::kNone: break;
  }
  found.state = Found::State::kFailed;
  // A word of the store that has had its time says nothing of now.
  const bool known = look.failure && (look.failure->kind == FailureKind::kOutage ||
                                      look.failure->kind == FailureKind::kLogin);
  found.failure = known ? std::move(*look.failure)
                        : Failure{FailureKind::kOutage,
                                  "source " + std::string(source) + " has not answered in time",
                                  {}};
  return asked;
}

Found Asking::value(std::string_view source, std::string_view ref, std::string_view team,
                    std::string_view group) {
  const Cut cut = cut_reference(ref);
  Asked asked = ask(source, cut.locator, ref, team, group);
  Found& found = asked.found;
  if (!asked.content) return std::move(found);
  found.state = Found::State::kValue;
  if (cut.key.empty()) {
    if (auto bytes = asked.content->bytes()) {
      found.value = std::move(*bytes);
      return std::move(found);
    }
  } else if (!asked.content->is_object()) {
    found.state = Found::State::kFailed;
    found.failure = {FailureKind::kBadReference,
                     "what lies at '" + std::string(cut.locator) + "' in source " +
                         std::string(source) + " is no object: it has no key",
                     {}};
    return std::move(found);
  } else {
    switch (asked.content->field(cut.key, found.value)) {
      case Content::Look::kThere: return std::move(found);
      case Content::Look::kNoField:
        found.state = Found::State::kMissing;
        found.failure = {FailureKind::kMissing,
                         "'" + std::string(cut.locator) + "' in source " + std::string(source) +
                             " has no key '" + std::string(cut.key) + "'",
                         {}};
        return std::move(found);
      case Content::Look::kDamaged: break;
    }
  }
  found.state = Found::State::kFailed;
  found.failure = {FailureKind::kOutage, "a sealed value does not open: memory is damaged", {}};
  return std::move(found);
}

Found Asking::object(std::string_view source, std::string_view ref, std::string_view team,
                     std::string_view group) {
  Asked asked = ask(source, ref, ref, team, group);
  Found& found = asked.found;
  if (!asked.content) return std::move(found);
  if (!asked.content->is_object()) {
    found.state = Found::State::kFailed;
    found.failure = {FailureKind::kBadReference,
                     "what lies at '" + std::string(ref) + "' in source " + std::string(source) +
                         " is no object: it cannot be expanded",
                     {}};
    return std::move(found);
  }
  auto fields = asked.content->fields();
  if (!fields) {
    found.state = Found::State::kFailed;
    found.failure = {FailureKind::kOutage, "a sealed value does not open: memory is damaged", {}};
    return std::move(found);
  }
  found.state = Found::State::kValue;
  found.fields = std::move(*fields);
  return std::move(found);
}

std::vector<Wanted> Asking::take_pending() {
  auto pending = std::exchange(pending_, {});
  std::ranges::sort(pending);
  pending.erase(std::unique(pending.begin(), pending.end()), pending.end());
  return pending;
}

std::vector<Dependency> Asking::take_dependencies() {
  auto taken = std::exchange(dependencies_, {});
  const auto less = [](const Dependency& a, const Dependency& b) {
    return std::pair(a.slot.get(), a.generation) < std::pair(b.slot.get(), b.generation);
  };
  const auto equal = [](const Dependency& a, const Dependency& b) {
    return a.slot == b.slot && a.generation == b.generation;
  };
  std::ranges::sort(taken, less);
  taken.erase(std::unique(taken.begin(), taken.end(), equal), taken.end());
  return taken;
}

}  // namespace sutler::source
