#include "store/damaged.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "store/record_codec.h"

namespace sutler::store {
namespace {

struct Named {
  std::string team, name;
};

Named find_group(const Snapshot& snapshot, const StoreKeys& keys, std::string_view id) {
  Named found;
  snapshot.groups.for_all([&](const auto& group) {
    if (RecordCodec::id(*group) == id) found = {group->header().team, group->header().name};
  });
  if (!found.name.empty()) return found;
  snapshot.deleted.for_all([&](const auto& gone) {
    if (found.name.empty() && keys.record_id(kGroupKind, gone->team, gone->name) == id) {
      found = {gone->team, gone->name};
    }
  });
  return found;
}

Named find(const Snapshot& snapshot, const StoreKeys& keys, std::string_view kind,
           std::string_view id) {
  if (kind == kGroupKind) return find_group(snapshot, keys, id);
  if (kind == kTeamKind) {
    for (const auto& [name, record] : snapshot.teams) {
      if (keys.record_id(kind, name, {}) == id) return {{}, name};
    }
  }
  if (kind == kOperatorKind) {
    for (const auto& [name, record] : snapshot.operators->all()) {
      if (keys.record_id(kind, name, {}) == id) return {{}, name};
    }
  }
  return {};
}

// What stands in a row that was changed from outside may be anything.
std::string tame(std::string_view text) {
  constexpr std::size_t kBytesMax = 64;
  const bool plain = text.size() <= kBytesMax && std::ranges::all_of(text, [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') || c == '-';
                     });
  return plain ? std::string(text) : base::hex_encode(text.substr(0, kBytesMax));
}

}  // namespace

std::string describe(const DamagedRow& row) {
  std::string out = row.kind + " \"" + row.name + "\"";
  if (!row.team.empty()) out += " of team \"" + row.team + "\"";
  return out + ", version " + std::to_string(row.version);
}

void Damaged::add(const Snapshot& snapshot, const StoreKeys& keys, std::string_view kind,
                  std::string_view id, std::uint64_t version) {
  ++count;
  if (rows.size() == kNamedMax) return;
  Named named = find(snapshot, keys, kind, id);
  if (named.name.empty()) named.name = tame(id);
  rows.push_back({tame(kind), std::move(named.team), std::move(named.name), version});
}

std::string Damaged::json() const {
  if (rows.empty()) return {};
  std::string out = "[";
  for (const DamagedRow& row : rows) {
    out += out.size() > 1 ? ",{\"kind\":" : "{\"kind\":";
    base::append_json_string(out, row.kind);
    if (!row.team.empty()) {
      out += ",\"team\":";
      base::append_json_string(out, row.team);
    }
    out += ",\"name\":";
    base::append_json_string(out, row.name);
    out += ",\"version\":" + std::to_string(row.version) + "}";
  }
  return out + "]";
}

}  // namespace sutler::store
