// Operators: who may do what. Only owners come here.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// GET /api/v1/operators: a page of operators, by name.
[[nodiscard]] base::Result<http::Response> list_operators(const Context&, const Call&, Action&);
// POST `{"name","role","reveal"?,"scopes"?,"description"?}`: 201. kConflict: there is one.
[[nodiscard]] base::Result<http::Response> create_operator(const Context&, const Call&, Action&);
// GET /api/v1/operators/{name}
[[nodiscard]] base::Result<http::Response> show_operator(const Context&, const Call&, Action&);
// PUT: makes him or replaces what he may do; the same as POST without `name`. PATCH: the members
// that are there change; `scopes: null` takes all limits away. Tokens and `disabled` stay. PUT over
// one who is there needs an `If-Match`; PATCH and DELETE obey one (precondition.h).
[[nodiscard]] base::Result<http::Response> put_operator(const Context&, const Call&, Action&);
[[nodiscard]] base::Result<http::Response> patch_operator(const Context&, const Call&, Action&);
[[nodiscard]] base::Result<http::Response> delete_operator(const Context&, const Call&, Action&);
// POST …/disable: his tokens and sessions are gone at once, and do not come back with …/enable.
[[nodiscard]] base::Result<http::Response> disable_operator(const Context&, const Call&, Action&);
[[nodiscard]] base::Result<http::Response> enable_operator(const Context&, const Call&, Action&);

// An operator is `{"name","role","reveal","scopes"?,"description"?,"disabled","tokens",…}`; a
// change adds "revision" and "warnings". All but the list give his `ETag`, which is `"etag"`, too.

// kNotFound that names the operator.
[[nodiscard]] base::Result<std::shared_ptr<const store::OperatorRecord>> require_operator(
    const store::Snapshot& snapshot, std::string_view name);
// Commits the operator, who was made of the version `expected_version` (0: he is new); gives the
// revision. kConflict: another node was faster. `Context::writes` is held.
[[nodiscard]] base::Result<std::uint64_t> save_operator(const Context& context, const Call& call,
                                                        Action& action, model::Operator who,
                                                        std::uint64_t expected_version);
// `["name"]` as the record's `keys`, where it can be a name.
void note_operator(Action& action, std::string_view name);

}  // namespace sutler::admin
