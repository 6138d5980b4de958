// Templates at work: what is generated once when a group is saved, cycles, and evaluation. Their
// syntax is the model's (model/template_syntax.h).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/secret.h"
#include "model/group.h"
#include "model/template_syntax.h"
#include "model/workload.h"

namespace sutler::resolve {

using model::Filter;
using model::parse_template;
using model::Part;
using model::RandomPart;
using model::TextPart;
using model::VariablePart;
using model::WorkloadPart;

// Fills `generated` of every template of the group that lacks some, from the system's randomness,
// and checks that every template parses. The message names the entry. Called before a save.
[[nodiscard]] base::Result<void> prepare_templates(model::Group& group);

// Cycles among the variables of this one group: kInvalid that names the way round. Called before a
// save.
[[nodiscard]] base::Result<void> check_cycles(const model::Group& group);

// No rendered text is longer: the base64 form of the longest file. Looked at after each part, so
// that a template of a few bytes cannot ask for gigabytes.
inline constexpr std::size_t kRenderedBytesMax = (base::limits::kFileBytesMax + 2) / 3 * 4;

// Evaluates. `variable` gives the final value of another variable of the bundle, or an error
// (unknown name, cycle), which is passed on as it is. Own errors: kInvalid `template_invalid`,
// kTooLarge `bundle_too_large`. Messages are continuations: the caller puts the entry's name in
// front.
using Lookup = std::function<base::Result<std::string_view>(std::string_view name)>;
[[nodiscard]] base::Result<base::Secret> render_template(const model::Template& value,
                                                         const model::Workload& workload,
                                                         const Lookup& variable);

}  // namespace sutler::resolve
