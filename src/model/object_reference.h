// A whole object of a source in the place of many variables: an item of a group's `secretsFrom`.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sutler::model {

// What becomes of a name that the group has already, as an entry or from an item before.
enum class OnConflict {
  kError,    // the fetch fails
  kKeep,     // what is there stays
  kReplace,  // this item has the last word
};
[[nodiscard]] std::string_view to_word(OnConflict on_conflict);  // "error", "keep", "replace"

// Each field of the object at `ref` becomes a variable: under its new name where `rename` has one,
// else under its own with `prefix` in front.
struct ObjectReference {
  std::string from;
  std::string ref;
  std::string prefix;                                      // may be empty
  std::vector<std::string> only;                           // fields; empty: all
  std::map<std::string, std::string, std::less<>> rename;  // field to variable
  bool optional = false;                                   // an object that is not there is none
  OnConflict on_conflict = OnConflict::kError;

  bool operator==(const ObjectReference&) const = default;
};

using SecretsFrom = std::vector<ObjectReference>;  // in the order in which they are expanded

// The variable that a field becomes; it may not be a name that a variable can have.
[[nodiscard]] std::string variable_of(const ObjectReference& item, std::string_view field);
// Whether the item takes this field at all.
[[nodiscard]] bool takes(const ObjectReference& item, std::string_view field);

// kInvalid or kTooLarge; the message names the item.
[[nodiscard]] base::Result<void> check_secrets_from(const SecretsFrom& items);
// Of all texts in it, for the size of a group.
[[nodiscard]] std::size_t bytes_of(const SecretsFrom& items);
// The list as JSON, each item in one form.
[[nodiscard]] std::string write_secrets_from_json(const SecretsFrom& items);

}  // namespace sutler::model
