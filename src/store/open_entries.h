// The entries of one group as views: what a fetch needs, without a copy of each name and value.
#pragma once

#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "model/group.h"

namespace sutler::store {

// One value: the text of a literal, or what it is instead. Never both.
struct ValueView {
  std::string_view literal;
  const model::Value* other = nullptr;  // a template, a reference or a mask
};

struct VariableView {
  std::string_view key;
  ValueView value;
};

struct FileView {
  std::string_view key;  // its path
  ValueView value;       // its data
  model::Encoding encoding = model::Encoding::kUnset;
  std::optional<model::Ownership> owner = {};
  std::optional<model::Ownership> group = {};
  std::optional<model::Permissions> permissions = {};
};

// Owns what its views point to, except for the names of an opened record, which are the record's.
// Move-only; views stay good when it is moved.
class OpenEntries {
 public:
  OpenEntries() = default;
  explicit OpenEntries(model::Group group);
  // The same with further variables, sorted by name, each once; they take the place of those that
  // have their names.
  struct Added {
    std::string name;
    base::Secret value;
  };
  OpenEntries(std::shared_ptr<const OpenEntries> entries, std::vector<Added> added);

  [[nodiscard]] const std::vector<VariableView>& variables() const { return variables_; }
  [[nodiscard]] const std::vector<FileView>& files() const { return files_; }
  // What else the group takes from sources, not expanded.
  [[nodiscard]] const model::SecretsFrom& secrets_from() const { return secrets_from_; }
  // Null when there is none.
  [[nodiscard]] const VariableView* variable(std::string_view name) const;
  [[nodiscard]] const FileView* file(std::string_view path) const;

 private:
  friend bool decode_entries(base::Secret body, std::string_view packed_keys, OpenEntries& out);

  std::unique_ptr<const base::Secret> body_;    // of an opened record, or
  std::unique_ptr<const model::Group> group_;   // a group
  std::shared_ptr<const OpenEntries> without_;  // others, and what was added to them
  std::vector<Added> added_;
  std::deque<model::Value> others_;
  std::vector<VariableView> variables_;  // sorted by key
  std::vector<FileView> files_;          // sorted by key
  model::SecretsFrom secrets_from_;
};

// Of the body of a group's record; false when its bytes are not a body for these names. The names
// are views into `packed_keys`.
[[nodiscard]] bool decode_entries(base::Secret body, std::string_view packed_keys,
                                  OpenEntries& out);

}  // namespace sutler::store
