// The values of any version of a group, opened when they are asked for, and compared without being
// given out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "resolve/catalog.h"
#include "store/store.h"

namespace sutler::resolve {

// One version of one group.
struct GroupVersion {
  std::string team;
  std::string group;
  std::uint64_t version = 0;
  auto operator<=>(const GroupVersion&) const = default;
};

// Keeps some groups open while it lives. Not thread-safe.
class Versions {
 public:
  Versions(std::shared_ptr<const View> view, store::Store& store)
      : view_(std::move(view)), store_(store) {}

  // Null when it is not kept any more, or does not open.
  [[nodiscard]] std::shared_ptr<const model::Group> open(const GroupVersion& which);
  // Whether the key has the same value in both; a key that one of them has not is another value.
  // Nothing when one of them is not kept.
  [[nodiscard]] std::optional<bool> same(const GroupVersion& a, const GroupVersion& b,
                                         std::string_view key);
  // Of the group as it is now; 0 when it is gone.
  [[nodiscard]] std::uint64_t current(const std::string& team, const std::string& group) const;
  // same() as the current version.
  [[nodiscard]] std::optional<bool> is_current(const GroupVersion& which, std::string_view key);
  [[nodiscard]] const View& view() const { return *view_; }
  [[nodiscard]] store::Store& store() { return store_; }

 private:
  std::shared_ptr<const View> view_;
  store::Store& store_;
  std::map<GroupVersion, std::shared_ptr<const model::Group>> opened_;
  std::map<std::tuple<GroupVersion, GroupVersion, std::string>, std::optional<bool>> compared_;
};

// What a group holds under a key: a variable, or a file where it starts with `/`. Null: nothing.
[[nodiscard]] const model::Value* value_of(const model::Group& group, std::string_view key);

}  // namespace sutler::resolve
