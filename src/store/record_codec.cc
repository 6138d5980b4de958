#include "store/record_codec.h"

#include <algorithm>

#include "store/group_codec.h"
#include "store/operator_codec.h"
#include "store/team_codec.h"

namespace sutler::store {

using base::Result;

namespace {

// Before anything is built from what the row says of itself.
Result<void> check_place(const Record& record) {
  const Place place = place_of(record);
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const bool known = record.kind == kGroupKind || record.kind == kTeamKind ||
                     record.kind == kOperatorKind || record.kind == kSystemKind;
  if (!known || record.id.size() != kIdBytes || !std::ranges::all_of(record.id, is_hex)) {
    // Of text that is not ours no more than its size is told.
    return base::fail(base::Code::kCorrupt,
                      "there is a record with a kind or id that sutler never makes");
  }
  if (record.version == 0 || record.revision == 0) return fail_record(place, "has no version");
  if (record.key_id.size() != kKeyIdBytes || !std::ranges::all_of(record.key_id, is_hex)) {
    return fail_record(place, "names no master key");
  }
  return {};
}

std::shared_ptr<const TeamRecord> make_team_record(model::Team team, const Record& record,
                                                   CommitInfo info) {
  auto out = std::make_shared<TeamRecord>();
  for (const auto& key : team.keys) {
    const auto algorithm =
        key.algorithm == model::KeyAlgorithm::kHs256   ? crypto::HashAlgorithm::kSha256
        : key.algorithm == model::KeyAlgorithm::kHs384 ? crypto::HashAlgorithm::kSha384
                                                       : crypto::HashAlgorithm::kSha512;
    out->hmac_keys.emplace_back(algorithm, key.secret.expose());
  }
  out->team = std::move(team);
  out->version = record.version;
  out->revision = record.revision;
  out->changed = info.when;
  out->changed_by = std::move(info.who);
  return out;
}

Result<void> read_team(const Record& record, std::string_view header, std::string_view body,
                       OpenedRecord& out) {
  auto opened = decode_team_header(header);
  auto team = decode_team_body(body);
  if (!opened || !team) return fail_record(place_of(record), "cannot be read");
  out.team = opened->id;
  team->id = std::move(opened->id);
  out.team_record = make_team_record(std::move(*team), record, std::move(opened->info));
  return {};
}

Result<void> read_operator(const Record& record, std::string_view header, std::string_view body,
                           OpenedRecord& out) {
  auto opened = decode_team_header(header);
  auto who = decode_operator_body(body);
  if (!opened || !who) return fail_record(place_of(record), "cannot be read");
  who->name = opened->id;
  out.team = std::move(opened->id);
  out.operator_record = std::make_shared<const OperatorRecord>(
      OperatorRecord{std::move(*who), record.version, record.revision, opened->info.when,
                     std::move(opened->info.who)});
  return {};
}

Result<void> read_tombstone(const Record& record, std::string_view header, OpenedRecord& out) {
  auto tombstone = decode_tombstone(header);
  if (!tombstone || !record.body.empty()) return fail_record(place_of(record), "cannot be read");
  out.team = std::move(tombstone->team);
  out.name = std::move(tombstone->name);
  if (record.kind != kGroupKind) return {};
  out.deleted_group = std::make_shared<const DeletedGroup>(
      DeletedGroup{out.team, out.name, record.version, record.revision, tombstone->info.when,
                   std::move(tombstone->info.who)});
  return {};
}

}  // namespace

char* Scratch::reserve(std::size_t bytes) {
  if (bytes > bytes_.size()) {
    base::wipe(bytes_);
    bytes_.resize(std::max<std::size_t>(bytes, 16 * 1024));
  }
  return bytes_.data();
}

Result<void> RecordCodec::open_group(const Record& record, std::string_view header,
                                     OpenedRecord& out) const {
  auto parts = decode_group_header(header);
  if (!parts) return fail_record(place_of(record), "has a header that cannot be read");
  out.team = parts->header.team;
  out.name = parts->header.name;
  auto group = std::make_shared<GroupRecord>();
  group->header_ = std::move(parts->header);
  group->packed_.reserve(parts->packed_keys.size() + record.wrapped.size() + record.body.size());
  group->packed_.append(parts->packed_keys).append(record.wrapped).append(record.body);
  group->keys_bytes_ = static_cast<std::uint32_t>(parts->packed_keys.size());
  record.key_id.copy(group->key_id_.data(), group->key_id_.size());
  record.id.copy(group->id_.data(), group->id_.size());
  group->mark_ = out.held.mark;
  group->version_ = record.version;
  group->revision_ = record.revision;
  group->changed_ = parts->info.when;
  group->changed_by_ = std::move(parts->info.who);
  group->sealer_ = sealer_;
  out.group = std::move(group);
  return {};
}

Result<OpenedRecord> RecordCodec::open(const Record& record, Scratch& scratch) const {
  if (auto checked = check_place(record); !checked) return pass(checked);
  const Place place = place_of(record);
  RecordOpener opener(*sealer_, place);
  auto unwrapped = opener.unwrap(record.key_id, record.wrapped);
  if (!unwrapped) return pass(unwrapped);
  char* const header = scratch.reserve(record.header.size() + record.body.size());
  char* const body = header + record.header.size();
  if (!opener.open_into(Part::kHeader, record.header, header) ||
      (!record.deleted && !opener.open_into(Part::kBody, record.body, body))) {
    return fail_record(place, "does not open");
  }
  const std::string_view header_text(header, record.header.size() - crypto::kAeadOverheadBytes);
  const std::string_view body_text(
      body, record.deleted ? 0 : record.body.size() - crypto::kAeadOverheadBytes);

  OpenedRecord out;
  out.kind = record.kind;
  out.id = record.id;
  out.held = {record.version, keys_->mark(record), record.deleted};
  Result<void> read;
  if (record.deleted) {
    read = read_tombstone(record, header_text, out);
  } else if (record.kind == kGroupKind) {
    read = open_group(record, header_text, out);
  } else if (record.kind == kTeamKind) {
    read = read_team(record, header_text, body_text, out);
  } else if (record.kind == kOperatorKind) {
    read = read_operator(record, header_text, body_text, out);
  } else {
    out.seed.emplace(body_text);
  }
  base::wipe(body, body_text.size());
  if (!read) return pass(read);
  return out;
}

Result<RecordCodec::About> RecordCodec::open_about(const Record& record) const {
  if (auto checked = check_place(record); !checked) return pass(checked);
  const Place place = place_of(record);
  RecordOpener opener(*sealer_, place);
  auto unwrapped = opener.unwrap(record.key_id, record.wrapped);
  if (!unwrapped) return pass(unwrapped);
  const auto header = opener.open(Part::kHeader, record.header);
  if (!header) return fail_record(place, "does not open");
  if (record.deleted) {
    if (auto gone = decode_tombstone(header->expose())) {
      return About{std::move(gone->team), std::move(gone->name), std::move(gone->info)};
    }
  } else if (record.kind == kGroupKind) {
    if (auto parts = decode_group_header(header->expose())) {
      return About{std::move(parts->header.team), std::move(parts->header.name),
                   std::move(parts->info)};
    }
  } else if (auto team = decode_team_header(header->expose())) {
    return About{std::move(team->id), {}, std::move(team->info)};
  }
  return fail_record(place, "has a header that cannot be read");
}

Result<OpenedHead> open_head(const Sealer& sealer, const Record& record) {
  const Place place = place_of(record);
  if (record.kind != kHeadKind || record.id != kHeadId || record.deleted) {
    return base::fail(base::Code::kCorrupt, "the record of the head is not one");
  }
  RecordOpener opener(sealer, place);
  auto unwrapped = opener.unwrap(record.key_id, record.wrapped);
  if (!unwrapped) return pass(unwrapped);
  const auto header = opener.open(Part::kHeader, record.header);
  const auto body = opener.open(Part::kBody, record.body);
  if (!header || !body) return fail_record(place, "does not open");
  auto head = decode_head(header->expose());
  auto keys = StoreKeys::from_body(body->expose());
  if (!head || !keys) return fail_record(place, "cannot be read");
  if (head->revision != record.revision || head->revision != record.version) {
    return fail_record(place, "is not of its own revision");
  }
  return OpenedHead{*head, std::move(*keys)};
}

Result<Record> seal_head(const Sealer& sealer, const Head& head, const StoreKeys& keys) {
  Record record;
  record.kind = kHeadKind;
  record.id = kHeadId;
  record.version = record.revision = head.revision;
  auto sealed = sealer.seal(record, encode_head(head), keys.to_body().expose());
  if (!sealed) return pass(sealed);
  return record;
}

}  // namespace sutler::store
