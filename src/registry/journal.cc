#include "registry/journal.h"

#include <utility>

namespace sutler::registry {
namespace {

using store::ByteReader;
using store::ByteWriter;

constexpr unsigned kFormat = 1;

void write_mark(ByteWriter& out, const Mark& mark) {
  out.number(mark.seq);
  out.text(mark.tag);
}
Mark read_mark(ByteReader& in) {
  Mark mark;
  mark.seq = in.number();
  mark.tag = in.text();
  return mark;
}

}  // namespace

std::string encode_mark(const Mark& mark) {
  ByteWriter out(32);
  out.byte(kFormat);
  write_mark(out, mark);
  return std::move(out).take();
}

std::optional<Mark> decode_mark(std::string_view text) {
  ByteReader in(text);
  if (in.byte(kFormat) != kFormat) return std::nullopt;
  Mark mark = read_mark(in);
  if (!in.done()) return std::nullopt;
  return mark;
}

std::string encode_batch(const JournalBatch& batch) {
  ByteWriter out(1024 + batch.records.size() * 512);
  out.byte(kFormat);
  write_mark(out, batch.mark);
  out.text(batch.before);
  out.byte(batch.adopted_from ? 1 : 0);
  if (batch.adopted_from) out.text(*batch.adopted_from);
  out.byte(batch.forgotten ? 1 : 0);
  if (batch.forgotten) {
    out.number(batch.forgotten->count);
    write_time(out, batch.forgotten->last);
  }
  out.number(batch.lists.size());
  for (const auto& list : batch.lists) {
    out.text(list->group);
    out.text(list->keys);
  }
  out.number(batch.gone.size());
  for (const auto& workload : batch.gone) write_workload(out, workload);
  out.number(batch.records.size());
  for (const Record& record : batch.records) out.text(encode_record(record));
  return std::move(out).take();
}

std::optional<JournalBatch> decode_batch(std::string_view text, const TakeList& take,
                                         const FindList& lists) {
  ByteReader in(text);
  if (in.byte(kFormat) != kFormat) return std::nullopt;
  JournalBatch batch;
  batch.mark = read_mark(in);
  batch.before = in.text();
  if (in.byte(1) == 1) batch.adopted_from = in.text();
  if (in.byte(1) == 1) {
    Forgotten forgotten;
    forgotten.count = in.number();
    forgotten.last = read_time(in);
    batch.forgotten = forgotten;
  }
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    const std::string_view group = in.text();
    const std::string_view keys = in.text();
    if (!keys.empty() && keys.back() != '\0') return std::nullopt;
    if (in.ok()) batch.lists.push_back(take(group, keys));
  }
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    batch.gone.push_back(read_workload(in));
  }
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    auto record = decode_record(in.text(), lists);
    if (!record) return std::nullopt;
    batch.records.push_back(std::move(*record));
  }
  if (!in.done()) return std::nullopt;
  return batch;
}

}  // namespace sutler::registry
