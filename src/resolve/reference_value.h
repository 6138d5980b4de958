// From what a source said to the value of an entry, and to the problem where there is none.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "model/entry.h"
#include "source/sources.h"

namespace sutler::resolve {

enum class Place { kVariable, kFile };

struct ReferenceValue {
  enum class Form {
    kText,    // valid UTF-8, as it is
    kBase64,  // of a file: base64 text of the bytes
    kAbsent,  // `optional`, and there is no such value
  };
  Form form = Form::kText;
  base::Secret text;
};

// Takes the value out of `found`. `encoding: base64` of the reference says that the store keeps
// base64 text; line breaks and missing padding in it are allowed. Bytes of a file that are no text,
// or that `wanted` says shall be base64, come as base64.
//
// Errors: source_pending, source_unavailable, source_missing, source_denied, source_not_allowed,
// source_bad_reference, unknown_source, source_not_text (a variable that is no text),
// source_not_base64, bundle_too_large. Messages are continuations ("its value …") and tell no
// value.
[[nodiscard]] base::Result<ReferenceValue> value_of_reference(const model::Reference& reference,
                                                              source::Found& found, Place place,
                                                              model::Encoding wanted);

// The error of what was not found; kMissing is source_missing.
[[nodiscard]] base::Unexpected not_found(const source::Found& found, std::string_view source,
                                         std::string_view ref);

// Whether an environment variable can hold it: UTF-8 without NUL. Else source_not_text.
[[nodiscard]] base::Result<void> check_text(std::string_view value, std::string_view source,
                                            std::string_view ref);

}  // namespace sutler::resolve
