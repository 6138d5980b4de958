#include "admin/source_rules.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace sutler::admin {
namespace {

using base::Code;
using base::Result;

class Rules {
 public:
  Rules(const store::Snapshot& snapshot, const source::Sources* sources, const Principal& who,
        const model::Group& group)
      : snapshot_(snapshot), sources_(sources), who_(who), group_(group) {}

  Result<void> check() {
    for (const auto& [name, variable] : group_.variables) {
      if (auto done = check_value(name, variable.value); !done) return done;
    }
    for (const auto& [path, file] : group_.files) {
      if (auto done = check_value(path, file.data); !done) return done;
    }
    for (std::size_t i = 0; i < group_.secrets_from.size(); ++i) {
      const auto& item = group_.secrets_from[i];
      if (had(item)) continue;
      auto done = check_one("secretsFrom[" + std::to_string(i) + "]", item.from, item.ref);
      if (!done) return done;
    }
    return {};
  }

 private:
  Result<void> check_value(const std::string& key, const model::Value& value) {
    const auto* reference = std::get_if<model::Reference>(&value);
    if (reference == nullptr || had(key, value)) return {};
    return check_one(key, reference->from, reference->ref);
  }

  Result<void> check_one(const std::string& what, const std::string& from,
                         const std::string& ref) const {
    const std::string where = what + " of group \"" + group_.header.name + "\"";
    if (sources_ == nullptr || sources_->empty()) {
      return base::fail(
          Code::kInvalid, where + " is a reference, and no source is configured on this server",
          "give the value itself, or add the source to `sources` of the config file", "no_sources");
    }
    if (auto valid = sources_->validate(from, ref); !valid) return base::pass(valid, where);
    using Permission = source::Sources::Permission;
    switch (sources_->permission(from, group_.header.team, group_.header.name, ref)) {
      case Permission::kYes: return {};
      case Permission::kOwnersOnly: return check_owner(where, from);
      case Permission::kNo: break;
    }
    return base::fail(Code::kRefused,
                      where + ": `allow` of source \"" + from + "\" does not give it " + ref,
                      "add team, group and reference to `allow` of the source in the config file",
                      "source_not_allowed");
  }

  Result<void> check_owner(const std::string& where, const std::string& from) const {
    if (who_.role == Role::kOwner && who_.scopes.empty()) return {};
    return base::fail(Code::kRefused,
                      where + ": only owners may write references to source \"" + from + "\"",
                      "let an owner save it, or add `allow` to the source in the config file",
                      "source_not_allowed");
  }

  // As it stands in the store; nothing: it is new, or does not open.
  const model::Group* current() {
    if (!looked_) {
      looked_ = true;
      const auto record = snapshot_.find_group(group_.header.team, group_.header.name);
      if (record) {
        if (auto opened = record->open()) current_ = std::move(*opened);
      }
    }
    return current_ ? &*current_ : nullptr;
  }

  bool had(const std::string& key, const model::Value& value) {
    const model::Group* before = current();
    if (before == nullptr) return false;
    const model::Value* old = nullptr;
    if (const auto at = before->variables.find(key); at != before->variables.end()) {
      old = &at->second.value;
    }
    if (const auto at = before->files.find(key); at != before->files.end()) old = &at->second.data;
    return old != nullptr && model::equal(*old, value);
  }

  bool had(const model::ObjectReference& item) {
    const model::Group* before = current();
    return before != nullptr &&
           std::ranges::find(before->secrets_from, item) != before->secrets_from.end();
  }

  const store::Snapshot& snapshot_;
  const source::Sources* sources_;
  const Principal& who_;
  const model::Group& group_;
  bool looked_ = false;
  std::optional<model::Group> current_;
};

}  // namespace

Result<void> require_sources(const store::Snapshot& snapshot, const source::Sources* sources,
                             const Principal& who, const Plan& plan) {
  for (const store::Change& change : plan.changes) {
    const auto* put = std::get_if<store::PutGroup>(&change);
    if (put == nullptr) continue;
    if (auto done = Rules(snapshot, sources, who, put->group).check(); !done) return done;
  }
  return {};
}

}  // namespace sutler::admin
