#include "registry/row_codec.h"

#include <algorithm>
#include <bit>
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
constexpr std::size_t kDigestBytes = 16;
constexpr unsigned kFormat = 1;

void write_time(ByteWriter& out, base::UnixTime time) { out.signed_number(time.microseconds); }
base::UnixTime read_time(ByteReader& in) { return {in.signed_number()}; }

void write_claim(ByteWriter& out, std::optional<double> claim) {
  out.byte(claim ? 1 : 0);
  if (claim) out.number(std::bit_cast<std::uint64_t>(*claim));
}
std::optional<double> read_claim(ByteReader& in) {
  if (in.byte(1) == 0) return std::nullopt;
  return std::bit_cast<double>(in.number());
}

void write_workload(ByteWriter& out, const model::Workload& workload) {
  out.text(workload.team);
  out.text(workload.project_id);
  out.text(workload.object_id);
  out.text(workload.object_type);
}
model::Workload read_workload(ByteReader& in) {
  model::Workload workload;
  workload.team = in.text();
  workload.project_id = in.text();
  workload.object_id = in.text();
  workload.object_type = in.text();
  return workload;
}

std::string encode(const Record& record) {
  ByteWriter out(256 + record.received.size() * 48);
  out.byte(kFormat);
  write_workload(out, record.workload);
  write_time(out, record.first_seen);
  write_time(out, record.last_seen);
  out.number(record.count);
  out.number(record.failures);
  write_time(out, record.last_failed);
  out.text(record.last_failure);
  write_time(out, record.last.time);
  out.text(record.last.remote);
  out.text(record.last.key_id);
  write_claim(out, record.last.issued_at);
  write_claim(out, record.last.expires_at);
  out.number(record.received.size());
  for (const Received& row : record.received) {
    out.raw({row.what->digest.data(), row.what->digest.size()});
    out.number(row.version);
    out.number(row.version_last);
    write_time(out, row.first);
    write_time(out, row.last);
    out.byte(row.in_last_bundle ? 1 : 0);
  }
  return std::move(out).take();
}

std::optional<Record> decode(std::string_view text, const RowCodec::FindList& lists) {
  ByteReader in(text);
  if (in.byte(kFormat) != kFormat) return std::nullopt;
  Record record;
  record.workload = read_workload(in);
  record.first_seen = read_time(in);
  record.last_seen = read_time(in);
  record.count = in.number();
  record.failures = in.number();
  record.last_failed = read_time(in);
  record.last_failure = in.text();
  record.last.time = read_time(in);
  record.last.remote = in.text();
  record.last.key_id = in.text();
  record.last.issued_at = read_claim(in);
  record.last.expires_at = read_claim(in);
  const std::size_t rows = in.count();
  for (std::size_t i = 0; i < rows && in.ok(); ++i) {
    Received row;
    row.what = lists(in.raw(kDigestBytes));
    row.version = in.number();
    row.version_last = in.number();
    row.first = read_time(in);
    row.last = read_time(in);
    row.in_last_bundle = in.byte(1) == 1;
    if (row.what) record.received.push_back(std::move(row));
  }
  if (!in.done()) return std::nullopt;
  return record;
}

}  // namespace

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

std::string RowCodec::key_of(const model::Workload& workload) const {
  ByteWriter out(128);
  write_workload(out, workload);
  const crypto::Tag tag = names_.sign(std::move(out).take());
  return std::string(kWorkloadRows) + base::hex_encode(tag.view().substr(0, kDigestBytes));
}

std::string RowCodec::key_of(const GroupKeys& list) {
  return std::string(kKeyListRows) + base::hex_encode({list.digest.data(), list.digest.size()});
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
  return seal_text(row, encode(record));
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
                                            const FindList& lists) {
  const auto text = open_text(row, value);
  if (!text) return std::nullopt;
  auto record = decode(text->expose(), lists);
  if (!record || key_of(record->workload) != row) return std::nullopt;
  return record;
}

base::Result<std::string> RowCodec::seal(const Forgotten& forgotten) {
  ByteWriter out(32);
  out.byte(kFormat);
  out.number(forgotten.count);
  write_time(out, forgotten.last);
  return seal_text(std::string(kForgottenRow), std::move(out).take());
}

std::optional<Forgotten> RowCodec::open_forgotten(std::string_view value) {
  const auto text = open_text(std::string(kForgottenRow), value);
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
