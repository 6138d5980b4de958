#include "registry/writer.h"

#include <utility>

#include "crypto/random.h"

namespace sutler::registry {

using base::Result;

namespace {

constexpr std::size_t kTagBytes = 8;

Result<std::optional<Mark>> read_mark(RowCodec& codec, store::Backend& backend,
                                      const std::string& node) {
  const std::string row = mark_row(node);
  auto found = backend.telemetry(row);
  if (!found) return pass(found);
  for (const store::Telemetry& one : *found) {
    if (one.key != row) continue;
    const auto text = codec.open_text(row, one.value);
    if (text) return decode_mark(text->expose());
  }
  return std::nullopt;
}

}  // namespace

Writer::Writer(Registry& registry, RowCodec& codec, store::Backend& backend, std::string node)
    : registry_(registry), codec_(codec), backend_(backend), node_(std::move(node)) {}

Result<void> Writer::load() {
  if (node_.empty()) return {};
  auto found = read_mark(codec_, backend_, node_);
  if (!found) return pass(found);
  if (*found) mark_ = std::move(**found);
  return {};
}

Result<void> Writer::add(Rows& rows, const Record& record) {
  for (const Received& received : record.received) {
    if (received.what->kept) continue;
    const std::string row = RowCodec::key_of(*received.what, node_);
    auto sealed = codec_.seal(row, *received.what);
    if (!sealed) return pass(sealed);
    rows.rows.push_back({row, std::move(*sealed)});
    received.what->kept = true;
    rows.batch.lists.push_back(received.what);
  }
  const std::string row = codec_.key_of(record.workload, node_);
  auto sealed = codec_.seal(row, record);
  if (!sealed) return pass(sealed);
  rows.rows.push_back({row, std::move(*sealed)});
  rows.batch.records.push_back(record);
  return {};
}

Result<void> Writer::add_forgotten(Rows& rows, const Forgotten& forgotten) {
  const std::string row = forgotten_row(node_);
  auto sealed = codec_.seal(row, forgotten);
  if (!sealed) return pass(sealed);
  rows.rows.push_back({row, std::move(*sealed)});
  rows.batch.forgotten = forgotten;
  return {};
}

// `settle` is told once whether it was written; with an unknown outcome by a later resolve().
Result<void> Writer::put(Rows& rows, Settle settle) {
  settle = [lists = rows.batch.lists, inner = std::move(settle)](bool written) {
    if (!written) {
      for (const auto& list : lists) list->kept = false;
    }
    inner(written);
  };
  Mark next;
  if (!node_.empty()) {
    next = {mark_.seq + 1, crypto::random_hex(kTagBytes)};
    rows.batch.mark = next;
    rows.batch.before = mark_.tag;
    const std::string slot = journal_row(node_, next.seq);
    auto batch = codec_.seal_text(slot, encode_batch(rows.batch));
    auto mark = codec_.seal_text(mark_row(node_), encode_mark(next));
    if (!batch || !mark) {
      settle(false);
      return batch ? Result<void>(pass(mark)) : Result<void>(pass(batch));
    }
    rows.rows.push_back({slot, std::move(*batch)});
    rows.rows.push_back({mark_row(node_), std::move(*mark)});
  }
  auto written = backend_.put_telemetry(rows.rows);
  if (written) {
    mark_ = std::move(next);
    settle(true);
  } else if (node_.empty()) {
    settle(false);  // a database in this process says so when it wrote
  } else {
    pending_ = Pending{std::move(next), std::move(settle)};
  }
  return written;
}

Result<void> Writer::resolve() {
  if (!pending_) return {};
  auto found = read_mark(codec_, backend_, node_);
  if (!found) return pass(found);
  const bool written = *found && **found == pending_->mark;
  const Settle settle = std::move(pending_->settle);
  if (written) mark_ = pending_->mark;
  pending_.reset();
  settle(written);
  (void)was_adopted(*found);
  return {};
}

Result<bool> Writer::write_some(Registry::Due due, std::size_t max) {
  if (auto known = resolve(); !known) return pass(known);
  const auto changes = std::make_shared<Registry::Changes>(registry_.take_changes(due, max));
  if (changes->records.empty() && changes->gone.empty() && !changes->forgotten) return false;
  Rows rows;
  const Settle settle = [this, changes](bool written) {
    if (!written) registry_.give_back(*changes);
  };
  const auto fill = [&]() -> Result<void> {
    if (changes->forgotten) {
      if (auto added = add_forgotten(rows, *changes->forgotten); !added) return added;
    }
    for (const auto& workload : changes->gone) {
      rows.rows.push_back({codec_.key_of(workload, node_), {}});
    }
    rows.batch.gone = changes->gone;
    for (const Record& record : changes->records) {
      if (auto added = add(rows, record); !added) return added;
    }
    return {};
  };
  if (auto filled = fill(); !filled) {
    for (const auto& list : rows.batch.lists) list->kept = false;
    settle(false);
    return pass(filled);
  }
  if (auto written = put(rows, settle); !written) return pass(written);
  return changes->records.size() >= max || changes->gone.size() >= max;
}

Result<bool> Writer::adopt_some(const std::string& node, std::size_t max) {
  if (auto known = resolve(); !known) return pass(known);
  const auto records = std::make_shared<std::vector<Record>>(registry_.adoptable(node, max));
  if (records->empty()) return remove_rest(node);
  Rows rows;
  rows.batch.adopted_from = node;
  for (const Record& record : *records) {
    if (auto added = add(rows, record); !added) {
      for (const auto& list : rows.batch.lists) list->kept = false;
      return pass(added);
    }
    rows.rows.push_back({codec_.key_of(record.workload, node), {}});
  }
  auto written = put(rows, [this, node, records](bool done) {
    if (done) registry_.adopt(node, *records);
  });
  if (!written) return pass(written);
  return true;
}

// Whatever is left of its rows opens for nobody or is of no use without the node.
Result<bool> Writer::remove_rest(const std::string& node) {
  Rows rows;
  rows.batch.adopted_from = node;
  if (auto added = add_forgotten(rows, registry_.own_forgotten_with(node)); !added) {
    return pass(added);
  }
  for (const std::string& prefix : {workload_rows(node), key_list_rows(node)}) {
    auto left = backend_.telemetry(prefix);
    if (!left) return pass(left);
    for (store::Telemetry& row : *left) rows.rows.push_back({std::move(row.key), {}});
  }
  rows.rows.push_back({forgotten_row(node), {}});
  if (!node.empty()) {
    for (std::uint64_t slot = 0; slot < kJournalSlots; ++slot) {
      rows.rows.push_back({journal_row(node, slot), {}});
    }
    rows.rows.push_back({mark_row(node), {}});
  }
  auto written = put(rows, [this, node](bool done) {
    if (!done) return;
    registry_.adopt_forgotten(node);
    registry_.drop_node(node);
  });
  if (!written) return pass(written);
  return false;
}

bool Writer::was_adopted(const std::optional<Mark>& found) {
  if (node_.empty() || found || mark_.seq == 0 || pending_) return false;
  registry_.drop_own();
  mark_ = {};
  return true;
}

}  // namespace sutler::registry
