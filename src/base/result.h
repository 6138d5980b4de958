// The one channel for expected failures. A function that can fail returns Result<T>; the caller
// sees either the value or an Error that names the thing, the place and, in `hint`, the way out.
// Exceptions of libraries stop at the edge of the room that uses the library.
// An Error never holds the value of a secret: whoever makes one is responsible for that.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace sutler::base {

// What kind of failure it is; each kind has one HTTP status and one exit code of the command.
enum class Code {
  kInvalid,      // the input is wrong: 400, exit 1
  kNotFound,     // the thing named does not exist: 404, exit 3
  kRefused,      // not allowed: 403, exit 4
  kUnreachable,  // the other side cannot be reached: 502, exit 5
  kConflict,     // somebody else changed it first: 409, exit 6
  kTooLarge,     // over a limit of base/limits.h: 413, exit 1
  kUnavailable,  // cannot be done now, may be later: 503, exit 1
  kNoSpace,      // the disk is full: 507, exit 1
  kCorrupt,      // sealed data does not open or does not belong here: 500, exit 1
  kInternal,     // everything else: 500, exit 1
};

struct Error {
  Code code = Code::kInternal;
  std::string message;    // one sentence without a final full stop: what is wrong, and where
  std::string hint = {};  // what to do about it; may be empty
  std::string name = {};  // snake_case name for machines ("store_empty"); may be empty
};

template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

using Unexpected = std::unexpected<Error>;

[[nodiscard]] inline Unexpected fail(Code code, std::string message, std::string hint = {},
                                     std::string name = {}) {
  return Unexpected(Error{code, std::move(message), std::move(hint), std::move(name)});
}

// Passes the error of one Result on as the error of another.
template <class T>
[[nodiscard]] Unexpected pass(Result<T>& result) {
  return Unexpected(std::move(result.error()));
}

// The same, with where it happened put in front: "groups.yaml:3: …".
template <class T>
[[nodiscard]] Unexpected pass(Result<T>& result, std::string_view where) {
  Error error = std::move(result.error());
  error.message = std::string(where) + ": " + error.message;
  return Unexpected(std::move(error));
}

// "not_found" and the like: the name of a code for JSON and logs.
[[nodiscard]] std::string_view code_name(Code code);

}  // namespace sutler::base
