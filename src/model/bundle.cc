#include "model/bundle.h"

#include <algorithm>

#include "base/json.h"
#include "base/limits.h"
#include "model/cursor.h"
#include "model/entry_json.h"
#include "model/entry_reader.h"
#include "model/group.h"
#include "model/group_rules.h"
#include "model/tree.h"

namespace sutler::model {
namespace {

using base::append_json_string;
using base::Result;
using base::Secret;

// Around what is variable in an entry: more than enough, so that the body grows only for escapes.
constexpr std::size_t kVariableOverheadBytes = 48;
constexpr std::size_t kFileOverheadBytes = 640;

std::size_t estimated_bytes(const BundleView& bundle) {
  std::size_t bytes = 64;
  for (const BundleVariableView& variable : bundle.variables) {
    bytes += variable.name.size() + variable.value.size() + kVariableOverheadBytes;
  }
  for (const BundleFileView& file : bundle.files) {
    bytes += file.path.size() + file.data.size() + kFileOverheadBytes;
  }
  return bytes + bytes / 16;
}

// Everything an entry may say, before it is clear which of the two kinds it is.
struct EntryParts {
  std::string type;
  std::optional<std::string> key;
  std::optional<Secret> value;
  std::optional<std::string> path;
  std::optional<Secret> data;
  BundleFile file;
};

constexpr Field<EntryParts> kEntryFields[] = {
    {"type", [](const Cursor& at, EntryParts& parts) { return read_text(at, parts.type); }},
    {"key", [](const Cursor& at, EntryParts& parts) { return read_text(at, parts.key.emplace()); }},
    {"value",
     [](const Cursor& at, EntryParts& parts) { return read_secret(at, parts.value.emplace()); }},
    {"path",
     [](const Cursor& at, EntryParts& parts) { return read_text(at, parts.path.emplace()); }},
    {"data",
     [](const Cursor& at, EntryParts& parts) { return read_secret(at, parts.data.emplace()); }},
    {"encoding",
     [](const Cursor& at, EntryParts& parts) { return read_encoding(at, parts.file.encoding); }},
    {"owner",
     [](const Cursor& at, EntryParts& parts) { return read_ownership(at, parts.file.owner); }},
    {"group",
     [](const Cursor& at, EntryParts& parts) { return read_ownership(at, parts.file.group); }},
    {"permissions", [](const Cursor& at,
                       EntryParts& parts) { return read_permissions(at, parts.file.permissions); }},
};

Result<void> take_variable(const Cursor& at, EntryParts parts, Bundle& bundle) {
  const BundleFile& file = parts.file;
  const bool has_file_members = parts.path || parts.data || file.owner || file.group ||
                                file.permissions || file.encoding != Encoding::kUnset;
  if (!parts.key || !parts.value || has_file_members) {
    return at.fail("an entry of type ENV has key and value and nothing else");
  }
  if (auto name = check_variable_name(*parts.key); !name) return at.pass(name);
  Variable variable{Literal{std::move(*parts.value)}};
  if (auto checked = check_variable(*parts.key, variable); !checked) return at.pass(checked);
  bundle.variables.push_back(
      {std::move(*parts.key), std::move(std::get<Literal>(variable.value).text)});
  return {};
}

Result<void> take_file(const Cursor& at, EntryParts parts, Bundle& bundle) {
  if (!parts.path || !parts.data || parts.key || parts.value) {
    return at.fail("an entry of type FILE has path and data, no key and no value");
  }
  if (auto path = check_file_path(*parts.path); !path) return at.pass(path);
  File file{Literal{std::move(*parts.data)}, parts.file.encoding, std::move(parts.file.owner),
            std::move(parts.file.group), std::move(parts.file.permissions)};
  if (auto checked = check_file(file); !checked) return at.pass(checked);
  bundle.files.push_back({std::move(*parts.path), std::move(std::get<Literal>(file.data).text),
                          file.encoding, std::move(file.owner), std::move(file.group),
                          std::move(file.permissions)});
  return {};
}

Result<void> read_entries(const Cursor& at, Bundle& bundle) {
  if (at.kind() != Tree::Kind::kList) return at.fail("must be a list");  // it may be empty
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Cursor entry = at.child(i);
    EntryParts parts;
    auto read = read_fields(entry, kEntryFields, parts);
    if (!read) return read;
    if (parts.type == "ENV") {
      read = take_variable(entry, std::move(parts), bundle);
    } else if (parts.type == "FILE") {
      read = take_file(entry, std::move(parts), bundle);
    } else {
      return entry.fail("type must be ENV or FILE");
    }
    if (!read) return read;
  }
  return {};
}

// What a bundle is before its `secrets` have been seen.
struct BundleParts {
  Bundle bundle;
  bool has_secrets = false;
};

constexpr Field<BundleParts> kBundleFields[] = {
    {"secrets", [](const Cursor& at, BundleParts& parts) {
       parts.has_secrets = true;
       return read_entries(at, parts.bundle);
     }}};

// Sorts, and finds what is there twice.
template <class Entry>
Result<void> sort_entries(const Cursor& at, std::vector<Entry>& entries, std::string Entry::* key) {
  std::ranges::sort(entries, {}, key);
  const auto twice = std::ranges::adjacent_find(entries, {}, key);
  if (twice == entries.end()) return {};
  return at.fail("secrets: " + printable((*twice).*key) + " is there twice");
}

}  // namespace

Secret write_bundle_json(const BundleView& bundle) {
  std::string out;
  out.reserve(estimated_bytes(bundle));
  out += "{\"secrets\":[";
  std::string_view separator;
  for (const BundleVariableView& variable : bundle.variables) {
    out += separator;
    out += "{\"type\":\"ENV\",\"key\":";
    append_json_string(out, variable.name);
    out += ",\"value\":";
    append_json_string(out, variable.value);
    out += '}';
    separator = ",";
  }
  for (const BundleFileView& file : bundle.files) {
    out += separator;
    out += "{\"type\":\"FILE\",\"path\":";
    append_json_string(out, file.path);
    out += ",\"data\":";
    append_json_string(out, file.data);
    append_file_members_json(out, file);
    out += '}';
    separator = ",";
  }
  out += "]}";
  return Secret(std::move(out));
}

Secret write_bundle_json(const Bundle& bundle) {
  BundleView view;
  view.variables.reserve(bundle.variables.size());
  for (const BundleVariable& one : bundle.variables) {
    view.variables.push_back({one.name, one.value.expose()});
  }
  view.files.reserve(bundle.files.size());
  for (const BundleFile& one : bundle.files) {
    view.files.push_back(
        {one.path, one.data.expose(), one.encoding, one.owner, one.group, one.permissions});
  }
  return write_bundle_json(view);
}

Result<Bundle> read_bundle_json(std::string_view text) {
  auto value = base::parse_json(text);
  if (!value) return base::pass(value);
  const Tree root = tree_of(*value);
  const Cursor at(root, "");
  BundleParts parts;
  if (auto read = read_fields(at, kBundleFields, parts); !read) return base::pass(read);
  if (!parts.has_secrets) return at.fail("secrets is missing");
  auto sorted = sort_entries(at, parts.bundle.variables, &BundleVariable::name);
  if (sorted) sorted = sort_entries(at, parts.bundle.files, &BundleFile::path);
  if (!sorted) return base::pass(sorted);
  return std::move(parts.bundle);
}

}  // namespace sutler::model
