#include "resolve/probe_workloads.h"

#include <optional>
#include <string>
#include <string_view>

#include "base/glob.h"

namespace sutler::resolve {
namespace {

constexpr char kFiller = '~';

// A name of an id, or a type.
struct Name {
  std::string text;
  bool exact = false;
};

// `pay-*` becomes `pay-~~`, which of the other patterns only those match that match all of its
// kind.
Name name_of(std::string_view pattern) {
  Name name{{}, base::glob_kind(pattern) == base::GlobKind::kExact};
  for (const char c : pattern) {
    if (c == '*') name.text += kFiller;
    name.text += c == '*' || c == '?' ? kFiller : c;
  }
  return name;
}

std::optional<Name> name_of_both(std::string_view a, std::string_view b) {
  for (const std::string_view pattern : {a, b}) {
    Name name = name_of(pattern);
    if (base::glob_matches(a, name.text) && base::glob_matches(b, name.text)) return name;
  }
  return std::nullopt;
}

struct Object {
  Name id;
  Name type;
};

std::optional<Object> object_of_both(const model::ObjectPattern& a, const model::ObjectPattern& b) {
  auto id = name_of_both(a.id, b.id);
  if (!id) return std::nullopt;
  if (!a.type.empty() && !b.type.empty() && !model::same_type(a.type, b.type)) return std::nullopt;
  const std::string& type = a.type.empty() ? b.type : a.type;
  return Object{std::move(*id), type.empty() ? name_of("*") : Name{type, true}};
}

template <class Found, class List, class Both>
std::vector<Found> pairs(const List& a, const List& b, std::size_t max, const Both& both) {
  std::vector<Found> found;
  for (const auto& x : a) {
    for (const auto& y : b) {
      if (found.size() >= max) return found;
      if (auto name = both(x, y)) found.push_back(std::move(*name));
    }
  }
  return found;
}

}  // namespace

std::vector<ProbeWorkload> probe_workloads(std::string_view team, const model::Restrictions& a,
                                           const model::Restrictions& b, std::size_t max) {
  static const std::vector<std::string> kAnyProject{"*"};
  static const std::vector<model::ObjectPattern> kAnyObject{{"*", ""}};
  const auto projects = pairs<Name>(a.projects ? *a.projects : kAnyProject,
                                    b.projects ? *b.projects : kAnyProject, max, name_of_both);
  const auto objects =
      pairs<Object>(a.nf_objects ? *a.nf_objects : kAnyObject,
                    b.nf_objects ? *b.nf_objects : kAnyObject, max, object_of_both);
  std::vector<ProbeWorkload> found;
  for (const Name& project : projects) {
    for (const Object& object : objects) {
      if (found.size() >= max) return found;
      found.push_back({{std::string(team), project.text, object.id.text, object.type.text},
                       project.exact && object.id.exact && object.type.exact});
    }
  }
  return found;
}

}  // namespace sutler::resolve
