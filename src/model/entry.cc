#include "model/entry.h"

#include <array>
#include <utility>

namespace sutler::model {
namespace {

constexpr std::array<std::pair<OwnerPolicy, std::string_view>, 4> kOwnerPolicies = {{
    {OwnerPolicy::kAlwaysSetExplicit, "AlwaysSetExplicit"},
    {OwnerPolicy::kKeepOrSetExplicit, "KeepOrSetExplicit"},
    {OwnerPolicy::kAlwaysSetInherited, "AlwaysSetInherited"},
    {OwnerPolicy::kKeepOrSetInherited, "KeepOrSetInherited"},
}};

}  // namespace

Variable clone(const Variable& variable) { return {clone(variable.value)}; }

File clone(const File& file) {
  return {clone(file.data), file.encoding, file.owner, file.group, file.permissions};
}

bool equal(const File& a, const File& b) {
  return a.encoding == b.encoding && a.owner == b.owner && a.group == b.group &&
         a.permissions == b.permissions && equal(a.data, b.data);
}

std::string_view to_word(OwnerPolicy policy) {
  for (const auto& [known, word] : kOwnerPolicies) {
    if (known == policy) return word;
  }
  return {};
}

std::optional<OwnerPolicy> owner_policy_from(std::string_view word) {
  for (const auto& [policy, known] : kOwnerPolicies) {
    if (known == word) return policy;
  }
  return std::nullopt;
}

std::string_view to_word(PermissionPolicy policy) {
  return policy == PermissionPolicy::kAlwaysSet ? "AlwaysSet" : "KeepOrSet";
}

std::optional<PermissionPolicy> permission_policy_from(std::string_view word) {
  if (word == "AlwaysSet") return PermissionPolicy::kAlwaysSet;
  if (word == "KeepOrSet") return PermissionPolicy::kKeepOrSet;
  return std::nullopt;
}

std::string_view to_word(Encoding encoding) {
  switch (encoding) {
    case Encoding::kUnset: return "";
    case Encoding::kUtf8: return "utf-8";
    case Encoding::kBase64: return "base64";
  }
  return "";
}

std::optional<std::uint16_t> parse_octal_mode(std::string_view text) {
  if (text.size() < 3 || text.size() > 4) return std::nullopt;
  unsigned mode = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    mode = mode * 8 + static_cast<unsigned>(c - '0');
  }
  return static_cast<std::uint16_t>(mode);
}

}  // namespace sutler::model
