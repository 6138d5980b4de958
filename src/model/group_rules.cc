#include "model/group_rules.h"

#include <algorithm>
#include <span>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "model/group.h"

namespace sutler::model {
namespace {

using base::Code;
using base::fail;
using base::Result;
namespace limits = base::limits;

constexpr unsigned kModeMax = 07777;
constexpr std::size_t kBase64BytesMax = (limits::kFileBytesMax + 2) / 3 * 4;

base::Unexpected fail_large(std::string_view what, std::size_t bytes_max) {
  return fail(Code::kTooLarge,
              std::string(what) + " is larger than " + std::to_string(bytes_max) + " bytes");
}

Result<void> check_reference(const Reference& reference) {
  if (!is_group_name(reference.from)) {
    return fail(Code::kInvalid, "from is not the name of a source");
  }
  if (reference.ref.empty() || reference.ref.size() > limits::kPathBytesMax ||
      !base::is_utf8(reference.ref) || base::has_control(reference.ref)) {
    return fail(Code::kInvalid, "ref must be 1 to " + std::to_string(limits::kPathBytesMax) +
                                    " bytes of UTF-8 without control characters");
  }
  if (reference.optional && reference.fallback) {
    return fail(Code::kInvalid, "optional and default exclude each other",
                "default stands in for what does not exist, optional leaves it out");
  }
  if (!reference.encoding.empty() && reference.encoding != "utf-8" &&
      reference.encoding != "base64") {
    return fail(Code::kInvalid, "encoding of a reference must be utf-8 or base64");
  }
  const bool is_base64 = reference.encoding == "base64";
  if (is_base64 && reference.fallback && !base::base64_decode(reference.fallback->expose())) {
    return fail(Code::kInvalid, "default is not base64, as encoding says of the value");
  }
  return {};
}

// The texts that a value holds, without what is generated.
struct Texts {
  const base::Secret* texts[2] = {};
  std::size_t count = 0;

  explicit Texts(const Value& value) {
    if (const auto* literal = std::get_if<Literal>(&value)) add(literal->text);
    if (const auto* made = std::get_if<Template>(&value)) add(made->text);
    if (const auto* reference = std::get_if<Reference>(&value)) {
      if (reference->fallback) add(*reference->fallback);
    }
  }
  void add(const base::Secret& text) { texts[count++] = &text; }
  [[nodiscard]] std::span<const base::Secret* const> all() const& { return {texts, count}; }
  void all() const&& = delete;  // in the head of a loop a temporary would be gone
};

Result<void> check_value(const Value& value) {
  const Texts texts(value);
  for (const base::Secret* text : texts.all()) {
    if (!base::is_utf8(text->expose())) {
      return fail(Code::kInvalid, "the value is not valid UTF-8",
                  "only a file can hold other bytes, as base64");
    }
  }
  if (const auto* made = std::get_if<Template>(&value)) {
    for (const base::Secret& secret : made->generated) {
      if (!base::is_utf8(secret.expose())) {
        return fail(Code::kInvalid, "a generated value is not valid UTF-8");
      }
    }
  }
  if (const auto* reference = std::get_if<Reference>(&value)) return check_reference(*reference);
  return {};
}

Result<void> check_base64(std::string_view text) {
  if (text.size() > kBase64BytesMax) return fail_large("the file", limits::kFileBytesMax);
  const auto decoded = base::base64_decode(text);
  if (!decoded) {
    return fail(Code::kInvalid, "data is not base64",
                "RFC 4648 section 4 with its padding and without line breaks (base64 -w0)");
  }
  if (decoded->size() > limits::kFileBytesMax) {
    return fail_large("the file", limits::kFileBytesMax);
  }
  return {};
}

Result<void> check_ownership(std::string_view member, const Ownership& ownership) {
  const bool is_explicit = ownership.policy == OwnerPolicy::kAlwaysSetExplicit ||
                           ownership.policy == OwnerPolicy::kKeepOrSetExplicit;
  const std::string name(member);
  if (is_explicit != !ownership.value.empty()) {
    return fail(
        Code::kInvalid,
        name + (is_explicit ? ": this policy needs a value" : ": this policy takes no value"),
        "the Explicit policies name a user or group, the Inherited ones do not");
  }
  // chown would take the part behind a colon for a group.
  if (ownership.value.size() > limits::kNameBytesMax || !base::is_utf8(ownership.value) ||
      base::has_control(ownership.value) ||
      ownership.value.find_first_of(": /") != std::string::npos) {
    return fail(Code::kInvalid, name + ": the value is not a name or numeric id");
  }
  return {};
}

Result<void> check_permissions(const Permissions& permissions) {
  const bool fits = permissions.form == ModeForm::kDecimalNumber
                        ? permissions.text.empty() && permissions.mode <= kModeMax
                        : parse_octal_mode(permissions.text) == permissions.mode;
  if (fits) return {};
  return fail(Code::kInvalid, "permissions: mode is out of range",
              "an octal string of 3 or 4 digits (\"0400\"), or in JSON a decimal number to 4095");
}

Result<void> check_pattern(std::string_view pattern) {
  if (is_valid_claim(pattern)) return {};
  return fail(Code::kInvalid, "a pattern must be 1 to " + std::to_string(limits::kNameBytesMax) +
                                  " bytes of UTF-8 without control characters");
}

Result<void> check_object(const ObjectPattern& object) {
  if (auto id = check_pattern(object.id); !id) return id;
  if (object.type.empty()) return {};
  if (!is_valid_claim(object.type) || object.type.find_first_of("*?") != std::string::npos) {
    return fail(Code::kInvalid, "the type of an object is a plain word",
                "service or job; leave type out to mean any");
  }
  return {};
}

Result<void> check_count(std::size_t count) {
  if (count == 0) {
    return fail(Code::kInvalid, "an empty list is not taken", "leave it out to mean any");
  }
  if (count <= limits::kRestrictionPatternsMax) return {};
  return fail(Code::kTooLarge,
              "more than " + std::to_string(limits::kRestrictionPatternsMax) + " patterns");
}

// Each pattern of the list, and that none is there twice.
template <class T, class Check>
Result<void> check_patterns(const std::vector<T>& patterns, Check check) {
  if (auto count = check_count(patterns.size()); !count) return count;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (auto pattern = check(patterns[i]); !pattern) return base::pass(pattern);
    if (std::count(patterns.begin(), patterns.end(), patterns[i]) > 1) {
      return fail(Code::kInvalid, "a pattern is there twice");
    }
  }
  return {};
}

}  // namespace

Result<void> check_variable_name(std::string_view name) {
  if (is_variable_name(name)) return {};
  return fail(
      Code::kInvalid, "not a variable name",
      "[A-Za-z_][A-Za-z0-9_.-]*, at most " + std::to_string(limits::kNameBytesMax) + " bytes");
}

Result<void> check_file_path(std::string_view path) {
  if (is_file_path(path)) return {};
  return fail(Code::kInvalid, "not a file's path",
              "absolute, without empty, . or .. parts, control characters and a final slash");
}

Result<void> check_variable(std::string_view name, const Variable& variable) {
  const Texts texts(variable.value);
  for (const base::Secret* text : texts.all()) {
    if (name.size() + 1 + text->size() + 1 > limits::kEnvironmentStringBytesMax) {
      return fail_large("NAME=value with its NUL", limits::kEnvironmentStringBytesMax);
    }
    if (text->expose().find('\0') != std::string_view::npos) {
      return fail(Code::kInvalid, "the value holds a NUL, which no environment variable can",
                  "put it in a file");
    }
  }
  return check_value(variable.value);
}

Result<void> check_file(const File& file) {
  const Texts texts(file.data);
  for (const base::Secret* text : texts.all()) {
    const bool is_base64 = file.encoding == Encoding::kBase64;
    if (text->size() > (is_base64 ? kBase64BytesMax : limits::kFileBytesMax)) {
      return fail_large("the file", limits::kFileBytesMax);
    }
  }
  if (auto value = check_value(file.data); !value) return value;
  const auto* literal = std::get_if<Literal>(&file.data);
  if (literal != nullptr && file.encoding == Encoding::kBase64) {
    if (auto data = check_base64(literal->text.expose()); !data) return data;
  }
  if (file.owner) {
    if (auto owner = check_ownership("owner", *file.owner); !owner) return owner;
  }
  if (file.group) {
    if (auto group = check_ownership("group", *file.group); !group) return group;
  }
  return file.permissions ? check_permissions(*file.permissions) : Result<void>();
}

Result<void> check_restrictions(const Restrictions& restrictions) {
  if (restrictions.projects) {
    auto projects = check_patterns(*restrictions.projects, check_pattern);
    if (!projects) return base::pass(projects, "projects");
  }
  if (restrictions.nf_objects) {
    auto objects = check_patterns(*restrictions.nf_objects, check_object);
    if (!objects) return base::pass(objects, "nfObjects");
  }
  return {};
}

}  // namespace sutler::model
