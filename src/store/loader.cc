#include "store/loader.h"

#include <malloc.h>

#include <algorithm>
#include <set>

#include "store/opener_pool.h"

namespace sutler::store {

using base::Code;
using base::Result;

namespace {

constexpr std::string_view kWayOut = "the database was changed from outside; restore a backup";

base::Unexpected fail_state(std::string message) {
  return base::fail(Code::kCorrupt, std::move(message), std::string(kWayOut));
}

// The counted state becomes the head's, or is refused.
Result<void> hold_against(State& state, const Head& head) {
  if (state.head.count != head.count) {
    return fail_state("the database has " + std::to_string(state.head.count) +
                      " records where its head says " + std::to_string(head.count));
  }
  if (state.head.set_hash != head.set_hash) {
    return fail_state(
        "the records of the database are not those that its head says: one was put "
        "back to an older version, or replaced");
  }
  if (state.audit_seed.empty()) return fail_state("the audit key is missing");
  auto snapshot = std::make_shared<Snapshot>(*state.snapshot);
  snapshot->revision = head.revision;
  snapshot->epoch = head.epoch;
  snapshot->ever_held_group = head.ever_held_group;
  state.snapshot = std::move(snapshot);
  state.head = head;
  return {};
}

// The head must be of the revision the backend tells, which another node may raise meanwhile.
Result<void> check_revision(Backend& backend, std::uint64_t before, std::uint64_t head) {
  auto after = backend.revision();
  if (!after) return pass(after);
  if (head < before || head > *after) {
    return fail_state("the database says revision " + std::to_string(*after) + ", its head says " +
                      std::to_string(head));
  }
  return {};
}

Result<void> check_store_id(Backend& backend, const Sealer& sealer) {
  auto id = backend.store_id();
  if (!id) return pass(id);
  if (*id != sealer.store_id()) return fail_state("the id of the store is not what it was");
  return {};
}

struct Rows {
  State state;
  std::optional<Record> head;
};

Result<Rows> open_all_rows(Backend& backend, const RecordCodec& codec) {
  std::optional<Record> head;
  OpenerPool pool(codec);
  auto loaded = backend.load_all([&](Record&& record) -> Result<void> {
    if (record.kind != kHeadKind) return pool.add(std::move(record));
    if (head) return fail_state("the database has two heads");
    head = std::move(record);
    return {};
  });
  if (!loaded) return pass(loaded);
  auto state = pool.finish();
  if (!state) return pass(state);
  return Rows{std::move(*state), std::move(head)};
}

}  // namespace

base::Unexpected fail_fork(const Head& next) {
  return base::fail(Code::kCorrupt,
                    "the database was put back to an older state and went on from there: its "
                    "revision " +
                        std::to_string(next.revision) + " was not made on what we had",
                    "if that was on purpose, restart the server");
}

Result<Record> read_head(Backend& backend) {
  auto versions = backend.history(std::string(kHeadKind), std::string(kHeadId));
  if (!versions) return pass(versions);
  if (!versions->empty()) return std::move(versions->front());
  auto revision = backend.revision();
  if (!revision) return pass(revision);
  if (*revision != 0) return fail_state("the head of the store is missing");
  return base::fail(Code::kNotFound, "the database holds no store");
}

Result<Loaded> load_everything(Backend& backend, const std::shared_ptr<const Sealer>& sealer) {
  if (auto same = check_store_id(backend, *sealer); !same) return pass(same);
  auto before = backend.revision();
  if (!before) return pass(before);
  // The keys in the head's body are needed for all other rows, and stay the same for ever.
  auto head_row = read_head(backend);
  if (!head_row) return pass(head_row);
  auto first = open_head(*sealer, *head_row);
  if (!first) return pass(first);
  auto codec = std::make_shared<const RecordCodec>(
      sealer, std::make_shared<const StoreKeys>(std::move(first->keys)));

  auto rows = open_all_rows(backend, *codec);
  if (!rows) return pass(rows);
  if (!rows->head) return fail_state("the head of the store is missing");
  // The head of the same consistent state as the rows.
  auto head = open_head(*sealer, *rows->head);
  if (!head) return pass(head);
  if (!head->keys.same_as(codec->keys())) return fail_state("the head has other keys than before");
  if (auto held = hold_against(rows->state, head->head); !held) return pass(held);
  auto current = check_revision(backend, *before, head->head.revision);
  if (!current) return pass(current);
  malloc_trim(0);  // what the rows took on their way is given back
  return Loaded{std::move(rows->state), std::move(codec)};
}

Result<Delta::Moved> catch_up(Backend& backend, const RecordCodec& codec, State& state) {
  Delta delta(state);
  Scratch scratch;
  std::optional<Record> head_row;
  std::set<std::string> seen;
  std::uint64_t last = 0;
  auto loaded = backend.load_since(state.head.revision, [&](Record&& record) -> Result<void> {
    // The database is untrusted: an older row, or one that comes twice, is not news.
    if (record.revision <= state.head.revision) {
      return fail_state("the database gives older records as changed ones");
    }
    if (!seen.insert(held_key(record.kind, record.id)).second) {
      return fail_state("the database gives a record twice");
    }
    last = std::max(last, record.revision);
    if (record.kind == kHeadKind) {
      head_row = std::move(record);
      return {};
    }
    auto opened = codec.open(record, scratch);
    if (!opened) return pass(opened);
    delta.add(std::move(*opened));
    return {};
  });
  if (!loaded) return pass(loaded);
  if (!head_row) return fail_state("the revision moved without a head");
  auto head = open_head(codec.sealer(), *head_row);
  if (!head) return pass(head);
  if (head->head.epoch != state.head.epoch || head->head.revision <= state.head.revision ||
      head->head.revision != last || !head->keys.same_as(codec.keys())) {
    return fail_state("the head is of another store or an older one");
  }
  if (descent(head->head, state.head) == Descent::kAnother) return fail_fork(head->head);
  (void)delta.finish(head->head.revision, head->head.epoch);
  if (!delta.becomes(head->head)) {
    return fail_state("the changed records are not those that the head says");
  }
  return std::move(delta).apply_to(state);
}

}  // namespace sutler::store
