#include "audit/ship_retention.h"

#include <algorithm>
#include <utility>

#include "audit/line.h"

namespace sutler::audit {

using base::Result;

namespace {
constexpr std::chrono::hours kGoneAfter{24};
}

ShipRetention::ShipRetention(Options options, std::string node, ChunkTable& table)
    : options_(std::move(options)), node_(std::move(node)), table_(table) {}

Result<std::vector<std::string>> ShipRetention::nodes_to_look_at(base::UnixTime now) {
  auto nodes = table_.nodes();
  if (!nodes) return nodes;
  auto heads = table_.heads();
  if (!heads) return pass(heads);
  std::erase_if(*nodes, [&](const std::string& node) {
    if (node == node_) return false;
    const auto head = std::ranges::find(*heads, node, &NodeHead::node);
    return head != heads->end() && head->seen + kGoneAfter > now;
  });
  return nodes;
}

// The oldest chunks whose last line is older than that; of this node all but the newest, which is
// its cursor. One that somebody changed stays, and so does all after it.
Result<ShipRetention::Plan> ShipRetention::plan(const std::string& node, base::UnixTime before) {
  Plan plan{.node = node};
  auto newest = table_.at_or_before(node, UINT64_MAX);
  if (!newest) return pass(newest);
  const std::string limit = base::rfc3339(before);
  for (std::uint64_t seq = 0; plan.first_seqs.size() < options_.chunks_max;) {
    auto found = table_.at_or_after(node, seq);
    if (!found) return pass(found);
    if (!found->chunk || time_of_line(found->chunk->last_line()) >= limit) break;
    const bool is_newest = newest->chunk && newest->chunk->first_seq == found->chunk->first_seq;
    if (is_newest && node == node_) break;
    const auto head = read_line_head(found->chunk->last_line());
    if (!head) break;
    plan.first_seqs.push_back(found->chunk->first_seq);
    plan.lines += found->chunk->last_seq - found->chunk->first_seq + 1;
    plan.last_seq = head->seq;
    plan.last_hash = head->hash;
    seq = found->chunk->last_seq + 1;
  }
  return plan;
}

Result<void> ShipRetention::round(
    base::UnixTime now, std::uint64_t shipped,
    const std::function<Result<std::uint64_t>(const Event&)>& record) {
  while (!recorded_.empty() && recorded_.front().recorded_as <= shipped) {
    if (auto gone = table_.remove(recorded_.front().node, recorded_.front().first_seqs); !gone) {
      return gone;
    }
    recorded_.erase(recorded_.begin());
  }
  const double monotonic = base::monotonic_seconds();
  const bool due = looked_ + static_cast<double>(options_.every.count()) / 1000 <= monotonic;
  if (options_.days == 0 || !due || !recorded_.empty()) return {};
  if (options_.clock_trusted && !options_.clock_trusted()) return {};
  auto nodes = nodes_to_look_at(now);
  if (!nodes) return pass(nodes);
  const auto age = std::chrono::hours(24) * static_cast<std::int64_t>(options_.days);
  bool more = false;
  for (const std::string& node : *nodes) {
    auto made = plan(node, now + -std::chrono::duration_cast<std::chrono::microseconds>(age));
    if (!made) return pass(made);
    if (made->first_seqs.empty()) continue;
    auto seq = record({.time = now,
                       .event = kPrunedEvent,
                       .reason = "retention",
                       .count = made->lines,
                       .pruned_node = made->node,
                       .pruned_seq = made->last_seq,
                       .pruned_hash = made->last_hash});
    if (!seq) return pass(seq);
    more = more || made->first_seqs.size() >= options_.chunks_max;
    made->recorded_as = *seq;
    recorded_.push_back(std::move(*made));
  }
  if (!more) looked_ = monotonic;
  return {};
}

}  // namespace sutler::audit
