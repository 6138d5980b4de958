#include "admin/group_diff.h"

#include "admin/json_io.h"
#include "base/json.h"

namespace sutler::admin {
namespace {

using model::Values;

std::string json_text(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

void add_member(JsonArray& out, std::string_view member, const std::string& before,
                const std::string& after) {
  if (before == after) return;
  JsonObject one;
  one.text("member", member).raw("before", before).raw("after", after);
  out.raw(one.done());
}

std::string header_json(const model::Group& old, const model::Group& now) {
  const model::GroupHeader& before = old.header;
  const model::GroupHeader& after = now.header;
  JsonArray out;
  add_member(out, "team", json_text(before.team), json_text(after.team));
  add_member(out, "name", json_text(before.name), json_text(after.name));
  add_member(out, "description", json_text(before.description), json_text(after.description));
  add_member(out, "type", json_text(model::to_word(before.type)),
             json_text(model::to_word(after.type)));
  add_member(out, "priority", std::to_string(before.priority), std::to_string(after.priority));
  add_member(out, "restrictions", model::write_restrictions_json(before.restrictions),
             model::write_restrictions_json(after.restrictions));
  add_member(out, "requiredKeys", json_strings(before.required_keys),
             json_strings(after.required_keys));
  add_member(out, "managedBy", json_text(before.managed_by), json_text(after.managed_by));
  add_member(out, "secretsFrom", model::write_secrets_from_json(old.secrets_from),
             model::write_secrets_from_json(now.secrets_from));
  return out.done();
}

bool same(const model::Variable& a, const model::Variable& b) {
  return model::write_entry_json(a, Values::kReveal)
      .equals(model::write_entry_json(b, Values::kReveal));
}

bool same_data(const model::File& a, const model::File& b) {
  return same(model::Variable{model::clone(a.data)}, model::Variable{model::clone(b.data)});
}

bool same(const model::File& a, const model::File& b) {
  return model::write_entry_json(a, Values::kReveal)
      .equals(model::write_entry_json(b, Values::kReveal));
}

// Which members of a changed file differ. Of a variable there is only the value.
void add_members(JsonObject&, const model::Variable&, const model::Variable&, Compared) {}
void add_members(JsonObject& out, const model::File& a, const model::File& b, Compared compared) {
  JsonArray members;
  if (compared == Compared::kKeys || !same_data(a, b)) members.text("data");
  if (a.encoding != b.encoding) members.text("encoding");
  if (a.owner != b.owner) members.text("owner");
  if (a.group != b.group) members.text("group");
  if (a.permissions != b.permissions) members.text("permissions");
  out.raw("members", members.done());
}

// Calls visit(key, before, after) for each key whose entries differ; a missing one is null.
template <class Map, class Visit>
void for_differing(const Map& before, const Map& after, Compared compared, Visit&& visit) {
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    if (now == after.end() || (old != before.end() && old->first < now->first)) {
      visit(old->first, &old->second, nullptr);
      ++old;
    } else if (old == before.end() || now->first < old->first) {
      visit(now->first, nullptr, &now->second);
      ++now;
    } else {
      if (compared == Compared::kKeys || !same(old->second, now->second)) {
        visit(now->first, &old->second, &now->second);
      }
      ++old;
      ++now;
    }
  }
}

template <class Map>
std::string entries_json(const Map& before, const Map& after, std::string_view name_member,
                         Values values, Compared compared) {
  using Entry = typename Map::mapped_type;
  JsonArray out;
  const auto add = [&](const std::string& key, const Entry* old, const Entry* now) {
    JsonObject one;
    one.text(name_member, key).text("change", !old ? "added" : !now ? "removed" : "changed");
    if (old && now) add_members(one, *old, *now, compared);
    if (values == Values::kReveal) {
      if (old) one.raw("before", model::write_entry_json(*old, values).expose());
      if (now) one.raw("after", model::write_entry_json(*now, values).expose());
    }
    out.raw(one.done());
  };
  for_differing(before, after, compared, add);
  return out.done();
}

}  // namespace

base::Secret diff_json(const model::Group& before, const model::Group& after, Values values,
                       Compared compared) {
  JsonObject out;
  out.raw("header", header_json(before, after))
      .raw("variables", entries_json(before.variables, after.variables, "name", values, compared))
      .raw("files", entries_json(before.files, after.files, "path", values, compared));
  return base::Secret(out.done());
}

bool identical(const model::Group& a, const model::Group& b) {
  return model::write_group_json(a, Values::kReveal)
      .equals(model::write_group_json(b, Values::kReveal));
}

}  // namespace sutler::admin
