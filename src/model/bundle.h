// What one workload gets, merged and resolved: plain values, ready for the wire.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "model/entry.h"

namespace sutler::model {

struct BundleVariable {
  std::string name;
  base::Secret value;
};

// `data` as on the wire; see File.
struct BundleFile {
  std::string path;
  base::Secret data;
  Encoding encoding = Encoding::kUnset;
  std::optional<Ownership> owner;
  std::optional<Ownership> group;
  std::optional<Permissions> permissions;
};

struct Bundle {
  std::vector<BundleVariable> variables;  // sorted by name
  std::vector<BundleFile> files;          // sorted by path
};

// The same without a copy of each value: views into whatever holds them.
struct BundleVariableView {
  std::string_view name;
  std::string_view value;
};
struct BundleFileView {
  std::string_view path;
  std::string_view data;
  Encoding encoding = Encoding::kUnset;
  const std::optional<Ownership>& owner;
  const std::optional<Ownership>& group;
  const std::optional<Permissions>& permissions;
};
struct BundleView {
  std::vector<BundleVariableView> variables;  // sorted by name
  std::vector<BundleFileView> files;          // sorted by path
};

// `{"secrets":[…]}` as protocol.md says: members that are not set are left out.
[[nodiscard]] base::Secret write_bundle_json(const BundleView& bundle);
[[nodiscard]] base::Secret write_bundle_json(const Bundle& bundle);
// The way back, for clients. kInvalid names the entry and member.
[[nodiscard]] base::Result<Bundle> read_bundle_json(std::string_view text);

}  // namespace sutler::model
