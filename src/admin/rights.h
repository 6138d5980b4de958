// What somebody who was let in may do. Pure functions of who he is and what it is about; every
// endpoint asks them for what it lists, shows and writes, and nothing else decides.
//
// A scope is about three things, and they differ on purpose:
// * to see names: some workload of the scope's projects gets the group;
// * to see values: the group is for nobody but workloads of the scope's projects;
// * to write: the same, before and after the change, and the priority is not above the scope's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/group.h"
#include "model/operator.h"

namespace sutler::admin {

using model::Reveal;
using model::Role;
using model::Scope;

// Somebody who was let in. By default nobody, who may do nothing.
struct Principal {
  // How he came; decides what beside rights is asked of his request.
  enum class By { kNothing, kSocket, kOwnerToken, kToken, kSession, kProxy };

  std::string name;  // in the audit: "uid:0 loginuid:1000", "owner-token", "alice", "proxy:bob"
  Role role = Role::kAuditor;
  Reveal reveal = Reveal::kNo;
  std::vector<Scope> scopes;  // none: everything
  By by = By::kNothing;
  std::string token_id = {};  // of the token, or of the token behind the session
};

// An owner as the socket and the owner token make them: everything, values too.
[[nodiscard]] Principal owner_principal(std::string name, Principal::By by);

// What a route asks for.
enum class Right {
  kOpen,      // nothing, not even credentials
  kSignedIn,  // any credentials; shows nothing of the store
  kView,      // every role; the endpoint shows only what may be seen
  kEdit,      // owner, editor
  kAudit,     // owner, auditor
  kOwn,       // owner
};
[[nodiscard]] std::string_view to_word(Right right);  // "view"
// kRefused names the role and what the request needs.
[[nodiscard]] base::Result<void> require_right(const Principal& who, Right right);

[[nodiscard]] bool may_see_team(const Principal& who, std::string_view team);
// Workloads of that project: what they get, got and would get.
[[nodiscard]] bool may_see_project(const Principal& who, std::string_view team,
                                   std::string_view project);
// That the group is there, its header and the names of its entries. Who may not is answered as if
// it were not there.
[[nodiscard]] bool may_see(const Principal& who, const model::GroupHeader& group);
// Its values. Of a `type: config` group without the grant, but not for auditors.
[[nodiscard]] bool may_reveal(const Principal& who, const model::GroupHeader& group);
// kRefused that names the group; what may not be seen at all is kNotFound.
[[nodiscard]] base::Result<void> require_reveal(const Principal& who,
                                                const model::GroupHeader& group);

// Whether the change from `before` (null: there is none) to `after` (null: it goes) may be made.
// kRefused (`out_of_scope`) names what reaches outside; of a group that may not be seen it tells
// nothing but the name, which the caller wrote himself. A group whose values were secret becomes
// `type: config` only by somebody who may see them.
[[nodiscard]] base::Result<void> require_write(const Principal& who,
                                               const model::GroupHeader* before,
                                               const model::GroupHeader* after);

// Whether values of `from` may go into `to`, another group (a copy): they must be ones that he
// could see, or hand to the same workloads by writing `from` itself, and must not become readable
// on the way. Asked beside require_write() of `to`.
[[nodiscard]] base::Result<void> require_carry(const Principal& who, const model::GroupHeader& from,
                                               const model::GroupHeader& to);

}  // namespace sutler::admin
