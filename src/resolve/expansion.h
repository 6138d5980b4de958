// `secretsFrom` of the groups of one workload: whole objects of sources as variables, before the
// merge. Used by tell() only.
#pragma once

#include "resolve/answers.h"
#include "resolve/story.h"

namespace sutler::resolve {

// Asks for all objects first, so that what is not read yet is told at once; then gives each group
// that has any entries with its variables in them. Problems: those of references
// (reference_value.h), `secrets_from_name` (a field that becomes no variable's name) and
// `secrets_from_conflict`.
void expand(Story& story, OnProblem on_problem, const Answers& answers);

}  // namespace sutler::resolve
