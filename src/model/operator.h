// Who may do what: operators, their roles and scopes, and the tokens that they show.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sutler::model {

// An owner may do everything. An editor sees names and `type: config` values and writes within his
// scopes. A viewer sees the same and writes nothing. An auditor sees names and the audit.
enum class Role { kOwner, kEditor, kViewer, kAuditor };
[[nodiscard]] std::string_view to_word(Role role);  // "owner"
[[nodiscard]] std::optional<Role> role_from(std::string_view word);

// Whether the values of `type: secret` groups may be shown; a grant beside the role.
enum class Reveal { kNo, kYes };

// Where somebody's rights reach: exact names or globs; an empty list: any. A list that is written
// empty is refused where a scope is read, so that nothing is opened by accident.
struct Scope {
  std::vector<std::string> teams;
  std::vector<std::string> projects;
  std::vector<std::string> groups;
  int priority_max = 100;  // of the groups that may be written
  bool operator==(const Scope&) const = default;
};

using TokenHash = std::array<unsigned char, 32>;  // SHA-256 of the token's text

struct OperatorToken {
  std::string id;  // 8 hex digits, made by us
  std::string label;
  TokenHash hash{};
  base::UnixTime created;
  std::optional<base::UnixTime> expires;  // from then on it is no token any more
  bool operator==(const OperatorToken&) const = default;
};

// Copyable: it holds no token, only their hashes.
struct Operator {
  std::string name;
  std::string description;
  Role role = Role::kViewer;
  Reveal reveal = Reveal::kNo;
  std::vector<Scope> scopes;  // none: everything
  bool disabled = false;
  std::vector<OperatorToken> tokens;
  bool operator==(const Operator&) const = default;
};

// 1 to 128 bytes of letters, digits, `.`, `_`, `-`, `@`, not starting with a dot or dash. Names
// that stand for something else in the audit ("owner-token") are no operator's, nor is anything
// that begins as a token does.
[[nodiscard]] bool is_operator_name(std::string_view name);
// kInvalid or kTooLarge; names the operator and the member. An owner has no scopes.
[[nodiscard]] base::Result<void> validate(const Operator& who);
// The same for scopes alone; `where` stands before the message.
[[nodiscard]] base::Result<void> validate(const std::vector<Scope>& scopes, std::string_view where);

}  // namespace sutler::model
