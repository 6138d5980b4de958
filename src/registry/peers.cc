#include "registry/peers.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"

namespace sutler::registry {

using base::Result;

Peers::Peers(Registry& registry, RowCodec& codec, store::Backend& backend, Writer& writer,
             PeerOptions options)
    : registry_(registry),
      codec_(codec),
      backend_(backend),
      writer_(writer),
      options_(std::move(options)) {}

Result<std::map<std::string, Mark>> Peers::read_marks() {
  auto rows = backend_.telemetry(std::string(kMarkRows));
  if (!rows) return pass(rows);
  std::map<std::string, Mark> marks;
  for (const store::Telemetry& row : *rows) {
    const auto text = codec_.open_text(row.key, row.value);
    auto mark = text ? decode_mark(text->expose()) : std::nullopt;
    if (mark) marks.emplace(row.key.substr(kMarkRows.size()), std::move(*mark));
  }
  return marks;
}

// Of a list that is in no memory any more there is a row; that is rare.
FindList Peers::find_list(const std::string& node, std::vector<GroupKeysPointer>& held) {
  return [this, &node, &held](std::string_view digest) -> GroupKeysPointer {
    if (auto list = registry_.find_list(digest)) return list;
    GroupKeys wanted;
    if (digest.size() != wanted.digest.size()) return nullptr;
    std::ranges::copy(digest, wanted.digest.begin());
    const std::string row = RowCodec::key_of(wanted, node);
    const auto rows = backend_.telemetry(row);
    if (!rows || rows->empty()) return nullptr;
    const auto list = codec_.open_list(rows->front().key, rows->front().value);
    if (!list) return nullptr;
    held.push_back(registry_.key_list(list->group, list->keys));
    return held.back();
  };
}

Result<void> Peers::read_lists(const std::string& node, std::vector<GroupKeysPointer>& held) {
  auto rows = backend_.telemetry(key_list_rows(node));
  if (!rows) return pass(rows);
  for (const store::Telemetry& row : *rows) {
    const auto list = codec_.open_list(row.key, row.value);
    if (list) held.push_back(registry_.key_list(list->group, list->keys));
  }
  return {};
}

Result<void> Peers::read_all(const std::string& node) {
  const std::uint64_t load = ++loads_;
  std::vector<GroupKeysPointer> held;  // so that no list goes before a record has it
  if (auto lists = read_lists(node, held); !lists) return lists;
  const FindList find = find_list(node, held);
  for (const char digit : std::string_view("0123456789abcdef")) {
    auto rows = backend_.telemetry(workload_rows(node) + digit);
    if (!rows) return pass(rows);
    for (const store::Telemetry& row : *rows) {
      auto record = codec_.open_record(row.key, row.value, node, find);
      if (record) registry_.put_part(node, load, std::move(*record));
    }
  }
  registry_.drop_older(node, load);
  auto rows = backend_.telemetry(forgotten_row(node));
  if (!rows) return pass(rows);
  std::optional<Forgotten> forgotten;
  if (!rows->empty()) forgotten = codec_.open_forgotten(rows->front().key, rows->front().value);
  registry_.put_forgotten(node, forgotten.value_or(Forgotten{}));
  return {};
}

void Peers::apply(const std::string& node, JournalBatch batch) {
  const bool taken_over = batch.adopted_from && *batch.adopted_from != options_.node;
  for (const auto& workload : batch.gone) registry_.drop_part(node, workload);
  const bool no_records = batch.records.empty();
  for (Record& record : batch.records) {
    if (taken_over) registry_.drop_part(*batch.adopted_from, record.workload);
    registry_.put_part(node, loads_, std::move(record));
  }
  if (batch.forgotten) registry_.put_forgotten(node, *batch.forgotten);
  if (taken_over && no_records) {
    registry_.drop_node(*batch.adopted_from);  // that was the rest of it
    known_.erase(*batch.adopted_from);
  }
}

// False: the journal does not lead there.
Result<bool> Peers::catch_up(const std::string& node, Known& known, const Mark& mark) {
  if (!known.whole || mark.seq < known.mark.seq || mark.seq - known.mark.seq >= kJournalSlots) {
    return false;
  }
  std::vector<GroupKeysPointer> held;
  const FindList find = find_list(node, held);
  const TakeList take = [&](std::string_view group, std::string_view keys) {
    held.push_back(registry_.key_list(group, keys));
    return held.back();
  };
  while (known.mark.seq < mark.seq) {
    const std::string row = journal_row(node, known.mark.seq + 1);
    auto rows = backend_.telemetry(row);
    if (!rows) return pass(rows);
    if (rows->empty()) return false;
    const auto text = codec_.open_text(row, rows->front().value);
    auto batch = text ? decode_batch(text->expose(), take, find) : std::nullopt;
    if (!batch || batch->mark.seq != known.mark.seq + 1 || batch->before != known.mark.tag) {
      return false;
    }
    known.mark = batch->mark;
    apply(node, std::move(*batch));
  }
  return known.mark == mark;
}

Result<void> Peers::follow(double now) {
  auto marks = read_marks();
  if (!marks) return pass(marks);
  const auto own = marks->find(options_.node);
  if (writer_.was_adopted(own == marks->end() ? std::nullopt : std::optional(own->second))) {
    base::log::warning(
        "another node took over what this one had noted of workloads: "
        "this one was gone for long");
  }
  if (own != marks->end()) marks->erase(own);
  for (const auto& [node, mark] : *marks) {
    Known& known = known_[node];
    auto led = catch_up(node, known, mark);
    if (!led) return pass(led);
    if (*led || now < known.not_before) continue;
    known.not_before = now + options_.full_every_seconds;
    known.whole = false;
    if (auto read = read_all(node); !read) return read;
    known.mark = mark;
    known.whole = true;
  }
  std::erase_if(known_, [&](const auto& item) {
    if (item.first.empty() || marks->contains(item.first)) return false;
    registry_.drop_node(item.first);
    return true;
  });
  return {};
}

Result<void> Peers::load() {
  if (!options_.node.empty()) {
    // Rows from when a node had the store for itself have no mark.
    if (auto read = read_all({}); !read) return read;
    known_[""].whole = true;
  }
  return follow(0);
}

Result<void> Peers::adopt(double now, std::size_t rows_max) {
  adopt_at_ = now + options_.adopt_every_seconds;
  if (options_.leases == nullptr || !options_.may_return || known_.empty()) return {};
  auto alive = options_.may_return();
  if (!alive) return pass(alive);
  std::vector<std::string> gone;
  for (const auto& [node, known] : known_) {
    if (known.whole && !alive->contains(node)) gone.push_back(node);
  }
  if (gone.empty()) return {};
  auto lease = options_.leases->take("registry");
  if (!lease) return pass(lease);
  if (!*lease) return {};
  for (const std::string& node : gone) {
    // As they are now: whoever had the lease before may have taken over some.
    if (auto followed = follow(now); !followed) return followed;
    if (!known_.contains(node)) continue;
    if (auto read = read_all(node); !read) return read;
    bool more = true;
    for (std::size_t batch = 0; more; ++batch) {
      if (batch == options_.adopt_batches_max || (*lease)->lost()) {
        adopt_at_ = now;  // the rest in a second
        return {};
      }
      auto some = writer_.adopt_some(node, rows_max);
      if (!some) return pass(some);
      more = *some;
    }
    known_.erase(node);
    base::log::info("what a node that is gone had noted of workloads was taken over",
                    {{"node", node}});
  }
  return {};
}

void Peers::work(double now) {
  constexpr std::size_t kAdoptRows = 500;
  if (now < follow_at_) return;
  follow_at_ = now + options_.peers_every_seconds;
  auto done = follow(now);
  if (done && now >= adopt_at_) done = adopt(now, kAdoptRows);
  if (done.has_value() == works_) return;
  works_ = done.has_value();
  if (works_) {
    base::log::info("what other nodes note of workloads can be read again");
  } else {
    base::log::warning("what other nodes note of workloads cannot be read now",
                       {{"why", done.error().message}});
  }
}

}  // namespace sutler::registry
