// Random groups for the property tests, from an alphabet so small that they collide all the time.
#pragma once

#include <rapidcheck.h>

#include <optional>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "resolve/test_support.h"

namespace sutler::resolve::test {

// One change of the store: a group is put, or dropped if it is there.
struct Change {
  std::string name;
  bool drop = false;
  int priority = 10;
  std::vector<std::string> projects;                         // empty: no restriction
  std::vector<std::string> objects;                          // `id` or `id:type`
  std::vector<std::pair<std::string, std::string>> entries;  // a value with `$` is a template
  std::string required;                                      // empty: none

  [[nodiscard]] model::Group group() const {
    GroupBuilder builder(name, "default");
    builder.priority(priority);
    for (const auto& pattern : projects) builder.project(pattern);
    for (const auto& pattern : objects) builder.object(pattern);
    for (const auto& [key, text] : entries) {
      text.find('$') == std::string::npos ? builder.set(key, text) : builder.text(key, text);
    }
    if (!required.empty()) builder.require(required);
    return builder.build();
  }
};

inline std::ostream& operator<<(std::ostream& out, const Change& change) {
  out << (change.drop ? "drop " : "put ") << change.name << " priority " << change.priority;
  for (const auto& pattern : change.projects) out << " project " << pattern;
  for (const auto& pattern : change.objects) out << " object " << pattern;
  for (const auto& [key, text] : change.entries) out << ' ' << key << '=' << text;
  return out << (change.required.empty() ? "" : " requires ") << change.required << '\n';
}

// A literal says which group and key it is of; an edited one differs between versions too.
enum class Texts { kLiterals, kEditedLiterals, kTemplatesToo };

inline rc::Gen<Change> any_change(Texts texts) {
  return rc::gen::exec([texts] {
    const auto some = [](std::vector<std::string> from) {
      return *rc::gen::resize(
          3, rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::move(from))));
    };
    Change change;
    change.name = *rc::gen::element<std::string>("a", "b", "c", "d", "e", "f");
    change.drop = *rc::gen::weightedElement<bool>({{4, false}, {1, true}});
    change.priority = *rc::gen::element(10, 10, 10, 20, 0);
    change.projects = some({"a", "b", "ab", "abb", "a*", "ab*", "*", "*b", "?b", "a*b"});
    change.objects = some({"a", "b", "ab:job", "ab:Service", "a*:JOB", "a*", "*", "*b:job", "??"});
    for (const std::string& key : some({"A", "B", "C", "D", "/f", "/g"})) {
      std::string text = change.name + "-" + key;
      if (texts == Texts::kEditedLiterals) text += *rc::gen::element<std::string>("", "2");
      if (texts == Texts::kTemplatesToo) {
        text = *rc::gen::weightedOneOf<std::string>(
            {{4, rc::gen::just(text)},
             {3, rc::gen::element<std::string>("${A}", "${B|json}", "<${C}${D}>", "$${A}",
                                               "${workload.nfObjectId}", "${NOPE}")}});
      }
      change.entries.emplace_back(key, std::move(text));
    }
    if (texts == Texts::kTemplatesToo) {
      change.required = *rc::gen::weightedElement<std::string>({{6, ""}, {1, "A"}, {1, "/g"}});
    }
    return change;
  });
}

inline rc::Gen<std::vector<Change>> any_changes(Texts texts) {
  return rc::gen::resize(12, rc::gen::container<std::vector<Change>>(any_change(texts)));
}

inline rc::Gen<model::Workload> any_workload() {
  const auto id = rc::gen::element<std::string>("a", "b", "ab", "abb", "ba", "bb");
  return rc::gen::map(
      rc::gen::tuple(id, id, rc::gen::element<std::string>("job", "Job", "service")),
      [](const std::tuple<std::string, std::string, std::string>& parts) {
        return model::Workload{"default", std::get<0>(parts), std::get<1>(parts),
                               std::get<2>(parts)};
      });
}

// True when something was changed.
inline bool apply(World& world, const Change& change) {
  if (!change.drop) {
    world.put(change.group());
    return true;
  }
  if (!world.view()->snapshot->find_group("default", change.name)) return false;
  world.drop(change.name);
  return true;
}

}  // namespace sutler::resolve::test
