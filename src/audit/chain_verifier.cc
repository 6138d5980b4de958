#include "audit/chain_verifier.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <charconv>
#include <chrono>
#include <iterator>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/signature.h"

namespace sutler::audit {

using base::Code;
using base::fail;

namespace {

namespace json = boost::json;

std::string_view text_of(const json::object& line, std::string_view member) {
  const json::value* value = line.if_contains({member.data(), member.size()});
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

// "2026-11-24T15:05:28.123456Z" and no other way to write it.
bool is_time(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.ddddddZ";
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return false;
  }
  const auto number = [text](std::size_t at, std::size_t digits) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + digits, value);
    return value;
  };
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  return day.ok() && number(11, 2) < 24 && number(14, 2) < 60 && number(17, 2) < 60;
}

base::Result<void> check_members(const json::object& members, const LineHead& head) {
  const json::value* seq = members.if_contains("seq");
  std::uint64_t number = 0;
  if (seq != nullptr && seq->is_uint64()) number = seq->get_uint64();
  if (seq != nullptr && seq->is_int64() && seq->get_int64() > 0) {
    number = static_cast<std::uint64_t>(seq->get_int64());
  }
  // The members as JSON tells them must be those that were found by their place in the bytes.
  if (number != head.seq) return fail(Code::kCorrupt, "the seq of the line cannot be read");
  if (text_of(members, "prev") != head.prev || text_of(members, "hash") != head.hash) {
    return fail(Code::kCorrupt, "the prev or the hash of the line is not in its place");
  }
  if (!is_time(text_of(members, "time"))) {
    return fail(Code::kCorrupt, "the time of the line cannot be read");
  }
  const std::string_view outcome = text_of(members, "outcome");
  if (outcome != "ok" && outcome != "denied" && outcome != "failed" && outcome != "intent") {
    return fail(Code::kCorrupt, "the outcome of the line cannot be read");
  }
  if (text_of(members, "node") != head.node) {
    return fail(Code::kCorrupt, "the node of the line is not in its place");
  }
  const std::string_view event = text_of(members, "event");
  if (event.empty() || (event == kCheckpointEvent) != head.checkpoint) {
    return fail(Code::kCorrupt, "the event of the line cannot be read");
  }
  return {};
}

}  // namespace

ChainVerifier::ChainVerifier(std::optional<std::string> public_key, std::uint64_t first_seq)
    : expected_first_(first_seq) {
  verified_.key_was_given = public_key.has_value();
  if (public_key) verified_.public_key = std::move(*public_key);
}

base::Result<void> ChainVerifier::check_line(std::string_view line) {
  auto head = read_line_head(line);
  if (!head) return base::pass(head);
  auto tree = base::parse_json(line);
  if (!tree) return fail(Code::kCorrupt, std::move(tree.error().message));
  if (!tree->is_object()) return fail(Code::kCorrupt, "the line is not a JSON object");
  const json::object& members = tree->get_object();
  if (auto same = check_members(members, *head); !same) return same;
  if (auto follows = check_order(*head); !follows) return follows;
  if (auto same = check_node(*head); !same) return same;
  note_pruned(members, head->seq);
  if (head->checkpoint) {
    if (auto signed_ = check_signature(members, *head); !signed_) return signed_;
  }
  if (verified_.lines++ == 0) verified_.first_seq = head->seq;
  verified_.last_seq = head->seq;
  chain_ = head->after();
  return {};
}

void ChainVerifier::begin_file() { ends_.emplace(chain_.seq(), std::string(chain_.hash())); }

base::Result<void> ChainVerifier::check_start(const std::vector<LetGo>& elsewhere) {
  if (!start_) return {};
  const bool told = std::ranges::any_of(elsewhere, [this](const LetGo& one) {
    return one.node == verified_.node && one.last == *start_;
  });
  verified_.pruned = anchor_is_signed_ || told;
  if (verified_.pruned) return {};
  return fail(Code::kCorrupt,
              "the log starts with seq " + std::to_string(start_->seq() + 1) + " instead of " +
                  std::to_string(expected_first_) + ": older lines are missing",
              "give the older files too");
}

void ChainVerifier::note_pruned(const json::object& members, std::uint64_t seq) {
  if (text_of(members, "event") != kPrunedEvent) return;
  const json::value* pruned = members.if_contains("pruned");
  if (pruned == nullptr || !pruned->is_object()) return;
  const json::value* last = pruned->get_object().if_contains("seq");
  if (last == nullptr || !last->is_int64() || last->get_int64() < 0) return;
  const auto end = static_cast<std::uint64_t>(last->get_int64());
  const std::string_view hash = text_of(pruned->get_object(), "hash");
  if (!is_hash(hash)) return;
  const std::string_view node = text_of(pruned->get_object(), "node");
  if (!node.empty()) {
    unsigned_let_go_.push_back({std::string(node), Chain(end, hash)});
    return;
  }
  if (!start_) return;
  if (end == start_->seq() && hash == start_->hash()) anchor_seq_ = seq;
  // A crash in the middle of removing left some of the files that were let go.
  const auto at = ends_.find(end);
  if (end > start_->seq() && at != ends_.end() && at->second == hash) anchor_seq_ = seq;
}

// A log that named no node may go on as one's, and then stays that one's.
base::Result<void> ChainVerifier::check_node(const LineHead& head) {
  if (verified_.node == head.node) return {};
  if (!verified_.node.empty()) {
    return fail(Code::kCorrupt, "the line is of " +
                                    (head.node.empty() ? std::string("no node")
                                                       : "the node " + std::string(head.node)) +
                                    " in the log of the node " + verified_.node);
  }
  verified_.node = head.node;
  return {};
}

base::Result<void> ChainVerifier::check_order(const LineHead& head) {
  if (verified_.lines == 0) return check_first(head);
  const std::uint64_t expected = chain_.seq() + 1;
  if (head.seq > expected) {
    return fail(Code::kCorrupt, "the lines with seq " + std::to_string(expected) + " to " +
                                    std::to_string(head.seq - 1) + " are missing before it");
  }
  if (head.seq < expected) {
    return fail(Code::kCorrupt, "seq " + std::to_string(head.seq) + " is out of order, " +
                                    std::to_string(expected) + " was due");
  }
  if (head.prev != chain_.hash()) {
    return fail(Code::kCorrupt,
                "the line does not follow the one before it: one of them was replaced");
  }
  return {};
}

base::Result<void> ChainVerifier::check_first(const LineHead& head) {
  if (expected_first_ == 1 && head.seq > 1) {
    start_ = head.before();  // check_start() tells
  } else if (expected_first_ != 0 && head.seq != expected_first_) {
    return fail(Code::kCorrupt,
                "the log starts with seq " + std::to_string(head.seq) + " instead of " +
                    std::to_string(expected_first_) + ": older lines are missing",
                "give the older files too");
  }
  if (head.seq == 1 && head.before() != Chain()) {
    return fail(Code::kCorrupt, "the first line of the log has a line before it");
  }
  return {};
}

base::Result<void> ChainVerifier::check_signature(const json::object& members,
                                                  const LineHead& head) {
  const std::string_view key = text_of(members, "public_key");
  if (!is_hash(key)) return fail(Code::kCorrupt, "the checkpoint has no public key");
  if (verified_.public_key.empty()) verified_.public_key = key;
  if (key != verified_.public_key) {
    return fail(Code::kCorrupt, "the checkpoint is by another key: " + std::string(key) +
                                    " instead of " + verified_.public_key);
  }
  const auto signature = base::hex_decode(text_of(members, "signature"));
  if (!signature || signature->size() != 64 ||
      !crypto::verify_signature(*base::hex_decode(key), checkpoint_message(head.seq, head.prev),
                                *signature)) {
    return fail(Code::kCorrupt, "the signature of the checkpoint is wrong");
  }
  anchor_is_signed_ = anchor_is_signed_ || anchor_seq_ > 0;
  std::ranges::move(unsigned_let_go_, std::back_inserter(let_go_));
  unsigned_let_go_.clear();
  ++verified_.checkpoints;
  verified_.last_checkpoint_seq = head.seq;
  return {};
}

}  // namespace sutler::audit
