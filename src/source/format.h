// What programs print and files hold, as a Document.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "source/driver.h"

namespace sutler::source {

enum class Format {
  kByName,  // of a file: .json, .yaml, .yml, .env by its ending, else raw. Of a program: raw
  kJson,    // an object has fields; another value is bytes alone
  kYaml,    // the same, in the YAML that group files are written in (model/tree.h)
  kDotenv,  // fields
  kRaw,     // bytes alone, exactly
};

// The format of a file of that name; `configured` unless that is kByName.
[[nodiscard]] Format format_of(Format configured, std::string_view file_name);

// kInvalid for what does not read as `format`; the message starts with `what` ("what it printed")
// and names line and column at most, never a piece of the text.
[[nodiscard]] base::Result<Document> read_document(Format format, base::Secret bytes,
                                                   std::string_view what);

}  // namespace sutler::source
