#include "store/state.h"

namespace sutler::store {

std::string held_key(std::string_view kind, std::string_view id) {
  std::string key;
  key.reserve(kind.size() + 1 + id.size());
  return key.append(kind).append(1, '/').append(id);
}

Delta::Delta(const State& base)
    : base_(base), head_(base.head), next_(std::make_shared<Snapshot>(*base.snapshot)) {}

void Delta::add(OpenedRecord&& record) {
  if (record.kind == kGroupKind) {
    remove_group(record.team, record.name);
    replace_other(held_key(record.kind, record.id),
                  record.held.deleted ? std::optional(record.held) : std::nullopt);
    if (auto gone = next_->find_deleted(record.team, record.name)) {
      next_->deleted.erase(Snapshot::group_hash(record.team, record.name), gone.get());
    }
    if (record.held.deleted) {
      next_->deleted.insert(Snapshot::group_hash(record.team, record.name),
                            std::move(record.deleted_group));
      return;
    }
    toggle(head_.set_hash, record.held.mark);
    ++head_.count;
    head_.ever_held_group = true;
    next_->groups.insert(Snapshot::group_hash(record.team, record.name), record.group);
    moved_.added.push_back(std::move(record.group));
    return;
  }
  replace_other(held_key(record.kind, record.id), record.held);
  if (record.kind == kTeamKind) {
    if (record.held.deleted) {
      next_->teams.erase(record.team);
    } else {
      next_->teams.insert_or_assign(record.team, std::move(record.team_record));
    }
  } else if (record.kind == kOperatorKind) {
    change_operator(std::move(record));
  } else if (record.seed) {
    audit_seed_ = std::move(record.seed);
  }
}

void Delta::change_operator(OpenedRecord&& record) {
  if (!operators_) {
    operators_ = std::make_shared<OperatorTable>(*next_->operators);
    next_->operators = operators_;
  }
  if (record.held.deleted) {
    operators_->erase(record.team);
  } else {
    operators_->put(std::move(record.operator_record));
  }
}

void Delta::remove_group(const std::string& team, const std::string& name) {
  auto before = next_->find_group(team, name);
  if (!before) return;
  toggle(head_.set_hash, RecordCodec::mark(*before));
  --head_.count;
  next_->groups.erase(Snapshot::group_hash(team, name), before.get());
  moved_.removed.push_back(std::move(before));
}

void Delta::replace_other(const std::string& key, std::optional<Held> held) {
  std::optional<Held> before;
  if (const auto mine = others_.find(key); mine != others_.end()) {
    before = mine->second;
  } else if (const auto at = base_.others.find(key); at != base_.others.end()) {
    before = at->second;
  }
  if (before) {
    toggle(head_.set_hash, before->mark);
    --head_.count;
  }
  if (held) {
    toggle(head_.set_hash, held->mark);
    ++head_.count;
  }
  if (before || held) others_.insert_or_assign(key, held);
}

const Head& Delta::finish(std::uint64_t revision, std::uint64_t epoch) {
  head_.trail = trail_after(base_.head);
  head_.revision = revision;
  head_.epoch = epoch;
  next_->revision = revision;
  next_->epoch = epoch;
  next_->ever_held_group = head_.ever_held_group;
  return head_;
}

bool Delta::becomes(const Head& head) {
  head_.trail = head.trail;
  return head_ == head;
}

Delta::Moved Delta::apply_to(State& base) && {
  base.head = head_;
  base.snapshot = std::move(next_);
  for (auto& [key, held] : others_) {
    if (held) {
      base.others.insert_or_assign(key, *held);
    } else {
      base.others.erase(key);
    }
  }
  if (audit_seed_) base.audit_seed = std::move(*audit_seed_);
  return std::move(moved_);
}

}  // namespace sutler::store
