#include "cli/local_file.h"

#include "base/file.h"
#include "base/limits.h"

namespace sutler::cli {

base::Result<base::Secret> read_local(const std::string& path, std::string_view what,
                                      std::size_t bytes_max) {
  auto content =
      path == "-" ? base::read_standard_input(bytes_max) : base::read_file(path, bytes_max);
  if (content) return content;
  base::Error error = std::move(content.error());
  error.message = std::string(what) + ": " + error.message;
  if (error.code == base::Code::kNotFound) {
    error.code = base::Code::kInvalid;
    error.hint = "check the path: it is taken from the folder you are in";
  }
  return std::unexpected(std::move(error));
}

base::Result<base::Secret> read_local_value(const std::string& path, std::string_view what,
                                            std::size_t bytes_max) {
  auto content = read_local(path, what, bytes_max);
  if (!content) return content;
  return base::strip_single_newline(std::move(*content));
}

base::Result<base::Secret> read_signing_key(const std::string& path) {
  // With room for the newline that goes.
  auto key = read_local_value(path, "key file", base::limits::kSigningKeyBytesMax + 2);
  if (key && key->empty()) {
    return base::fail(base::Code::kInvalid, "key file " + path + " is empty",
                      "it holds the string that is shared with Northflank");
  }
  return key;
}

}  // namespace sutler::cli
