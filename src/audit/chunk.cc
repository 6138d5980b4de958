#include "audit/chunk.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <charconv>

#include "audit/deflate.h"
#include "audit/line.h"
#include "base/encoding.h"
#include "base/json.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/random.h"

namespace sutler::audit {

using base::Result;

namespace {

constexpr std::string_view kChunks = "audit/";
constexpr std::string_view kHeads = "audit-node/";
constexpr char kPlain = 1;     // the lines as they are: of a store that began with them, and heads
constexpr char kDeflated = 2;  // deflate.h
constexpr std::size_t kChunkBytesMax = 64 * 1024 * 1024;  // what lines may become
constexpr std::size_t kSeqDigits = 16;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kPrefixBytes = 1 + 8 + kSaltBytes;  // format, last seq, salt
constexpr std::size_t kHeadsMax = 100'000;

std::string seq_hex(std::uint64_t seq) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(seq >> shift & 0xff);
  return base::hex_encode(bytes);
}

std::uint64_t number_of(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

std::string chunk_key(const std::string& node, std::uint64_t seq) {
  return std::string(kChunks) + node + "/" + seq_hex(seq);
}

// Before it is all of that node, after it nothing: '0' follows '/'.
std::string node_end(const std::string& node) { return std::string(kChunks) + node + "0"; }

// "audit/<node>/<first seq>"; nothing for what is no chunk of ours.
std::optional<ChunkTable::Damaged> place_of(std::string_view key) {
  if (key.size() != kChunks.size() + kNodeDigits + 1 + kSeqDigits) return {};
  const std::string_view node = key.substr(kChunks.size(), kNodeDigits);
  const auto seq = base::hex_decode(key.substr(key.size() - kSeqDigits));
  if (!is_node_id(node) || key[kChunks.size() + kNodeDigits] != '/' || !seq) return {};
  return ChunkTable::Damaged{std::string(node), number_of(*seq)};
}

std::string encode(const NodeHead& head) {
  std::string out = R"({"name":)";
  base::append_json_string(out, head.name);
  const auto number = [&out](std::string_view name, std::int64_t value) {
    out += ",\"" + std::string(name) + "\":" + std::to_string(value);
  };
  number("seen", head.seen.microseconds);
  number("local_seq", static_cast<std::int64_t>(head.local_seq));
  number("shipped_seq", static_cast<std::int64_t>(head.shipped_seq));
  number("waiting_since", head.waiting_since.microseconds);
  number("stopped", head.stopped ? 1 : 0);
  return out + "}";
}

std::optional<NodeHead> decode(std::string_view node, std::string_view text) {
  const auto tree = base::parse_json(text);
  const auto* object = tree ? tree->if_object() : nullptr;
  if (object == nullptr) return {};
  const auto number = [object](std::string_view name) -> std::int64_t {
    const auto* value = object->if_contains({name.data(), name.size()});
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
  };
  NodeHead head;
  head.node = node;
  if (const auto* name = object->if_contains("name"); name != nullptr && name->is_string()) {
    head.name = {name->get_string().data(), name->get_string().size()};
  }
  head.seen.microseconds = number("seen");
  head.local_seq = static_cast<std::uint64_t>(number("local_seq"));
  head.shipped_seq = static_cast<std::uint64_t>(number("shipped_seq"));
  head.waiting_since.microseconds = number("waiting_since");
  head.stopped = number("stopped") == 1;
  return head;
}

// Each row is sealed under a key of its own, which seals once.
base::LockedBytes key_for(const base::LockedBytes& root, std::string_view salt) {
  return crypto::derive_key(root.expose(), "sutler audit row " + base::hex_encode(salt));
}

std::string place(char format, const std::string& key, std::uint64_t last) {
  return "sutler audit row " + std::to_string(format) + "\n" + key + "\n" + std::to_string(last);
}

}  // namespace

std::string_view Chunk::first_line() const {
  return std::string_view(lines).substr(0, lines.find('\n'));
}

std::string_view Chunk::last_line() const {
  const std::string_view all =
      std::string_view(lines).substr(0, lines.empty() ? 0 : lines.size() - 1);
  const std::size_t before = all.rfind('\n');
  return before == std::string_view::npos ? all : all.substr(before + 1);
}

std::string_view time_of_line(std::string_view line) {
  constexpr std::string_view kTime = R"(,"time":")";
  constexpr std::size_t kTimeDigits = 27;
  const std::size_t at = line.substr(0, 48).find(kTime);
  if (at == std::string_view::npos) return {};
  const std::string_view time = line.substr(at + kTime.size(), kTimeDigits);
  return time.size() == kTimeDigits ? time : std::string_view();
}

std::uint64_t seq_of_line(std::string_view line) {
  constexpr std::string_view kStart = R"({"seq":)";
  std::uint64_t seq = 0;
  if (!line.starts_with(kStart)) return 0;
  const auto read = std::from_chars(line.data() + kStart.size(), line.data() + line.size(), seq);
  return read.ec == std::errc() ? seq : 0;
}

ChunkTable::ChunkTable(SharedRows& rows, const base::Secret& audit_seed)
    : rows_(rows), root_(crypto::derive_key(audit_seed.expose(), "sutler audit rows")) {}

std::string ChunkTable::seal(Form form, const std::string& key, std::uint64_t last,
                             std::string_view plain) const {
  const char format = form == Form::kDeflated ? kDeflated : kPlain;
  const std::string packed = form == Form::kDeflated ? deflated(plain) : std::string();
  std::string value(1, format);
  value += *base::hex_decode(seq_hex(last));
  const std::string salt = crypto::random_bytes(kSaltBytes);
  value += salt;
  return value + crypto::seal(key_for(root_, salt).expose(), place(format, key, last),
                              form == Form::kDeflated ? packed : plain);
}

Result<void> ChunkTable::put(const std::vector<Chunk>& chunks, const NodeHead* head) {
  std::vector<SharedRow> rows;
  rows.reserve(chunks.size() + 1);
  for (const Chunk& chunk : chunks) {
    const std::string key = chunk_key(chunk.node, chunk.first_seq);
    rows.push_back({key, seal(Form::kDeflated, key, chunk.last_seq, chunk.lines)});
  }
  if (head != nullptr) {
    const std::string key = std::string(kHeads) + head->node;
    rows.push_back({key, seal(Form::kPlain, key, head->shipped_seq, encode(*head))});
  }
  return rows_.put(rows);
}

Result<void> ChunkTable::remove(const std::string& node,
                                const std::vector<std::uint64_t>& first_seqs) {
  std::vector<SharedRow> rows;
  rows.reserve(first_seqs.size());
  for (const std::uint64_t seq : first_seqs) rows.push_back({chunk_key(node, seq), {}});
  return rows_.put(rows);
}

namespace {

std::optional<std::string> open_row(const base::LockedBytes& root, const SharedRow& row,
                                    std::uint64_t& last) {
  const std::string_view value(row.value);
  if (value.size() < kPrefixBytes || (value[0] != kPlain && value[0] != kDeflated)) return {};
  last = number_of(value.substr(1, 8));
  const auto key = key_for(root, value.substr(9, kSaltBytes));
  const auto opened =
      crypto::open(key.expose(), place(value[0], row.key, last), value.substr(kPrefixBytes));
  if (!opened) return {};
  if (value[0] == kDeflated) return inflated(opened->expose(), kChunkBytesMax);
  return std::string(opened->expose());
}

}  // namespace

ChunkTable::Found ChunkTable::open(const SharedRow& row) const {
  const auto at = place_of(row.key);
  if (!at) return {{}, Damaged{row.key, 0}};
  std::uint64_t last = 0;
  auto plain = open_row(root_, row, last);
  if (!plain) return {{}, at};
  Chunk chunk{at->node, at->first_seq, last, std::move(*plain)};
  const bool whole = chunk.lines.ends_with('\n') &&
                     seq_of_line(chunk.first_line()) == chunk.first_seq &&
                     seq_of_line(chunk.last_line()) == last;
  if (!whole) return {{}, at};
  return {std::move(chunk), {}};
}

Result<ChunkTable::Found> ChunkTable::find(const std::string& first, const std::string& last,
                                           RowOrder order) {
  auto rows = rows_.between(first, last, 1, order);
  if (!rows) return pass(rows);
  if (rows->empty()) return Found{};
  return open(rows->front());
}

Result<ChunkTable::Found> ChunkTable::at_or_after(const std::string& node, std::uint64_t seq) {
  return find(chunk_key(node, seq), node_end(node), RowOrder::kAscending);
}

Result<ChunkTable::Found> ChunkTable::at_or_before(const std::string& node, std::uint64_t seq) {
  const std::string last = seq == UINT64_MAX ? node_end(node) : chunk_key(node, seq + 1);
  return find(chunk_key(node, 0), last, RowOrder::kDescending);
}

// From node to node: the rows of one are skipped by their prefix.
Result<std::vector<std::string>> ChunkTable::nodes() {
  std::vector<std::string> found;
  std::string first(kChunks);
  const std::string last = "audit0";
  while (true) {
    auto rows = rows_.between(first, last, 1, RowOrder::kAscending);
    if (!rows) return pass(rows);
    if (rows->empty()) return found;
    const std::string& key = rows->front().key;
    if (const auto at = place_of(key)) {
      found.push_back(at->node);
      first = node_end(at->node);
    } else {
      first = key + '\x01';
    }
  }
}

Result<std::vector<NodeHead>> ChunkTable::heads() {
  const std::string last = "audit-node0";
  auto rows = rows_.between(std::string(kHeads), last, kHeadsMax, RowOrder::kAscending);
  if (!rows) return pass(rows);
  std::vector<NodeHead> found;
  for (const SharedRow& row : *rows) {
    const std::string_view node = std::string_view(row.key).substr(kHeads.size());
    std::uint64_t shipped = 0;
    const auto plain = open_row(root_, row, shipped);
    if (!is_node_id(node) || !plain) continue;
    if (auto head = decode(node, *plain)) found.push_back(std::move(*head));
  }
  return found;
}

}  // namespace sutler::audit
