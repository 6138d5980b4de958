// What differs between two groups, or two versions of one.
//
// Strict: a template with the same text and other generated values has changed. The masked form
// tells that a value changed, and nothing of either: not its length, not of which kind it is.
#pragma once

#include "base/secret.h"
#include "model/group.h"
#include "model/group_writer.h"

namespace sutler::admin {

// `{"header":[{"member","before","after"}],"variables":[{"name","change"}],"files":[{"path",
// "change","members"}]}`; `change` is added, removed or changed, seen from `before`. Header members
// are no values and always shown. With Values::kReveal each entry has `before` and `after` as they
// stand in a group's JSON.
//
// kKeys compares no values: what both have counts as changed. For two groups of which somebody may
// not see the values: with one of his own he could guess those of the other.
enum class Compared { kValues, kKeys };
[[nodiscard]] base::Secret diff_json(const model::Group& before, const model::Group& after,
                                     model::Values values, Compared compared = Compared::kValues);

// The same groups to the last byte of every value, generated ones too.
[[nodiscard]] bool identical(const model::Group& a, const model::Group& b);

}  // namespace sutler::admin
