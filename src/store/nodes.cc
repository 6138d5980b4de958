#include "store/nodes.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "store/sealer.h"
#include "store/wire.h"

namespace sutler::store {

using base::Result;

namespace {

constexpr char kRows[] = "node/";
constexpr unsigned kFormat = 1;
constexpr std::chrono::hours kForgottenAfter{24};

std::string encode(const Node& node) {
  ByteWriter out(256);
  out.byte(kFormat);
  out.text(node.name);
  out.signed_number(node.seen.microseconds);
  out.byte(node.stopped ? 1 : 0);
  out.number(node.keys.size());
  for (const auto& key : node.keys) out.text(key);
  out.number(node.wraps.size());
  for (const auto& [key, count] : node.wraps) {
    out.text(key);
    out.number(count);
  }
  return std::move(out).take();
}

std::optional<Node> decode(std::string id, std::string_view text) {
  ByteReader in(text);
  Node node;
  node.id = std::move(id);
  if (in.byte(kFormat) != kFormat) in.refuse();
  node.name = in.text();
  node.seen.microseconds = in.signed_number();
  node.stopped = in.byte(1) == 1;
  for (std::size_t left = in.count(); left > 0; --left) node.keys.emplace_back(in.text());
  for (std::size_t left = in.count(); left > 0; --left) {
    std::string key(in.text());
    node.wraps[std::move(key)] = in.number();
  }
  if (!in.done()) return std::nullopt;
  return node;
}

}  // namespace

Nodes::Nodes(Store& store, const Notes& notes, std::string name, std::string_view place)
    : store_(store), notes_(notes), name_(std::move(name)), id_(id_of(notes, name_, place)) {}

std::string Nodes::id_of(const Notes& notes, std::string_view name, std::string_view place) {
  return notes.opaque("node " + std::string(name) + " " + std::string(place));
}

std::string Nodes::row(const std::string& id) const { return kRows + id; }

Result<std::vector<Node>> Nodes::all() const {
  auto notes = notes_.read(kRows);
  if (!notes) return pass(notes);
  std::vector<Node> found;
  for (const Note& note : *notes) {
    auto node = decode(note.row.substr(std::string_view(kRows).size()), note.text);
    if (node) found.push_back(std::move(*node));
  }
  std::ranges::sort(found, {}, [](const Node& node) { return std::tie(node.name, node.id); });
  return found;
}

Result<std::set<std::string>> Nodes::may_return(base::UnixTime now) const {
  auto known = all();
  if (!known) return pass(known);
  std::set<std::string> ids{id_};
  for (const Node& node : *known) {
    if (node.seen + kForgottenAfter > now) ids.insert(node.id);
  }
  return ids;
}

void Nodes::load() {
  const auto known = all();
  const auto used = store_.backend().key_use();
  const std::lock_guard lock(mutex_);
  const auto sealer = store_.sealer();
  const auto add = [&](std::map<std::string, std::uint64_t>& to, const std::string& key,
                       std::uint64_t count) {
    to[key] += count;
    sealer->keys().add_wraps(key, count);
  };
  if (known) {
    for (const Node& node : *known) {
      for (const auto& [key, count] : node.wraps) add(node.id == id_ ? own_ : others_, key, count);
    }
  }
  // What was wrapped after the last note, before a crash, at least stands in the store.
  if (!used) return;
  for (const KeyUse& use : *used) {
    const std::uint64_t noted = own_[use.key_id] + others_[use.key_id];
    const std::uint64_t there = use.current + use.history;
    if (there > noted) add(own_, use.key_id, there - noted);
  }
}

void Nodes::carry_counts(const crypto::MasterKeys& from, const crypto::MasterKeys& to) const {
  const std::lock_guard lock(mutex_);
  const auto noted = [](const auto& counts, const std::string& key) {
    const auto at = counts.find(key);
    return at == counts.end() ? 0 : at->second;
  };
  for (const auto& key : to.ids()) {
    to.add_wraps(key, from.has(key) ? from.wraps(key) : noted(own_, key) + noted(others_, key));
  }
}

Node Nodes::describe(base::UnixTime now) const {
  const auto sealer = store_.sealer();
  Node node{id_, name_, now, sealer->keys().ids(), own_, false};
  for (const auto& key : node.keys) {
    const auto at = others_.find(key);
    const std::uint64_t others = at == others_.end() ? 0 : at->second;
    const std::uint64_t all = sealer->keys().wraps(key);
    node.wraps[key] = all - std::min(all, others);
  }
  return node;
}

// What a node wrapped that will not come back is counted by this one from now on.
void Nodes::forget_dead(base::UnixTime now, std::vector<Note>& notes) {
  const auto known = all();
  if (!known) return;
  for (const Node& node : *known) {
    if (node.id == id_ || node.is_live(now) || node.seen + kForgottenAfter > now) continue;
    for (const auto& [key, count] : node.wraps) {
      own_[key] += count;
      auto& others = others_[key];
      others -= std::min(others, count);
    }
    notes.push_back({row(node.id), {}});
  }
}

Result<void> Nodes::announce(base::UnixTime now, When when) {
  const std::lock_guard lock(mutex_);
  const bool due = now < announced_ || announced_ + kNodeAnnounceEvery <= now;
  if (when == When::kIfDue && !due) return {};
  std::vector<Note> notes;
  if (announced_ == base::UnixTime{}) forget_dead(now, notes);
  Node node = describe(now);
  node.stopped = when == When::kStopping;
  notes.push_back({row(id_), encode(node)});
  auto put = notes_.put(notes);
  if (put) announced_ = now;
  return put;
}

}  // namespace sutler::store
