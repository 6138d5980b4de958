// A place in a Tree that is being read: gives what is there in the type that is asked for, or an
// error that names file, line and member and never a value. Internal to the room.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "model/tree.h"

namespace sutler::model {

// A name from outside as it may stand in an error: short, on one line.
[[nodiscard]] std::string printable(std::string_view name);

// A child points to its parent and to the tree; both have to outlive it.
class Cursor {
 public:
  // `where` names the text ("payments.yaml"); may be empty.
  Cursor(const Tree& root, std::string_view where) : tree_(&root), name_(where) {}

  [[nodiscard]] Tree::Kind kind() const { return tree_->kind; }
  // Items of a list or members of a map; 0 for anything else.
  [[nodiscard]] std::size_t size() const { return tree_->items.size(); }
  [[nodiscard]] Cursor child(std::size_t index) const;
  // The name of this member of a map.
  [[nodiscard]] std::string_view name() const { return name_; }

  [[nodiscard]] base::Result<std::string_view> text() const;
  [[nodiscard]] base::Result<std::int64_t> whole_number() const;
  // The one thing that some members may say: `true`.
  [[nodiscard]] base::Result<void> require_true() const;
  [[nodiscard]] base::Result<void> require_map() const;
  // An empty list is refused, too.
  [[nodiscard]] base::Result<void> require_list() const;

  // "payments.yaml:12: groups[0].secrets.variables.DB: " and what is wrong.
  [[nodiscard]] base::Unexpected fail(const std::string& what, std::string hint = {}) const;
  // The same, said of the object that this is a member of, at this member's line.
  [[nodiscard]] base::Unexpected fail_in_parent(const std::string& what, std::string hint) const;
  // The same in front of the error of a rule, whose code and hint stay.
  template <class T>
  [[nodiscard]] base::Unexpected pass(base::Result<T>& result) const {
    return base::pass(result, place(this));
  }

 private:
  Cursor(const Tree& tree, const Cursor& parent, std::string_view name, std::size_t index)
      : tree_(&tree), parent_(&parent), name_(name), index_(index) {}

  // Where this is, on the line of this; the path goes to `end`, which is this or its parent.
  [[nodiscard]] std::string place(const Cursor* end) const;
  [[nodiscard]] base::Unexpected fail_kind(std::string_view wanted) const;

  const Tree* tree_;
  const Cursor* parent_ = nullptr;
  std::string_view name_;  // of the root: where
  std::size_t index_ = 0;
};

// A member that an object may have, and what reads it.
template <class T>
struct Field {
  std::string_view name;
  base::Result<void> (*read)(const Cursor& member, T& out);
};

// The error for a member that is none of `known`, with the nearest of them as the hint.
[[nodiscard]] base::Unexpected fail_unknown(const Cursor& member,
                                            std::span<const std::string_view> known);

// Reads a map with the fields alone. What is not there leaves `out` as it is.
template <class T, std::size_t N>
[[nodiscard]] base::Result<void> read_fields(const Cursor& map, const Field<T> (&fields)[N],
                                             T& out) {
  if (auto is_map = map.require_map(); !is_map) return is_map;
  for (std::size_t i = 0; i < map.size(); ++i) {
    const Cursor member = map.child(i);
    std::size_t at = 0;
    while (at < N && fields[at].name != member.name()) ++at;
    if (at == N) {
      std::string_view known[N];
      for (std::size_t f = 0; f < N; ++f) known[f] = fields[f].name;
      return fail_unknown(member, known);
    }
    if (auto read = fields[at].read(member, out); !read) return read;
  }
  return {};
}

[[nodiscard]] base::Result<void> read_text(const Cursor& member, std::string& out);
[[nodiscard]] base::Result<void> read_secret(const Cursor& member, base::Secret& out);

}  // namespace sutler::model
