#include "registry/record_codec.h"

#include <bit>
#include <utility>

namespace sutler::registry {

using store::ByteReader;
using store::ByteWriter;

namespace {

constexpr unsigned kFormat = 1;

void write_claim(ByteWriter& out, std::optional<double> claim) {
  out.byte(claim ? 1 : 0);
  if (claim) out.number(std::bit_cast<std::uint64_t>(*claim));
}
std::optional<double> read_claim(ByteReader& in) {
  if (in.byte(1) == 0) return std::nullopt;
  return std::bit_cast<double>(in.number());
}

}  // namespace

void write_time(ByteWriter& out, base::UnixTime time) { out.signed_number(time.microseconds); }
base::UnixTime read_time(ByteReader& in) { return {in.signed_number()}; }

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

std::string encode_record(const Record& record) {
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
  if (record.order != record.last_seen) write_time(out, record.order);
  return std::move(out).take();
}

std::optional<Record> decode_record(std::string_view text, const FindList& lists) {
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
  record.order = !in.ok() || in.done() ? record.last_seen : read_time(in);
  if (!in.done()) return std::nullopt;
  return record;
}

}  // namespace sutler::registry
