#include "store/snapshot.h"

#include <algorithm>

#include "store/group_codec.h"
#include "store/head.h"
#include "store/sealer.h"

namespace sutler::store {

std::string_view GroupRecord::packed_keys() const {
  return std::string_view(packed_).substr(0, keys_bytes_);
}

std::string_view GroupRecord::wrapped() const {
  return std::string_view(packed_).substr(keys_bytes_, crypto::kWrappedKeyBytes);
}

std::string_view GroupRecord::sealed_body() const {
  return std::string_view(packed_).substr(keys_bytes_ + crypto::kWrappedKeyBytes);
}

GroupRecord::Keys GroupRecord::keys() const {
  auto unpacked = unpack_keys(packed_keys());
  if (!unpacked) return {};  // cannot be: they were read when the record was opened
  return {std::move(unpacked->variables), std::move(unpacked->files)};
}

std::shared_ptr<const GroupRecord> GroupRecord::preview(const model::Group& group,
                                                        std::uint64_t version) {
  auto record = std::make_shared<GroupRecord>();
  record->header_ = group.header;
  record->packed_ = pack_keys(group);
  record->keys_bytes_ = static_cast<std::uint32_t>(record->packed_.size());
  record->version_ = version;
  return record;
}

template <class Out, class Decode>
base::Result<Out> GroupRecord::open_body(Decode&& decode) const {
  if (!sealer_) return base::fail(base::Code::kInternal, "a group that is not saved has no body");
  const Place place{kGroupKind, {id_.data(), id_.size()}, version_, revision_, false};
  RecordOpener opener(*sealer_, place);
  auto unwrapped = opener.unwrap({key_id_.data(), key_id_.size()}, wrapped());
  if (!unwrapped) return pass(unwrapped);
  auto body = opener.open(Part::kBody, sealed_body());
  if (!body) return fail_record(place, "does not open");
  Out out;
  if (!decode(std::move(*body), out)) return fail_record(place, "has a body that cannot be read");
  return out;
}

base::Result<model::Group> GroupRecord::open() const {
  auto group = open_body<model::Group>([this](base::Secret body, model::Group& out) {
    return decode_group_body(body.expose(), packed_keys(), out);
  });
  if (group) group->header = header_;
  return group;
}

base::Result<OpenEntries> GroupRecord::open_entries() const {
  return open_body<OpenEntries>([this](base::Secret body, OpenEntries& out) {
    return decode_entries(std::move(body), packed_keys(), out);
  });
}

std::shared_ptr<const GroupRecord> Snapshot::find_group(std::string_view team,
                                                        std::string_view name) const {
  std::shared_ptr<const GroupRecord> found;
  groups.for_each(group_hash(team, name), [&](const std::shared_ptr<const GroupRecord>& group) {
    if (group->header().name == name && group->header().team == team) found = group;
  });
  return found;
}

std::shared_ptr<const DeletedGroup> Snapshot::find_deleted(std::string_view team,
                                                           std::string_view name) const {
  std::shared_ptr<const DeletedGroup> found;
  deleted.for_each(group_hash(team, name), [&](const std::shared_ptr<const DeletedGroup>& group) {
    if (group->name == name && group->team == team) found = group;
  });
  return found;
}

std::vector<std::shared_ptr<const DeletedGroup>> Snapshot::deleted_of(std::string_view team) const {
  std::vector<std::shared_ptr<const DeletedGroup>> found;
  deleted.for_all([&](const std::shared_ptr<const DeletedGroup>& group) {
    if (group->team == team) found.push_back(group);
  });
  std::ranges::sort(found, {}, [](const auto& group) -> const std::string& { return group->name; });
  return found;
}

std::vector<std::shared_ptr<const GroupRecord>> Snapshot::groups_of(std::string_view team) const {
  std::vector<std::shared_ptr<const GroupRecord>> found;
  groups.for_all([&](const std::shared_ptr<const GroupRecord>& group) {
    if (group->header().team == team) found.push_back(group);
  });
  std::ranges::sort(found, {},
                    [](const auto& group) -> const std::string& { return group->header().name; });
  return found;
}

}  // namespace sutler::store
