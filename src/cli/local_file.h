// Files that the command line names: keys, values, group files. `-` is standard input.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace sutler::cli {

// The exact content. A file that does not exist is kInvalid here: "not found" (exit 3) is for what
// the server does not have. The message begins with `what` ("key file").
[[nodiscard]] base::Result<base::Secret> read_local(const std::string& path, std::string_view what,
                                                    std::size_t bytes_max);

// As a key or a value: one final newline goes if it is the only one.
[[nodiscard]] base::Result<base::Secret> read_local_value(const std::string& path,
                                                          std::string_view what,
                                                          std::size_t bytes_max);

// A signing key: as above, and kInvalid when it is empty.
[[nodiscard]] base::Result<base::Secret> read_signing_key(const std::string& path);

}  // namespace sutler::cli
