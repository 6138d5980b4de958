// What a store is inside: its state, and the ways in which that is verified, written and followed.
#pragma once

#include <atomic>

#include "store/change_plan.h"
#include "store/loader.h"
#include "store/store.h"

namespace sutler::store {

// The name of the error (kConflict) of a commit that another node's came before.
inline constexpr char kOvertaken[] = "overtaken";

[[nodiscard]] base::Result<Batch> seal_all(std::vector<PlannedRecord> planned,
                                           const Sealer& sealer);
// Opens what was just sealed, as the next start will: nothing is written that cannot be read.
[[nodiscard]] base::Result<void> add_opened(Delta& delta, const Batch& batch,
                                            const RecordCodec& codec);

// A commit whose outcome is not known: what it would have written of the first record.
struct Doubt {
  CommitInfo info;
  std::uint64_t revision = 0;
  Record first;
};

struct Store::Impl {
  Impl(std::unique_ptr<Backend> its_backend, std::shared_ptr<const Sealer> its_sealer)
      : backend(std::move(its_backend)),
        id(its_sealer->store_id()),
        sealer(std::move(its_sealer)) {}

  std::unique_ptr<Backend> backend;
  const std::string id;

  std::mutex commit_mutex;  // over everything down to the blank line
  std::shared_ptr<const Sealer> sealer;
  std::shared_ptr<const RecordCodec> codec;
  State state;
  std::uint64_t verified_stamp = 0;
  bool unsettled = false;  // the outcome of a write is not known
  std::vector<std::function<void(const Publication&)>> subscribers;
  std::vector<Doubt> doubts;
  std::function<void(const Settled&)> told;

  mutable std::mutex published_mutex;  // never held while anything is waited for
  std::shared_ptr<const Snapshot> published;
  std::shared_ptr<const Sealer> published_sealer;
  std::shared_ptr<const RecordCodec> published_codec;
  std::optional<base::Error> integrity;
  std::atomic<bool> in_doubt{false};

  void publish(Publication publication);
  void set_integrity(std::optional<base::Error> error);
  [[nodiscard]] std::optional<base::Error> get_integrity() const;
  [[nodiscard]] base::Result<void> verify_everything();
  [[nodiscard]] base::Result<void> verify_if_changed();
  [[nodiscard]] base::Result<void> check_successor(const Loaded& loaded) const;
  [[nodiscard]] base::Result<void> take_over(Loaded&& loaded);
  [[nodiscard]] base::Result<void> ready_to_write();
  [[nodiscard]] base::Result<std::uint64_t> write(std::vector<PlannedRecord> planned,
                                                  const CommitInfo& info);
  [[nodiscard]] base::Result<bool> was_written(const Record& ours);
  void doubt(Batch&& batch, const CommitInfo& info);
  void settle_doubts();
  [[nodiscard]] base::Result<void> take_changes();
  [[nodiscard]] base::Result<void> follow_head();
  [[nodiscard]] std::shared_ptr<const RecordCodec> current_codec() const;
  [[nodiscard]] base::Result<std::uint64_t> purge(const std::vector<Purge>& purges);
};

}  // namespace sutler::store
