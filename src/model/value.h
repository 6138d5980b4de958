// What a variable or the data of a file may be: a literal, a template or a reference.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/secret.h"

namespace sutler::model {

// The text as it is; never interpreted.
struct Literal {
  base::Secret text;
};

// Interpreted by resolve at each fetch. `generated` holds, per `${fn.randomSecret(n)}` in order of
// appearance, what was generated for it when the template was saved; it is kept while the text
// stays.
struct Template {
  base::Secret text;
  std::vector<base::Secret> generated;
};

// Points into a source. Parsed and validated here; resolved by the room `source`.
struct Reference {
  std::string from;
  std::string ref;
  bool optional = false;
  std::optional<base::Secret> fallback;  // member `default`
  std::string encoding;                  // "", "utf-8" or "base64"
};

// The mask `masked: true` without a value: "as it was". Only in input; never stored.
struct Masked {
  // A file that says nothing but `masked: true`: its other members are as they were, too.
  bool whole_file = false;
};

using Value = std::variant<Literal, Template, Reference, Masked>;

[[nodiscard]] Value clone(const Value& value);
// Equal content; two Masked are equal. `generated` does not count: it follows from the text.
[[nodiscard]] bool equal(const Value& a, const Value& b);

}  // namespace sutler::model
