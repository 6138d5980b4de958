#include "admin/group_rules.h"

#include <algorithm>

#include "resolve/template.h"

namespace sutler::admin {
namespace {

// What was generated for the same template counts here: going back to an older version changes it.
bool same_generated(const model::Value& a, const model::Value& b) {
  const auto* left = std::get_if<model::Template>(&a);
  const auto* right = std::get_if<model::Template>(&b);
  if (left == nullptr || right == nullptr) return true;
  return std::ranges::equal(
      left->generated, right->generated,
      [](const base::Secret& one, const base::Secret& other) { return one.equals(other); });
}

bool same(const model::Variable& a, const model::Variable& b) {
  return model::equal(a.value, b.value) && same_generated(a.value, b.value);
}
bool same(const model::File& a, const model::File& b) {
  return model::equal(a, b) && same_generated(a.data, b.data);
}

// Adds the keys of both maps whose entries differ; both are sorted.
template <class Map>
void add_changed(const Map& before, const Map& after, Difference& out) {
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    if (now == after.end() || (old != before.end() && old->first < now->first)) {
      out.removed.push_back(old->first);
      ++old;
    } else if (old == before.end() || now->first < old->first) {
      out.added.push_back(now->first);
      ++now;
    } else {
      if (!same(old->second, now->second)) out.changed.push_back(now->first);
      ++old;
      ++now;
    }
  }
}

}  // namespace

base::Result<void> make_savable(model::Group& next, const model::Group* current) {
  auto filled = model::fill_masked(next, current);
  if (!filled) return base::pass(filled);
  auto valid = model::validate(next);
  if (!valid) return base::pass(valid);
  auto prepared = resolve::prepare_templates(next);
  if (!prepared) return base::pass(prepared);
  auto acyclic = resolve::check_cycles(next);
  if (!acyclic) return base::pass(acyclic);
  return {};
}

Difference difference(const model::Group* before, const model::Group& after) {
  static const model::Group kEmpty;
  const model::Group& old = before == nullptr ? kEmpty : *before;
  Difference out;
  add_changed(old.variables, after.variables, out);
  add_changed(old.files, after.files, out);
  const bool same_sources = old.secrets_from == after.secrets_from;
  if (old.header != after.header || !same_sources) out.header = Difference::Header::kDiffers;
  return out;
}

std::vector<std::string> all_keys(const Difference& difference) {
  std::vector<std::string> keys;
  for (const auto* part : {&difference.added, &difference.changed, &difference.removed}) {
    keys.insert(keys.end(), part->begin(), part->end());
  }
  // Variables first, then files, whose paths start with the slash that sorts before every name.
  std::ranges::sort(keys, {}, [](const std::string& key) {
    return std::pair(key.starts_with('/'), std::string_view(key));
  });
  return keys;
}

base::Unexpected no_group(std::string_view team, std::string_view name) {
  // What cannot be a name may be a value that was typed in its place: it is not said back.
  const std::string which =
      model::is_group_name(name) ? "group \"" + std::string(name) + "\"" : "group of that name";
  return base::fail(base::Code::kNotFound,
                    "there is no " + which + " in team \"" + std::string(team) + "\"");
}

}  // namespace sutler::admin
