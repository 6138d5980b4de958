#include "resolve/versions.h"

#include <algorithm>

namespace sutler::resolve {
namespace {

constexpr std::size_t kOpenedMax = 4096;

// Generated secrets count: a template may keep its text and get others.
bool same_value(const model::Value& a, const model::Value& b) {
  if (!model::equal(a, b)) return false;
  const auto* x = std::get_if<model::Template>(&a);
  const auto* y = std::get_if<model::Template>(&b);
  if (x == nullptr || y == nullptr) return true;
  return std::ranges::equal(
      x->generated, y->generated,
      [](const base::Secret& one, const base::Secret& other) { return one.equals(other); });
}

bool same_entry(const model::Group& a, const model::Group& b, std::string_view key) {
  const model::Value* x = value_of(a, key);
  const model::Value* y = value_of(b, key);
  // Of neither: it came out of secretsFrom.
  if (x == nullptr && y == nullptr) return a.secrets_from == b.secrets_from;
  if (x == nullptr || y == nullptr) return false;
  if (!same_value(*x, *y)) return false;
  if (!key.starts_with('/')) return true;
  return model::equal(a.files.find(key)->second, b.files.find(key)->second);
}

}  // namespace

const model::Value* value_of(const model::Group& group, std::string_view key) {
  if (key.starts_with('/')) {
    const auto at = group.files.find(key);
    return at == group.files.end() ? nullptr : &at->second.data;
  }
  const auto at = group.variables.find(key);
  return at == group.variables.end() ? nullptr : &at->second.value;
}

std::uint64_t Versions::current(const std::string& team, const std::string& group) const {
  const auto record = view_->snapshot->find_group(team, group);
  return record ? record->version() : 0;
}

std::shared_ptr<const model::Group> Versions::open(const GroupVersion& which) {
  const auto at = opened_.find(which);
  if (at != opened_.end()) return at->second;
  std::shared_ptr<const model::Group> made;
  const auto record = view_->snapshot->find_group(which.team, which.group);
  auto opened = record && record->version() == which.version
                    ? record->open()
                    : store_.version(which.team, which.group, which.version);
  if (opened) made = std::make_shared<const model::Group>(std::move(*opened));
  if (opened_.size() >= kOpenedMax) opened_.clear();
  opened_.emplace(which, made);
  return made;
}

std::optional<bool> Versions::same(const GroupVersion& a, const GroupVersion& b,
                                   std::string_view key) {
  if (a == b) return true;
  const auto place = std::make_tuple(a, b, std::string(key));
  if (const auto at = compared_.find(place); at != compared_.end()) return at->second;
  const auto x = open(a);
  const auto y = open(b);
  std::optional<bool> same;
  if (x && y) same = same_entry(*x, *y, key);
  compared_.emplace(place, same);
  return same;
}

std::optional<bool> Versions::is_current(const GroupVersion& which, std::string_view key) {
  const std::uint64_t now = current(which.team, which.group);
  if (now == 0) return false;
  return same(which, {which.team, which.group, now}, key);
}

}  // namespace sutler::resolve
