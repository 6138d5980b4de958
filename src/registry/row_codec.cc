#include "registry/row_codec.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "store/wire.h"

namespace sutler::registry {
namespace {

using store::ByteReader;
using store::ByteWriter;

constexpr std::size_t kSaltBytes = 16;
constexpr unsigned kFormat = 1;

}  // namespace

std::string rows_of(std::string_view node) {
  if (node.empty()) return "registry/";
  return "registry/n/" + std::string(node) + "/";
}
std::string workload_rows(std::string_view node) { return rows_of(node) + "w/"; }
std::string key_list_rows(std::string_view node) { return rows_of(node) + "k/"; }
std::string forgotten_row(std::string_view node) { return rows_of(node) + "forgotten"; }
std::string mark_row(std::string_view node) { return std::string(kMarkRows) + std::string(node); }
std::string journal_row(std::string_view node, std::uint64_t seq) {
  const char slot = static_cast<char>(seq % kJournalSlots);
  return rows_of(node) + "j/" + base::hex_encode({&slot, 1});
}

RowCodec::RowCodec(const base::Secret& seed)
    : root_(crypto::derive_key(seed.expose(), "sutler registry rows")),
      digest_key_(crypto::derive_key(seed.expose(), "sutler registry digests")),
      names_(crypto::HashAlgorithm::kSha256,
             crypto::derive_key(seed.expose(), "sutler registry names").expose()) {
  new_salt();
}

void RowCodec::new_salt() {
  std::array<unsigned char, kSaltBytes> bytes{};
  crypto::random_fill(bytes);
  salt_.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::shared_ptr<const crypto::AeadKey> RowCodec::key_for(std::string_view salt) {
  const auto at = keys_.find(salt);
  if (at != keys_.end()) return at->second;
  const std::string info = "sutler registry salt " + std::string(salt);
  auto made = std::make_shared<const crypto::AeadKey>(crypto::derive_key(root_.expose(), info));
  // An untrusted store could hold any number of salts; keys take locked memory.
  constexpr std::size_t kKeysMax = 16;
  if (keys_.size() >= kKeysMax) keys_.clear();
  keys_.emplace(salt, made);
  return made;
}

std::string RowCodec::key_of(const model::Workload& workload, std::string_view node) const {
  ByteWriter out(128);
  write_workload(out, workload);
  const crypto::Tag tag = names_.sign(std::move(out).take());
  return workload_rows(node) + base::hex_encode(tag.view().substr(0, kDigestBytes));
}

std::string RowCodec::key_of(const GroupKeys& list, std::string_view node) {
  return key_list_rows(node) + base::hex_encode({list.digest.data(), list.digest.size()});
}

base::Result<std::string> RowCodec::seal_text(const std::string& row, std::string_view text) {
  auto sealed = key_for(salt_)->seal(row, text);
  if (!sealed) {  // worn out
    new_salt();
    sealed = key_for(salt_)->seal(row, text);
  }
  if (!sealed) return sealed;
  return salt_ + *sealed;
}

std::optional<base::Secret> RowCodec::open_text(const std::string& row, std::string_view value) {
  if (value.size() < kSaltBytes + crypto::kAeadOverheadBytes) return std::nullopt;
  return key_for(value.substr(0, kSaltBytes))->open(row, value.substr(kSaltBytes));
}

base::Result<std::string> RowCodec::seal(const std::string& row, const Record& record) {
  return seal_text(row, encode_record(record));
}

base::Result<std::string> RowCodec::seal(const std::string& row, const GroupKeys& list) {
  ByteWriter out(list.group.size() + list.keys.size() + 8);
  out.byte(kFormat);
  out.text(list.group);
  out.text(list.keys);
  return seal_text(row, std::move(out).take());
}

std::optional<GroupKeys> RowCodec::open_list(const std::string& row, std::string_view value) {
  const auto text = open_text(row, value);
  if (!text) return std::nullopt;
  ByteReader in(text->expose());
  GroupKeys list;
  if (in.byte(kFormat) != kFormat) return std::nullopt;
  list.group = in.text();
  list.keys = in.text();
  if (!in.done() || (!list.keys.empty() && list.keys.back() != '\0')) return std::nullopt;
  return list;
}

std::optional<Record> RowCodec::open_record(const std::string& row, std::string_view value,
                                            std::string_view node, const FindList& lists) {
  const auto text = open_text(row, value);
  if (!text) return std::nullopt;
  auto record = decode_record(text->expose(), lists);
  if (!record || key_of(record->workload, node) != row) return std::nullopt;
  return record;
}

base::Result<std::string> RowCodec::seal(const std::string& row, const Forgotten& forgotten) {
  ByteWriter out(32);
  out.byte(kFormat);
  out.number(forgotten.count);
  write_time(out, forgotten.last);
  return seal_text(row, std::move(out).take());
}

std::optional<Forgotten> RowCodec::open_forgotten(const std::string& row, std::string_view value) {
  const auto text = open_text(row, value);
  if (!text) return std::nullopt;
  ByteReader in(text->expose());
  if (in.byte(kFormat) != kFormat) return std::nullopt;
  Forgotten forgotten;
  forgotten.count = in.number();
  forgotten.last = read_time(in);
  if (!in.done()) return std::nullopt;
  return forgotten;
}

}  // namespace sutler::registry
