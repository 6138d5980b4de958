// Random valid groups for the property tests. Not linked into the product.
#pragma once

#include <rapidcheck.h>

#include <string>

#include "base/encoding.h"
#include "model/group.h"

namespace sutler::model::test {

// Any text of these characters.
inline rc::Gen<std::string> text_of(std::string characters) {
  return rc::gen::container<std::string>(rc::gen::elementOf(std::move(characters)));
}

// Texts that are hard on a writer: quotes, line ends, indentation, YAML's own characters, Unicode.
inline rc::Gen<std::string> hard_text() {
  const auto pieces = rc::gen::elementOf(std::vector<std::string>{
      "a",      "Z",      "0",          " ",    "  ",   "\n",   "\r\n", "\t",   "\"",     "'",
      "`",      "\\",     "\\n",        ":",    ": ",   "#",    " #",   "- ",   "? ",     "{",
      "}",      "[",      "]",          ",",    "&a",   "*a",   "!t",   "|",    ">",      "%",
      "@",      "null",   "~",          "true", "1.10", "0400", "$${",  "${A}", "\u00e9", "\u2028",
      "\u0085", "\ufeff", "\U0001f600", "\x01", "\x1b", "\x7f", "---",  "...",  "\n---\n"});
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(pieces),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const std::string& part : parts) text += part;
                        return text;
                      });
}

inline std::string arbitrary_name() { return "n" + *text_of("abcXYZ019_.-"); }

inline base::Secret arbitrary_secret() { return base::Secret(*hard_text()); }

inline Value arbitrary_value() {
  switch (*rc::gen::inRange(0, 4)) {
    case 0: {
      Template made{arbitrary_secret(), {}};
      for (int i = *rc::gen::inRange(0, 3); i > 0; --i)
        made.generated.push_back(arbitrary_secret());
      return made;
    }
    case 1: {
      Reference reference{arbitrary_name(), "secret/" + *text_of("a/#:_ \"\\"), false, {}, ""};
      const int kind = *rc::gen::inRange(0, 3);
      if (kind == 1) reference.optional = true;
      if (kind == 2) reference.fallback = arbitrary_secret();
      reference.encoding =
          *rc::gen::element(std::string(), std::string("utf-8"), std::string("base64"));
      if (reference.fallback && reference.encoding == "base64") {
        reference.fallback = base::Secret(base::base64_encode(reference.fallback->expose()));
      }
      return reference;
    }
    default: return Literal{arbitrary_secret()};
  }
}

inline std::optional<Ownership> arbitrary_ownership() {
  switch (*rc::gen::inRange(0, 3)) {
    case 0: return std::nullopt;
    case 1: return Ownership{OwnerPolicy::kKeepOrSetInherited, ""};
    default: return Ownership{OwnerPolicy::kAlwaysSetExplicit, "u" + *text_of("ab01$-")};
  }
}

inline std::optional<Permissions> arbitrary_permissions() {
  const auto policy = *rc::gen::element(PermissionPolicy::kAlwaysSet, PermissionPolicy::kKeepOrSet);
  switch (*rc::gen::inRange(0, 4)) {
    case 0: return std::nullopt;
    case 1: return Permissions{policy, 0400, ModeForm::kOctalString, "400"};
    case 2: return Permissions{policy, 0400, ModeForm::kOctalString, "0400"};
    default: {
      const auto mode = static_cast<std::uint16_t>(*rc::gen::inRange(0, 07777));
      return Permissions{policy, mode, ModeForm::kDecimalNumber, ""};
    }
  }
}

inline File arbitrary_file() {
  File file{arbitrary_value(), Encoding::kUnset, arbitrary_ownership(), arbitrary_ownership(),
            arbitrary_permissions()};
  file.encoding = *rc::gen::element(Encoding::kUnset, Encoding::kUtf8, Encoding::kBase64);
  auto* literal = std::get_if<Literal>(&file.data);
  if (literal != nullptr && file.encoding == Encoding::kBase64) {
    literal->text = base::Secret(base::base64_encode(*rc::gen::arbitrary<std::string>()));
  }
  return file;
}

inline Restrictions arbitrary_restrictions() {
  Restrictions restrictions;
  if (*rc::gen::inRange(0, 2) == 1) {
    restrictions.projects = {"p" + *text_of("ab*?-. :#\"\\"), "other"};
  }
  if (*rc::gen::inRange(0, 2) == 1) {
    restrictions.nf_objects = {{"o" + *text_of("ab*?-. ,}"), ""}, {"yes", "service"}};
  }
  return restrictions;
}

inline ObjectReference arbitrary_object_reference() {
  ObjectReference item{arbitrary_name(), "secret/" + *text_of("a/:_ \"\\"), {}, {}, {}, false, {}};
  if (*rc::gen::inRange(0, 2) == 1) item.prefix = "P" + *text_of("ab_.-");
  if (*rc::gen::inRange(0, 2) == 1) item.only = {"f " + *text_of("ab:#'\""), "yes"};
  if (*rc::gen::inRange(0, 2) == 1) item.rename = {{"yes", arbitrary_name()}};
  item.optional = *rc::gen::inRange(0, 2) == 1;
  item.on_conflict = *rc::gen::element(OnConflict::kError, OnConflict::kKeep, OnConflict::kReplace);
  return item;
}

// A group that validate() takes.
inline Group arbitrary_group() {
  Group group;
  group.header.name = arbitrary_name();
  group.header.team = *rc::gen::element(std::string("default"), std::string("payments"));
  group.header.description = *text_of("ab :#'\"-{");
  group.header.type = *rc::gen::element(GroupType::kSecret, GroupType::kConfig);
  group.header.priority = *rc::gen::inRange(0, 101);
  group.header.restrictions = arbitrary_restrictions();
  if (*rc::gen::inRange(0, 2) == 1) group.header.required_keys = {"NEEDED", "yes"};
  if (*rc::gen::inRange(0, 2) == 1) group.header.managed_by = arbitrary_name();
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    const auto value = arbitrary_value();
    group.variables.insert_or_assign(arbitrary_name(), Variable{clone(value)});
  }
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    const std::size_t length = *rc::gen::element<std::size_t>(1, 5, 1020, 3900);
    const std::string path = "/p" + *text_of("ab .:#\"'") + "/" + std::string(length, 'x');
    group.files.insert_or_assign(path, arbitrary_file());
  }
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    group.secrets_from.push_back(arbitrary_object_reference());
  }
  return group;
}

}  // namespace sutler::model::test
