#include "store/group_codec.h"

#include <cstdlib>
#include <utility>

#include "store/open_entries.h"
#include "store/value_codec.h"
#include "store/wire.h"

namespace sutler::store {
namespace {

constexpr unsigned kFormat = 1;
constexpr unsigned kBodyWithSources = 2;  // a body that ends with secretsFrom

void read_format(ByteReader& in) {
  if (in.byte(kFormat) != kFormat) in.refuse();
}

// The format of a body.
unsigned read_body_format(ByteReader& in) {
  const unsigned format = in.byte(kBodyWithSources);
  if (format == 0) in.refuse();
  return format;
}

// 0: no list; n + 1: a list of n. An empty list must never come back as "any".
template <class List, class Write>
void write_list(ByteWriter& out, const std::optional<List>& list, Write&& write) {
  out.number(list ? list->size() + 1 : 0);
  if (!list) return;
  for (const auto& item : *list) write(item);
}

template <class List, class Read>
void read_list(ByteReader& in, std::optional<List>& list, Read&& read) {
  const std::uint64_t mark = in.number();
  if (mark == 0) return;
  if (mark - 1 > in.rest().size()) {
    in.refuse();
    return;
  }
  list.emplace();
  list->reserve(static_cast<std::size_t>(mark - 1));
  for (std::uint64_t i = 1; i < mark; ++i) list->push_back(read());
}

template <class Map>
void pack_names(ByteWriter& out, const Map& entries) {
  out.number(entries.size());
  for (const auto& [name, entry] : entries) out.text(name);
}

// The next name, which must be above the one before it.
std::string_view read_name(ByteReader& in, std::string_view before, std::size_t position) {
  const std::string_view name = in.text();
  if (position > 0 && name <= before) in.refuse();
  return name;
}

template <class Visit>
void read_names(ByteReader& in, Visit&& visit) {
  const std::size_t count = in.count();
  std::string_view name;
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    name = read_name(in, name, i);
    if (in.ok()) visit(name);
  }
}

// The same into a list with room for all of them.
template <class List, class Visit>
void read_names(ByteReader& in, List& list, Visit&& visit) {
  ByteReader ahead = in;
  list.reserve(ahead.count());
  read_names(in, visit);
}

std::size_t header_bytes(const model::GroupHeader& header) {
  std::size_t bytes = 128 + header.team.size() + header.name.size() + header.description.size();
  if (header.restrictions.projects) {
    for (const auto& project : *header.restrictions.projects) bytes += project.size() + 2;
  }
  if (header.restrictions.nf_objects) {
    for (const auto& object : *header.restrictions.nf_objects) {
      bytes += object.id.size() + object.type.size() + 4;
    }
  }
  for (const auto& key : header.required_keys) bytes += key.size() + 2;
  return bytes + header.managed_by.size();
}

std::size_t body_bytes(const model::Group& group) {
  std::size_t bytes = 16;
  for (const auto& [name, variable] : group.variables) bytes += encoded_bytes(variable.value);
  for (const auto& [path, file] : group.files) bytes += encoded_bytes(file);
  return bytes + encoded_bytes(group.secrets_from);
}

}  // namespace

std::string pack_keys(const model::Group& group) {
  std::size_t bytes = 8;
  for (const auto& [name, variable] : group.variables) bytes += name.size() + 2;
  for (const auto& [path, file] : group.files) bytes += path.size() + 2;
  ByteWriter out(bytes);
  pack_names(out, group.variables);
  pack_names(out, group.files);
  return std::move(out).take();
}

std::optional<UnpackedKeys> unpack_keys(std::string_view packed) {
  ByteReader in(packed);
  UnpackedKeys keys;
  read_names(in, [&](std::string_view name) { keys.variables.push_back(name); });
  read_names(in, [&](std::string_view path) { keys.files.push_back(path); });
  if (!in.done()) return std::nullopt;
  return keys;
}

std::string encode_group_header(const model::GroupHeader& header, std::string_view packed_keys,
                                const CommitInfo& info) {
  ByteWriter out(header_bytes(header) + packed_keys.size() + info.who.size() + info.message.size() +
                 8);
  out.byte(kFormat);
  out.text(header.team);
  out.text(header.name);
  out.text(header.description);
  out.byte(static_cast<unsigned>(header.type));
  out.byte(static_cast<unsigned>(header.priority));
  write_list(out, header.restrictions.projects,
             [&](const std::string& project) { out.text(project); });
  write_list(out, header.restrictions.nf_objects, [&](const model::ObjectPattern& object) {
    out.text(object.id);
    out.text(object.type);
  });
  out.number(header.required_keys.size());
  for (const auto& key : header.required_keys) out.text(key);
  out.text(header.managed_by);
  write_info(out, info);
  out.raw(packed_keys);
  return std::move(out).take();
}

std::optional<HeaderParts> decode_group_header(std::string_view bytes) {
  ByteReader in(bytes);
  HeaderParts parts;
  model::GroupHeader& header = parts.header;
  read_format(in);
  header.team = in.text();
  header.name = in.text();
  header.description = in.text();
  header.type = static_cast<model::GroupType>(in.byte(1));
  header.priority = static_cast<int>(in.byte(base::limits::kPriorityMax));
  read_list(in, header.restrictions.projects, [&] { return std::string(in.text()); });
  read_list(in, header.restrictions.nf_objects, [&] {
    model::ObjectPattern object;
    object.id = in.text();
    object.type = in.text();
    return object;
  });
  const std::size_t required = in.count();
  header.required_keys.reserve(required);
  for (std::size_t i = 0; i < required; ++i) header.required_keys.emplace_back(in.text());
  header.managed_by = in.text();
  parts.info = read_info(in);
  parts.packed_keys = in.rest();
  read_names(in, [](std::string_view) {});
  read_names(in, [](std::string_view) {});
  if (!in.done()) return std::nullopt;
  return parts;
}

base::Secret encode_group_body(const model::Group& group) {
  ByteWriter out(body_bytes(group));
  out.byte(group.secrets_from.empty() ? kFormat : kBodyWithSources);
  for (const auto& [name, variable] : group.variables) write_value(out, variable.value);
  for (const auto& [path, file] : group.files) write_file(out, file);
  if (!group.secrets_from.empty()) write_secrets_from(out, group.secrets_from);
  return base::Secret(std::move(out).take());
}

bool decode_group_body(std::string_view bytes, std::string_view packed_keys, model::Group& group) {
  ByteReader names(packed_keys);
  ByteReader in(bytes);
  const bool with_sources = read_body_format(in) == kBodyWithSources;
  group.variables.clear();
  group.files.clear();
  group.secrets_from.clear();
  // The names ascend, so that the end is always where the next one belongs.
  read_names(names, [&](std::string_view name) {
    group.variables.emplace_hint(group.variables.end(), name, model::Variable{read_value(in)});
  });
  read_names(names, [&](std::string_view path) {
    group.files.emplace_hint(group.files.end(), path, read_file(in));
  });
  if (with_sources) group.secrets_from = read_secrets_from(in);
  return names.done() && in.done();
}

bool decode_entries(base::Secret body, std::string_view packed_keys, OpenEntries& out) {
  out.body_ = std::make_unique<const base::Secret>(std::move(body));
  ByteReader names(packed_keys);
  ByteReader in(out.body_->expose());
  const bool with_sources = read_body_format(in) == kBodyWithSources;
  const auto value = [&]() -> ValueView {
    if (const auto literal = read_literal(in)) return {*literal, nullptr};
    return {{}, &out.others_.emplace_back(read_value(in))};
  };
  read_names(names, out.variables_,
             [&](std::string_view name) { out.variables_.push_back({name, value()}); });
  read_names(names, out.files_, [&](std::string_view path) {
    FileView& view = out.files_.emplace_back(FileView{path, value()});
    model::File members;
    read_file_members(in, members);
    view.encoding = members.encoding;
    view.owner = std::move(members.owner);
    view.group = std::move(members.group);
    view.permissions = std::move(members.permissions);
  });
  if (with_sources) out.secrets_from_ = read_secrets_from(in);
  return names.done() && in.done();
}

std::string encode_tombstone(const Tombstone& tombstone) {
  ByteWriter out(32 + tombstone.team.size() + tombstone.name.size() + tombstone.info.who.size() +
                 tombstone.info.message.size() + 8);
  out.byte(kFormat);
  out.text(tombstone.team);
  out.text(tombstone.name);
  write_info(out, tombstone.info);
  return std::move(out).take();
}

std::optional<Tombstone> decode_tombstone(std::string_view bytes) {
  ByteReader in(bytes);
  Tombstone tombstone;
  read_format(in);
  tombstone.team = in.text();
  tombstone.name = in.text();
  tombstone.info = read_info(in);
  if (!in.done()) return std::nullopt;
  return tombstone;
}

}  // namespace sutler::store
