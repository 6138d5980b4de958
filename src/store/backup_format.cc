#include "store/backup_format.h"

#include <boost/json/value.hpp>

#include "base/json.h"
#include "crypto/hmac.h"
#include "store/wire.h"

namespace sutler::store {

using base::Code;
using base::Result;

namespace {

base::Unexpected fail_info() {
  return base::fail(Code::kCorrupt, "the metadata at the start of the backup cannot be read");
}

std::optional<std::uint64_t> number_in(const boost::json::object& tree, const char* name) {
  const auto* value = tree.if_contains(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64() && value->as_int64() >= 0) {
    return static_cast<std::uint64_t>(value->as_int64());
  }
  if (value->is_uint64()) return value->as_uint64();
  return std::nullopt;
}

std::optional<std::string> text_in(const boost::json::object& tree, const char* name) {
  const auto* value = tree.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->as_string());
}

bool read_keys(const boost::json::object& tree, BackupInfo& info) {
  const auto* keys = tree.if_contains("master_keys");
  if (keys == nullptr || !keys->is_array()) return false;
  for (const auto& one : keys->as_array()) {
    if (!one.is_object()) return false;
    const auto id = text_in(one.as_object(), "id");
    const auto current = number_in(one.as_object(), "current");
    const auto history = number_in(one.as_object(), "history");
    if (!id || !current || !history) return false;
    info.keys.push_back({*id, *current, *history});
  }
  return true;
}

}  // namespace

std::string encode_backup_info(const BackupInfo& info) {
  std::string out = R"({"format":1,"store_id":)";
  base::append_json_string(out, info.store_id);
  out += R"(,"revision":)" + std::to_string(info.revision) + R"(,"created":)";
  base::append_json_string(out, base::rfc3339(info.created));
  out += R"(,"created_us":)" + std::to_string(info.created.microseconds) + R"(,"version":)";
  base::append_json_string(out, info.version);
  out += R"(,"audit_seq":)" + std::to_string(info.audit_seq) + R"(,"audit_hash":)";
  base::append_json_string(out, info.audit_hash);
  out += R"(,"master_keys":[)";
  for (const KeyUse& use : info.keys) {
    if (out.back() != '[') out += ',';
    out += R"({"id":)";
    base::append_json_string(out, use.key_id);
    out += R"(,"current":)" + std::to_string(use.current) + R"(,"history":)" +
           std::to_string(use.history) + "}";
  }
  return out + "]}";
}

Result<BackupInfo> decode_backup_info(std::string_view json) {
  auto tree = base::parse_json(json);
  if (!tree || !tree->is_object()) return fail_info();
  const auto& object = tree->as_object();
  const auto format = number_in(object, "format");
  if (!format) return fail_info();
  if (*format != 1) {
    return base::fail(Code::kInvalid, "the backup is of a newer format than this sutler knows",
                      "use the version that made it, or a newer one");
  }
  BackupInfo info;
  const auto store_id = text_in(object, "store_id"), version = text_in(object, "version");
  const auto hash = text_in(object, "audit_hash");
  const auto revision = number_in(object, "revision"), created = number_in(object, "created_us");
  const auto seq = number_in(object, "audit_seq");
  if (!store_id || !version || !hash || !revision || !created || !seq) return fail_info();
  info.store_id = *store_id;
  info.version = *version;
  info.audit_hash = *hash;
  info.revision = *revision;
  info.created.microseconds = static_cast<std::int64_t>(*created);
  info.audit_seq = *seq;
  if (!read_keys(object, info)) return fail_info();
  return info;
}

std::string encode_record(const Record& record) {
  ByteWriter out(record.header.size() + record.body.size() + 256);
  out.text(record.kind);
  out.text(record.id);
  out.number(record.version);
  out.number(record.revision);
  out.byte(record.deleted ? 1 : 0);
  out.text(record.key_id);
  out.text(record.wrapped);
  out.text(record.header);
  out.text(record.body);
  return std::move(out).take();
}

std::optional<Record> decode_record(std::string_view bytes) {
  ByteReader in(bytes);
  Record record;
  record.kind = in.text();
  record.id = in.text();
  record.version = in.number();
  record.revision = in.number();
  record.deleted = in.byte(1) == 1;
  record.key_id = in.text();
  record.wrapped = in.text();
  record.header = in.text();
  record.body = in.text();
  if (!in.done()) return std::nullopt;
  return record;
}

std::string encode_telemetry(const Telemetry& row) {
  ByteWriter out(row.key.size() + row.value.size() + 16);
  out.text(row.key);
  out.text(row.value);
  return std::move(out).take();
}

std::optional<Telemetry> decode_telemetry(std::string_view bytes) {
  ByteReader in(bytes);
  Telemetry row;
  row.key = in.text();
  row.value = in.text();
  if (!in.done()) return std::nullopt;
  return row;
}

std::string encode_counts(const FrameCounts& counts) {
  ByteWriter out(32);
  out.number(counts.current);
  out.number(counts.history);
  out.number(counts.telemetry);
  return std::move(out).take();
}

std::optional<FrameCounts> decode_counts(std::string_view bytes) {
  ByteReader in(bytes);
  FrameCounts counts;
  counts.current = in.number();
  counts.history = in.number();
  counts.telemetry = in.number();
  if (!in.done()) return std::nullopt;
  return counts;
}

std::string encode_length(std::size_t bytes) {
  std::string out(4, '\0');
  for (unsigned i = 0; i < 4; ++i) out[i] = static_cast<char>((bytes >> (8 * i)) & 0xff);
  return out;
}

std::size_t decode_length(std::string_view four_bytes) {
  std::size_t bytes = 0;
  for (unsigned i = 0; i < 4; ++i) {
    bytes |= static_cast<std::size_t>(static_cast<unsigned char>(four_bytes[i])) << (8 * i);
  }
  return bytes;
}

std::string backup_mac(const StoreKeys& keys, const crypto::Digest& hash) {
  const auto key = keys.derive("sutler backup v1");
  const crypto::HmacKey mac(crypto::HashAlgorithm::kSha256, key.expose());
  return std::string(mac.sign({reinterpret_cast<const char*>(hash.data()), hash.size()}).view());
}

}  // namespace sutler::store
