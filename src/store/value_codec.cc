#include "store/value_codec.h"

#include <cstdlib>

namespace sutler::store {
namespace {

enum Tag : unsigned { kLiteral = 0, kTemplate = 1, kReference = 2, kTagMax = kReference };

constexpr std::size_t kNumberBytesMax = 10;
constexpr unsigned kModeMax = 07777;

// Words of `encoding` of a reference, by their number.
constexpr std::string_view kReferenceEncodings[] = {"", "utf-8", "base64"};

unsigned reference_encoding(std::string_view word) {
  for (unsigned i = 0; i < std::size(kReferenceEncodings); ++i) {
    if (kReferenceEncodings[i] == word) return i;
  }
  std::abort();  // validated long before
}

void write_content(ByteWriter& out, const model::Literal& literal) {
  out.byte(kLiteral);
  out.text(literal.text.expose());
}

void write_content(ByteWriter& out, const model::Template& content) {
  out.byte(kTemplate);
  out.text(content.text.expose());
  out.number(content.generated.size());
  for (const auto& generated : content.generated) out.text(generated.expose());
}

void write_content(ByteWriter& out, const model::Reference& reference) {
  out.byte(kReference);
  out.text(reference.from);
  out.text(reference.ref);
  out.byte(reference.optional ? 1 : 0);
  out.byte(reference.fallback ? 1 : 0);
  if (reference.fallback) out.text(reference.fallback->expose());
  out.byte(reference_encoding(reference.encoding));
}

void write_content(ByteWriter&, const model::Masked&) { std::abort(); }

model::Template read_template(ByteReader& in) {
  model::Template content{base::Secret(in.text()), {}};
  const std::size_t count = in.count();
  content.generated.reserve(count);
  for (std::size_t i = 0; i < count; ++i) content.generated.emplace_back(in.text());
  return content;
}

model::Reference read_reference(ByteReader& in) {
  model::Reference reference;
  reference.from = in.text();
  reference.ref = in.text();
  reference.optional = in.byte(1) == 1;
  if (in.byte(1) == 1) reference.fallback.emplace(in.text());
  reference.encoding = kReferenceEncodings[in.byte(std::size(kReferenceEncodings) - 1)];
  return reference;
}

// 0: not there; else the policy's number and one.
void write_ownership(ByteWriter& out, const std::optional<model::Ownership>& ownership) {
  out.byte(ownership ? static_cast<unsigned>(ownership->policy) + 1 : 0);
  if (ownership) out.text(ownership->value);
}

std::optional<model::Ownership> read_ownership(ByteReader& in) {
  const unsigned policy =
      in.byte(static_cast<unsigned>(model::OwnerPolicy::kKeepOrSetInherited) + 1);
  if (policy == 0) return std::nullopt;
  return model::Ownership{static_cast<model::OwnerPolicy>(policy - 1), std::string(in.text())};
}

void write_permissions(ByteWriter& out, const std::optional<model::Permissions>& permissions) {
  out.byte(permissions ? static_cast<unsigned>(permissions->policy) + 1 : 0);
  if (!permissions) return;
  out.number(permissions->mode);
  out.byte(static_cast<unsigned>(permissions->form));
  out.text(permissions->text);
}

std::optional<model::Permissions> read_permissions(ByteReader& in) {
  const unsigned policy = in.byte(static_cast<unsigned>(model::PermissionPolicy::kKeepOrSet) + 1);
  if (policy == 0) return std::nullopt;
  model::Permissions permissions;
  permissions.policy = static_cast<model::PermissionPolicy>(policy - 1);
  const std::uint64_t mode = in.number();
  if (mode > kModeMax) in.refuse();
  permissions.mode = static_cast<std::uint16_t>(mode & kModeMax);
  permissions.form = static_cast<model::ModeForm>(in.byte(1));
  permissions.text = in.text();
  return permissions;
}

std::size_t content_bytes(const model::Literal& literal) { return literal.text.size(); }
std::size_t content_bytes(const model::Template& content) {
  std::size_t bytes = content.text.size();
  for (const auto& generated : content.generated) bytes += generated.size() + kNumberBytesMax;
  return bytes;
}
std::size_t content_bytes(const model::Reference& reference) {
  return reference.from.size() + reference.ref.size() +
         (reference.fallback ? reference.fallback->size() : 0);
}
std::size_t content_bytes(const model::Masked&) { return 0; }

}  // namespace

void write_value(ByteWriter& out, const model::Value& value) {
  std::visit([&](const auto& content) { write_content(out, content); }, value);
}

model::Value read_value(ByteReader& in) {
  switch (in.byte(kTagMax)) {
    case kTemplate: return read_template(in);
    case kReference: return read_reference(in);
    default: return model::Literal{base::Secret(in.text())};
  }
}

std::optional<std::string_view> read_literal(ByteReader& in) {
  ByteReader ahead = in;
  if (ahead.byte(kTagMax) != kLiteral || !ahead.ok()) return std::nullopt;
  in = ahead;
  return in.text();
}

void write_file(ByteWriter& out, const model::File& file) {
  write_value(out, file.data);
  out.byte(static_cast<unsigned>(file.encoding));
  write_ownership(out, file.owner);
  write_ownership(out, file.group);
  write_permissions(out, file.permissions);
}

model::File read_file(ByteReader& in) {
  model::File file;
  file.data = read_value(in);
  read_file_members(in, file);
  return file;
}

void read_file_members(ByteReader& in, model::File& file) {
  file.encoding =
      static_cast<model::Encoding>(in.byte(static_cast<unsigned>(model::Encoding::kBase64)));
  file.owner = read_ownership(in);
  file.group = read_ownership(in);
  file.permissions = read_permissions(in);
}

void write_secrets_from(ByteWriter& out, const model::SecretsFrom& items) {
  out.number(items.size());
  for (const model::ObjectReference& item : items) {
    out.text(item.from);
    out.text(item.ref);
    out.text(item.prefix);
    out.number(item.only.size());
    for (const std::string& field : item.only) out.text(field);
    out.number(item.rename.size());
    for (const auto& [field, variable] : item.rename) {
      out.text(field);
      out.text(variable);
    }
    out.byte(item.optional ? 1 : 0);
    out.byte(static_cast<unsigned>(item.on_conflict));
  }
}

model::SecretsFrom read_secrets_from(ByteReader& in) {
  model::SecretsFrom items;
  const std::size_t count = in.count();
  if (count == 0) in.refuse();  // a body without any has the older format
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    model::ObjectReference& item = items.emplace_back();
    item.from = in.text();
    item.ref = in.text();
    item.prefix = in.text();
    const std::size_t only = in.count();
    for (std::size_t f = 0; f < only && in.ok(); ++f) item.only.emplace_back(in.text());
    const std::size_t renamed = in.count();
    for (std::size_t f = 0; f < renamed && in.ok(); ++f) {
      const std::string field(in.text());
      if (!item.rename.empty() && field <= item.rename.rbegin()->first) in.refuse();
      item.rename.emplace_hint(item.rename.end(), field, in.text());
    }
    item.optional = in.byte(1) == 1;
    item.on_conflict =
        static_cast<model::OnConflict>(in.byte(static_cast<unsigned>(model::OnConflict::kReplace)));
  }
  return items;
}

std::size_t encoded_bytes(const model::SecretsFrom& items) {
  std::size_t numbers = 1;
  for (const model::ObjectReference& item : items) {
    numbers += 6 + item.only.size() + 2 * item.rename.size();
  }
  return numbers * kNumberBytesMax + model::bytes_of(items);
}

std::size_t encoded_bytes(const model::Value& value) {
  const auto content = [](const auto& it) { return content_bytes(it); };
  return 4 * kNumberBytesMax + std::visit(content, value);
}

std::size_t encoded_bytes(const model::File& file) {
  return encoded_bytes(file.data) + 6 * kNumberBytesMax +
         (file.owner ? file.owner->value.size() : 0) + (file.group ? file.group->value.size() : 0) +
         (file.permissions ? file.permissions->text.size() : 0);
}

}  // namespace sutler::store
