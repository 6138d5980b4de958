// The entries of a secret group: variables and files, with the protocol's members for files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/value.h"

namespace sutler::model {

enum class OwnerPolicy {
  kAlwaysSetExplicit,
  kKeepOrSetExplicit,
  kAlwaysSetInherited,
  kKeepOrSetInherited,
};

// `owner` or `group` of a file. `value` (name or numeric id) is set for the two Explicit policies
// only.
struct Ownership {
  OwnerPolicy policy;
  std::string value;
  auto operator<=>(const Ownership&) const = default;
};

enum class PermissionPolicy { kAlwaysSet, kKeepOrSet };

// `mode` in 0..07777. `decimal` keeps how it was written, a JSON number or an octal string, so
// that it goes out in the same form: the protocol has both.
enum class ModeForm { kOctalString, kDecimalNumber };
struct Permissions {
  PermissionPolicy policy;
  std::uint16_t mode = 0;
  ModeForm form = ModeForm::kOctalString;
  std::string text;  // the octal string as written ("0400"); empty for a number
  auto operator<=>(const Permissions&) const = default;
};

enum class Encoding { kUnset, kUtf8, kBase64 };

// An environment variable.
struct Variable {
  Value value;
};

// A file. `data` is as on the wire: with Encoding::kBase64 the literal is base64 text.
struct File {
  Value data;
  Encoding encoding = Encoding::kUnset;
  std::optional<Ownership> owner;
  std::optional<Ownership> group;
  std::optional<Permissions> permissions;
};

[[nodiscard]] Variable clone(const Variable& variable);
[[nodiscard]] File clone(const File& file);
[[nodiscard]] bool equal(const File& a, const File& b);

// The words of the protocol: "AlwaysSetExplicit" and so on; nothing for another word.
[[nodiscard]] std::string_view to_word(OwnerPolicy policy);
[[nodiscard]] std::optional<OwnerPolicy> owner_policy_from(std::string_view word);
[[nodiscard]] std::string_view to_word(PermissionPolicy policy);
[[nodiscard]] std::optional<PermissionPolicy> permission_policy_from(std::string_view word);
[[nodiscard]] std::string_view to_word(Encoding encoding);  // "" for kUnset

// An octal string of 3 or 4 digits ("0400"), or nothing.
[[nodiscard]] std::optional<std::uint16_t> parse_octal_mode(std::string_view text);

}  // namespace sutler::model
