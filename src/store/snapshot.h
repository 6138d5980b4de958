// All current records at one revision: immutable, shared, swapped as a whole. Headers are open,
// bodies stay sealed until somebody opens them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/cow_table.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "model/group.h"
#include "model/team.h"
#include "store/open_entries.h"
#include "store/operator_table.h"

namespace sutler::store {

class Sealer;

// The current version of one group. Thread-safe: nothing in it changes.
class GroupRecord {
 public:
  struct Keys {  // names of the entries, for lists and checks without opening values
    std::vector<std::string_view> variables;
    std::vector<std::string_view> files;
  };

  [[nodiscard]] const model::GroupHeader& header() const { return header_; }
  [[nodiscard]] std::uint64_t version() const { return version_; }
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  [[nodiscard]] base::UnixTime changed() const { return changed_; }
  [[nodiscard]] const std::string& changed_by() const { return changed_by_; }
  [[nodiscard]] Keys keys() const;  // views into this record
  // The whole group with its values. kCorrupt when the body does not open as this record's.
  [[nodiscard]] base::Result<model::Group> open() const;
  // The same as views, for a fetch; they die with the entries or this record.
  [[nodiscard]] base::Result<OpenEntries> open_entries() const;
  // A group as it would be if it were saved now: header and names, nothing that open() could open.
  [[nodiscard]] static std::shared_ptr<const GroupRecord> preview(const model::Group& group,
                                                                  std::uint64_t version);

 private:
  friend class RecordCodec;
  template <class Out, class Decode>
  [[nodiscard]] base::Result<Out> open_body(Decode&& decode) const;
  [[nodiscard]] std::string_view packed_keys() const;
  [[nodiscard]] std::string_view wrapped() const;
  [[nodiscard]] std::string_view sealed_body() const;

  model::GroupHeader header_;
  // Packed key names, wrapped data key and sealed body in one block: there may be a million of
  // these.
  std::string packed_;
  std::uint32_t keys_bytes_ = 0;
  std::array<char, 16> key_id_{};
  std::array<char, 32> id_{};
  crypto::Digest mark_{};  // in the head's set-hash
  std::uint64_t version_ = 0;
  std::uint64_t revision_ = 0;
  base::UnixTime changed_;
  std::string changed_by_;
  std::shared_ptr<const Sealer> sealer_;
};

// A team with its keys ready to verify.
struct TeamRecord {
  model::Team team;
  std::vector<crypto::HmacKey> hmac_keys;  // one per team.keys, in order
  std::uint64_t version = 0;
  std::uint64_t revision = 0;
  base::UnixTime changed;
  std::string changed_by;
};

// What is left of a deleted group; its older versions stay until they are purged.
struct DeletedGroup {
  std::string team;
  std::string name;
  std::uint64_t version = 0;  // of the deletion
  std::uint64_t revision = 0;
  base::UnixTime changed;
  std::string changed_by;
};

struct Snapshot {
  std::uint64_t revision = 0;
  std::uint64_t epoch = 0;
  bool ever_held_group = false;  // false: fetches answer 503 `store_empty`
  base::CowTable<GroupRecord> groups;
  base::CowTable<DeletedGroup> deleted;
  std::map<std::string, std::shared_ptr<const TeamRecord>, std::less<>> teams;         // by id
  std::shared_ptr<const OperatorTable> operators = std::make_shared<OperatorTable>();  // not null

  // Null when there is none.
  [[nodiscard]] std::shared_ptr<const GroupRecord> find_group(std::string_view team,
                                                              std::string_view name) const;
  [[nodiscard]] static std::uint64_t group_hash(std::string_view team, std::string_view name) {
    return base::KeyHash().feed(team).feed(name).value();
  }
  // Null when there is none of that name, or it is not deleted.
  [[nodiscard]] std::shared_ptr<const DeletedGroup> find_deleted(std::string_view team,
                                                                 std::string_view name) const;
  // The deleted groups of the team sorted by name.
  [[nodiscard]] std::vector<std::shared_ptr<const DeletedGroup>> deleted_of(
      std::string_view team) const;
  // All groups of the team sorted by name.
  [[nodiscard]] std::vector<std::shared_ptr<const GroupRecord>> groups_of(
      std::string_view team) const;
};

}  // namespace sutler::store
