#include "model/entry_reader.h"

#include <string>
#include <utility>

#include "model/template_syntax.h"

namespace sutler::model {
namespace {

using base::Result;
using base::Secret;

constexpr std::int64_t kModeMax = 07777;

// Everything an object in the place of a value may say, before it is clear which kind it is.
struct ValueParts {
  std::optional<Secret> value;
  std::optional<Secret> text;  // of the template
  std::optional<std::vector<Secret>> generated;
  std::optional<Reference> reference;
  std::optional<std::string> from;
  bool has_ref = false;
  bool masked = false;
};

Result<void> read_into(const Cursor& at, std::optional<Secret>& out) {
  return read_secret(at, out.emplace());
}

// A template that cannot be read is refused where it stands.
Result<void> read_template(const Cursor& at, ValueParts& parts) {
  if (auto read = read_into(at, parts.text); !read) return read;
  auto parsed = parse_template(parts.text->expose());
  if (!parsed) return at.fail(parsed.error().message, parsed.error().hint);
  return {};
}

// The reference that the members of `parts` say something about.
Reference& reference_of(ValueParts& parts) {
  return parts.reference ? *parts.reference : parts.reference.emplace();
}

Result<void> read_generated(const Cursor& at, ValueParts& parts) {
  if (auto is_list = at.require_list(); !is_list) return is_list;
  auto& generated = parts.generated.emplace();
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (auto read = read_secret(at.child(i), generated.emplace_back()); !read) return read;
  }
  return {};
}

constexpr Field<ValueParts> kValueFields[] = {
    {"value", [](const Cursor& at, ValueParts& parts) { return read_into(at, parts.value); }},
    {"template", read_template},
    {"generated", read_generated},
    {"from",
     [](const Cursor& at, ValueParts& parts) { return read_text(at, parts.from.emplace()); }},
    {"ref",
     [](const Cursor& at, ValueParts& parts) {
       parts.has_ref = true;
       return read_text(at, reference_of(parts).ref);
     }},
    {"optional",
     [](const Cursor& at, ValueParts& parts) {
       reference_of(parts).optional = true;
       return at.require_true();
     }},
    {"default", [](const Cursor& at,
                   ValueParts& parts) { return read_into(at, reference_of(parts).fallback); }},
    {"encoding",
     [](const Cursor& at, ValueParts& parts) {
       Encoding encoding = Encoding::kUnset;
       auto read = read_encoding(at, encoding);
       reference_of(parts).encoding = to_word(encoding);
       return read;
     }},
    {"masked",
     [](const Cursor& at, ValueParts& parts) {
       parts.masked = true;
       return at.require_true();
     }},
};

// A file's `data` and what describes it.
struct FileParts {
  File file;
  bool has_data = false;
  bool masked = false;
};

constexpr Field<FileParts> kFileFields[] = {
    {"data",
     [](const Cursor& at, FileParts& parts) -> Result<void> {
       auto data = read_value(at);
       if (!data) return base::pass(data);
       parts.has_data = true;
       parts.file.data = std::move(*data);
       return {};
     }},
    {"encoding",
     [](const Cursor& at, FileParts& parts) { return read_encoding(at, parts.file.encoding); }},
    {"owner",
     [](const Cursor& at, FileParts& parts) { return read_ownership(at, parts.file.owner); }},
    {"group",
     [](const Cursor& at, FileParts& parts) { return read_ownership(at, parts.file.group); }},
    {"permissions", [](const Cursor& at,
                       FileParts& parts) { return read_permissions(at, parts.file.permissions); }},
    {"masked",
     [](const Cursor& at, FileParts& parts) {
       parts.masked = true;
       return at.require_true();
     }},
};

struct OwnershipParts {
  std::optional<OwnerPolicy> policy;
  std::string value;
};

constexpr Field<OwnershipParts> kOwnershipFields[] = {
    {"policy",
     [](const Cursor& at, OwnershipParts& parts) -> Result<void> {
       auto word = at.text();
       if (!word) return base::pass(word);
       parts.policy = owner_policy_from(*word);
       if (parts.policy) return {};
       return at.fail("not a policy of owner and group",
                      "AlwaysSetExplicit, KeepOrSetExplicit, AlwaysSetInherited or "
                      "KeepOrSetInherited");
     }},
    {"value",
     [](const Cursor& at, OwnershipParts& parts) -> Result<void> {
       auto read = read_text(at, parts.value);
       if (read && parts.value.empty()) return at.fail("must not be empty");
       return read;
     }},
};

struct PermissionParts {
  std::optional<PermissionPolicy> policy;
  std::optional<Permissions> mode;  // all but the policy
};

Result<void> read_mode(const Cursor& at, PermissionParts& parts) {
  if (at.kind() == Tree::Kind::kPlain) {
    return at.fail("a mode without quotes could be octal or decimal",
                   "put the octal digits in quotes: mode: \"0400\"");
  }
  Permissions& mode = parts.mode.emplace();
  if (at.kind() == Tree::Kind::kNumber) {
    auto number = at.whole_number();
    if (!number) return base::pass(number);
    if (*number < 0 || *number > kModeMax) return at.fail("must be 0 to 4095 (octal 7777)");
    mode.mode = static_cast<std::uint16_t>(*number);
    mode.form = ModeForm::kDecimalNumber;
    return {};
  }
  auto text = at.text();
  if (!text) return base::pass(text);
  const auto octal = parse_octal_mode(*text);
  if (!octal) return at.fail("must be 3 or 4 octal digits", "as in \"0400\"");
  mode.mode = *octal;
  mode.text = *text;
  return {};
}

constexpr Field<PermissionParts> kPermissionFields[] = {
    {"policy",
     [](const Cursor& at, PermissionParts& parts) -> Result<void> {
       auto word = at.text();
       if (!word) return base::pass(word);
       parts.policy = permission_policy_from(*word);
       if (parts.policy) return {};
       return at.fail("not a policy of permissions", "AlwaysSet or KeepOrSet");
     }},
    {"mode", read_mode},
};

// Exactly one kind, and only the members of that kind.
Result<Value> combine(const Cursor& at, ValueParts parts) {
  const int kinds =
      (parts.value ? 1 : 0) + (parts.text ? 1 : 0) + (parts.from ? 1 : 0) + (parts.masked ? 1 : 0);
  if (kinds != 1) {
    return at.fail("needs exactly one of value, template, from and masked",
                   "a text alone is a literal value");
  }
  if (parts.generated && !parts.text) return at.fail("generated goes with template only");
  if (parts.reference && !parts.from) {
    return at.fail("ref, optional, default and encoding go with from only");
  }
  if (parts.masked) return Masked{};
  if (parts.value) return Literal{std::move(*parts.value)};
  if (parts.text) {
    return Template{std::move(*parts.text),
                    parts.generated ? std::move(*parts.generated) : std::vector<Secret>()};
  }
  if (!parts.has_ref) return at.fail("ref is missing", "where in the source the value is");
  parts.reference->from = std::move(*parts.from);
  return std::move(*parts.reference);
}

}  // namespace

Result<Value> read_value(const Cursor& at) {
  if (at.kind() != Tree::Kind::kMap) {
    auto text = at.text();
    if (!text) return base::pass(text);
    return Literal{Secret(*text)};
  }
  ValueParts parts;
  if (auto read = read_fields(at, kValueFields, parts); !read) return base::pass(read);
  return combine(at, std::move(parts));
}

Result<File> read_file_entry(const Cursor& at) {
  FileParts parts;
  if (auto read = read_fields(at, kFileFields, parts); !read) return base::pass(read);
  if (parts.masked) {
    if (at.size() != 1) {
      return at.fail("masked: true stands alone in a file",
                     "to keep the data only, write data: {masked: true}");
    }
    parts.file.data = Masked{.whole_file = true};
    return std::move(parts.file);
  }
  if (!parts.has_data) return at.fail("data is missing", "an empty file has data: \"\"");
  return std::move(parts.file);
}

Result<void> read_encoding(const Cursor& at, Encoding& out) {
  auto word = at.text();
  if (!word) return base::pass(word);
  for (const Encoding encoding : {Encoding::kUtf8, Encoding::kBase64}) {
    if (*word != to_word(encoding)) continue;
    out = encoding;
    return {};
  }
  return at.fail("not an encoding", "utf-8 or base64");
}

Result<void> read_ownership(const Cursor& at, std::optional<Ownership>& out) {
  OwnershipParts parts;
  if (auto read = read_fields(at, kOwnershipFields, parts); !read) return read;
  if (!parts.policy) return at.fail("policy is missing");
  out = Ownership{*parts.policy, std::move(parts.value)};
  return {};
}

Result<void> read_permissions(const Cursor& at, std::optional<Permissions>& out) {
  PermissionParts parts;
  if (auto read = read_fields(at, kPermissionFields, parts); !read) return read;
  if (!parts.policy) return at.fail("policy is missing");
  if (!parts.mode) return at.fail("mode is missing");
  parts.mode->policy = *parts.policy;
  out = std::move(*parts.mode);
  return {};
}

}  // namespace sutler::model
