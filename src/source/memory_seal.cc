#include "source/memory_seal.h"

#include <algorithm>
#include <utility>

#include "crypto/hash.h"
#include "crypto/random.h"

namespace sutler::source {
namespace {

std::shared_ptr<const crypto::AeadKey> make_key() {
  base::LockedBytes bytes(crypto::kAeadKeyBytes);
  crypto::random_fill(bytes.bytes());
  return std::make_shared<const crypto::AeadKey>(std::move(bytes));
}

crypto::HmacKey make_tag_key() {
  base::LockedBytes bytes(32);
  crypto::random_fill(bytes.bytes());
  return crypto::HmacKey(crypto::HashAlgorithm::kSha256, bytes.expose());
}

void append_sized(std::string& out, std::string_view bytes) {
  const std::uint64_t size = bytes.size();
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>((size >> shift) & 0xff);
  out += bytes;
}

// Lengths keep the parts apart. One allocation: a string that grew would leave copies behind.
base::Secret flattened(const Document& document) {
  std::size_t bytes = 16 + document.bytes.size();
  if (document.fields) {
    for (const auto& field : *document.fields) bytes += 16 + field.name.size() + field.value.size();
  }
  std::string all;
  all.reserve(bytes);
  all += document.fields ? 'o' : 'b';
  append_sized(all, document.bytes.expose());
  if (document.fields) {
    for (const auto& field : *document.fields) {
      append_sized(all, field.name);
      append_sized(all, field.value.expose());
    }
  }
  return base::Secret(std::move(all));
}

std::string associated(std::string_view identity, char role, std::string_view name) {
  std::string data;
  data.reserve(identity.size() + name.size() + 2);
  data += identity;
  data += '\0';
  data += role;
  data += name;
  return data;
}

constexpr char kBytes = 'b';
constexpr char kField = 'f';

}  // namespace

std::optional<base::Secret> Content::open(const Part& part, char role) const {
  return key_->open(associated(identity_, role, part.name), part.sealed);
}

std::optional<base::Secret> Content::bytes() const { return open(bytes_, kBytes); }

Content::Look Content::field(std::string_view name, base::Secret& out) const {
  const auto at = std::ranges::lower_bound(fields_, name, {}, &Part::name);
  if (at == fields_.end() || at->name != name) return Look::kNoField;
  auto opened = open(*at, kField);
  if (!opened) return Look::kDamaged;
  out = std::move(*opened);
  return Look::kThere;
}

std::optional<std::vector<Document::Field>> Content::fields() const {
  std::vector<Document::Field> all;
  all.reserve(fields_.size());
  for (const Part& part : fields_) {
    auto opened = open(part, kField);
    if (!opened) return std::nullopt;
    all.push_back({part.name, std::move(*opened)});
  }
  return all;
}

std::optional<Document> Content::document() const {
  auto opened = bytes();
  if (!opened) return std::nullopt;
  Document document{std::move(*opened), std::nullopt, std::nullopt};
  if (!is_object_) return document;
  document.fields = fields();
  if (!document.fields) return std::nullopt;
  return document;
}

MemorySeal::MemorySeal() : tags_(make_tag_key()), key_(make_key()) {}

base::Result<std::shared_ptr<const Content>> MemorySeal::seal(
    std::string identity, Document document, std::shared_ptr<const Content> before) {
  if (document.fields) {
    // Drivers promise the order; a name that comes twice would be found by chance.
    std::ranges::stable_sort(*document.fields, {}, &Document::Field::name);
    const auto twice = std::ranges::adjacent_find(*document.fields, {}, &Document::Field::name);
    if (twice != document.fields->end()) {
      return base::fail(base::Code::kInvalid, "the object names one field twice");
    }
  }
  std::string tag(tags_.sign(flattened(document).expose()).view());
  if (before && crypto::equal_in_constant_time(before->tag(), tag)) return before;
  auto sealed = seal_anew(identity, document, tag);
  if (sealed || sealed.error().code != base::Code::kUnavailable) return sealed;
  {
    // The key has sealed as often as it may. What it sealed keeps it.
    const std::lock_guard lock(mutex_);
    key_ = make_key();
  }
  return seal_anew(std::move(identity), document, std::move(tag));
}

base::Result<std::shared_ptr<const Content>> MemorySeal::seal_anew(std::string identity,
                                                                   const Document& document,
                                                                   std::string tag) {
  auto made = std::make_shared<Content>();
  {
    const std::lock_guard lock(mutex_);
    made->key_ = key_;
  }
  constexpr std::size_t kAround = 512;  // the slot, the nodes of its tables
  made->size_ = kAround + sizeof(Content) + 2 * identity.size();
  const auto part = [&](char role, std::string_view name,
                        const base::Secret& value) -> base::Result<Content::Part> {
    auto sealed = made->key_->seal(associated(identity, role, name), value.expose());
    if (!sealed) return pass(sealed);
    made->size_ += sizeof(Content::Part) + name.size() + sealed->size();
    return Content::Part{std::string(name), std::move(*sealed)};
  };
  auto bytes = part(kBytes, {}, document.bytes);
  if (!bytes) return pass(bytes);
  made->bytes_ = std::move(*bytes);
  made->is_object_ = document.fields.has_value();
  if (document.fields) {
    made->fields_.reserve(document.fields->size());
    for (const auto& field : *document.fields) {
      auto sealed = part(kField, field.name, field.value);
      if (!sealed) return pass(sealed);
      made->fields_.push_back(std::move(*sealed));
    }
  }
  made->identity_ = std::move(identity);
  made->tag_ = std::move(tag);
  return made;
}

}  // namespace sutler::source
