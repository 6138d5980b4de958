// From a row of the backend to what the snapshot holds of it, and back.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/wipe.h"
#include "store/commit_info.h"
#include "store/head.h"
#include "store/snapshot.h"

namespace sutler::store {

// Memory for opening one record after the other; wiped when it dies.
class Scratch {
 public:
  Scratch() = default;
  ~Scratch() { base::wipe(bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  // At least that many bytes; what was given before is void.
  [[nodiscard]] char* reserve(std::size_t bytes);

 private:
  std::string bytes_;
};

// The version and the mark of a record that is not a group's, or of a deleted one.
struct Held {
  std::uint64_t version = 0;
  crypto::Digest mark{};
  bool deleted = false;
};

// An authentic current record. Which member is set follows from `kind` and `held.deleted`.
struct OpenedRecord {
  std::string kind;
  std::string id;
  Held held;
  std::string team;  // of a group or team; of an operator his name
  std::string name;  // of a group
  std::shared_ptr<const GroupRecord> group;
  std::shared_ptr<const DeletedGroup> deleted_group;
  std::shared_ptr<const TeamRecord> team_record;
  std::shared_ptr<const OperatorRecord> operator_record;
  std::optional<base::Secret> seed;
};

// Thread-safe.
class RecordCodec {
 public:
  RecordCodec(std::shared_ptr<const Sealer> sealer, std::shared_ptr<const StoreKeys> keys)
      : sealer_(std::move(sealer)), keys_(std::move(keys)) {}

  // Opens the header, and authenticates the body too. Not for the head. kCorrupt names kind and id,
  // kRefused the master key that is missing.
  [[nodiscard]] base::Result<OpenedRecord> open(const Record& record, Scratch& scratch) const;
  // What the header of a version says of it, without looking at its body. Not for the head.
  struct About {
    std::string team;  // of a group or team; of the audit key its name
    std::string name;  // of a group
    CommitInfo info;
  };
  [[nodiscard]] base::Result<About> open_about(const Record& record) const;

  [[nodiscard]] const Sealer& sealer() const { return *sealer_; }
  [[nodiscard]] const StoreKeys& keys() const { return *keys_; }
  [[nodiscard]] static const crypto::Digest& mark(const GroupRecord& group) { return group.mark_; }
  [[nodiscard]] static std::string_view id(const GroupRecord& group) {
    return {group.id_.data(), group.id_.size()};
  }

 private:
  [[nodiscard]] base::Result<void> open_group(const Record& record, std::string_view header,
                                              OpenedRecord& out) const;

  std::shared_ptr<const Sealer> sealer_;
  std::shared_ptr<const StoreKeys> keys_;
};

// The head of one row: its content and the keys in its body.
struct OpenedHead {
  Head head;
  StoreKeys keys;
};
[[nodiscard]] base::Result<OpenedHead> open_head(const Sealer& sealer, const Record& record);
// The row for a head, at version and revision `head.revision`.
[[nodiscard]] base::Result<Record> seal_head(const Sealer& sealer, const Head& head,
                                             const StoreKeys& keys);

}  // namespace sutler::store
