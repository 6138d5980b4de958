// The numbers of users and groups by their names, as a machine or a folder tree in its place knows
// them.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/root_folder.h"

namespace sutler::cli {

class NamesHere {
 public:
  // Of this machine, by all ways that it is configured for (passwd, LDAP and the like).
  NamesHere() = default;
  // Of the tree: its /etc/passwd and /etc/group, which need not be there. A link in place of one is
  // kInvalid.
  [[nodiscard]] static base::Result<NamesHere> of_tree(const RootFolder& root);

  // As chown(1) reads a user or a group: a name that exists, else a number.
  [[nodiscard]] std::optional<unsigned> user(const std::string& text) const;
  [[nodiscard]] std::optional<unsigned> group(const std::string& text) const;

 private:
  using Table = std::map<std::string, unsigned, std::less<>>;
  struct Tables {
    Table users;
    Table groups;
  };
  std::optional<Tables> tables_;  // nothing: this machine
};

}  // namespace sutler::cli
