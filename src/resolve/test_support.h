// A small language for the tests of this room: groups are put into a real store over memory,
// workloads are written `project/object:type`, what they get as `A=1 B=2 /file=x` or `error: code`.
#pragma once

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/test_support.h"
#include "resolve/catalog.h"
#include "resolve/resolver.h"
#include "resolve/template.h"
#include "store/backend/memory_backend.h"
#include "store/store.h"

namespace sutler::resolve::test {

using base::test::must;

// `project/object` or `project/object:type`; the type is `service` when it is left out.
inline model::Workload workload(std::string_view text, std::string_view team = "default") {
  const std::size_t slash = text.find('/');
  const std::size_t colon = text.find(':');
  const std::string_view object = text.substr(slash + 1, colon - slash - 1);
  return {std::string(team), std::string(text.substr(0, slash)), std::string(object),
          colon == std::string_view::npos ? "service" : std::string(text.substr(colon + 1))};
}

// group("g").priority(5).project("p*").object("api:service").set("A", "1").text("B", "${A}")
// Move-only, as the values are: a builder that is used further needs a line of its own.
class GroupBuilder {
 public:
  explicit GroupBuilder(std::string_view name, std::string_view team) {
    group_.header.name = name;
    group_.header.team = team;
  }
  GroupBuilder& priority(int priority) {
    group_.header.priority = priority;
    return *this;
  }
  GroupBuilder& project(std::string_view pattern) {
    auto& list = group_.header.restrictions.projects;
    if (!list) list.emplace();
    list->emplace_back(pattern);
    return *this;
  }
  // `id` or `id:type`
  GroupBuilder& object(std::string_view pattern) {
    auto& list = group_.header.restrictions.nf_objects;
    if (!list) list.emplace();
    const std::size_t colon = pattern.find(':');
    const std::string_view type =
        colon == std::string_view::npos ? std::string_view() : pattern.substr(colon + 1);
    list->push_back({std::string(pattern.substr(0, colon)), std::string(type)});
    return *this;
  }
  GroupBuilder& require(std::string_view key) {
    group_.header.required_keys.emplace_back(key);
    return *this;
  }
  GroupBuilder& set(std::string_view key, std::string_view value) {
    return entry(key, model::Literal{base::Secret(value)});
  }
  GroupBuilder& text(std::string_view key, std::string_view text) {
    return entry(key, model::Template{base::Secret(text), {}});
  }
  // A key that starts with `/` is a file.
  GroupBuilder& entry(std::string_view key, model::Value value) {
    if (key.starts_with('/')) {
      group_.files[std::string(key)].data = std::move(value);
    } else {
      group_.variables[std::string(key)].value = std::move(value);
    }
    return *this;
  }
  GroupBuilder& encoding(std::string_view path, model::Encoding encoding) {
    group_.files[std::string(path)].encoding = encoding;
    return *this;
  }
  [[nodiscard]] const std::string& name() const { return group_.header.name; }
  model::Group build() { return std::move(group_); }

 private:
  model::Group group_;
};

inline GroupBuilder group(std::string_view name, std::string_view team = "default") {
  return GroupBuilder(name, team);
}

class World {
 public:
  World() {
    std::vector<base::LockedBytes> keys;
    keys.emplace_back(std::string_view("0123456789abcdef0123456789abcdef"));
    keys_ = std::make_shared<const crypto::MasterKeys>(
        must(crypto::MasterKeys::from_keys(std::move(keys))));
    auto backend = store::make_memory_backend();
    must(store::Store::create(*backend, *keys_, info_));
    store_ = must(store::Store::open(std::move(backend), keys_));
    store_->subscribe([this](const store::Publication& p) { catalog_.publish(p); });
  }

  void put(GroupBuilder& builder) { put(builder.build()); }
  void put(GroupBuilder&& builder) { put(builder.build()); }
  void put(model::Group group) {
    std::vector<model::Group> groups;
    groups.push_back(std::move(group));
    put(std::move(groups));
  }
  // All in one commit.
  void put(std::vector<model::Group> groups) {
    std::vector<store::Change> changes;
    for (model::Group& group : groups) {
      must(prepare_templates(group));
      changes.emplace_back(store::PutGroup{std::move(group)});
    }
    commit(std::move(changes));
  }
  void drop(std::string_view name, std::string_view team = "default") {
    std::vector<store::Change> changes;
    changes.emplace_back(store::DeleteGroup{std::string(team), std::string(name)});
    commit(std::move(changes));
  }
  void put_team(std::string_view id, model::TeamOptions options = {}) {
    model::Team team;
    team.id = id;
    team.path = id == "default" ? "/" : "/" + std::string(id);
    team.options = std::move(options);
    std::vector<store::Change> changes;
    changes.emplace_back(store::PutTeam{std::move(team)});
    commit(std::move(changes));
  }

  [[nodiscard]] std::shared_ptr<const View> view() const { return catalog_.view(); }
  [[nodiscard]] store::Store& store() { return *store_; }

  // "A=1 B=2 /file=x", or "error: code".
  [[nodiscard]] std::string fetch(const model::Workload& workload) const {
    const auto resolved = resolve(*view(), workload);
    if (!resolved) return "error: " + resolved.error().name;
    std::string out;
    for (const auto& v : resolved->bundle.variables) append(out, v.name, v.value);
    for (const auto& f : resolved->bundle.files) append(out, f.path, f.data);
    return out;
  }
  [[nodiscard]] std::string fetch(std::string_view text) const { return fetch(workload(text)); }

  // The names of the groups that match, in merge order: "a b".
  [[nodiscard]] std::string matching(const model::Workload& workload) const {
    std::string out;
    for (const auto& found : view()->index.find(workload)) {
      out.append(out.empty() ? "" : " ").append(found->header().name);
    }
    return out;
  }
  [[nodiscard]] std::string matching(std::string_view text) const {
    return matching(workload(text));
  }

 private:
  void commit(std::vector<store::Change> changes) {
    must(store_->commit(std::move(changes), info_));
  }
  static void append(std::string& out, std::string_view key, const base::Secret& value) {
    out.append(out.empty() ? "" : " ").append(key).append("=").append(value.expose());
  }

  store::CommitInfo info_{"test", base::UnixTime::from_seconds(1'700'000'000)};
  std::shared_ptr<const crypto::MasterKeys> keys_;
  Catalog catalog_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace sutler::resolve::test
