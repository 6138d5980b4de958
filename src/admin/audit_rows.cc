#include "admin/audit_rows.h"

#include <utility>

namespace sutler::admin {

base::Result<void> AuditRows::put(const std::vector<audit::SharedRow>& rows) {
  std::vector<store::Telemetry> batch;
  batch.reserve(rows.size());
  for (const auto& row : rows) batch.push_back({row.key, row.value});
  return backend_.put_telemetry(batch);
}

base::Result<std::vector<audit::SharedRow>> AuditRows::between(const std::string& first,
                                                               const std::string& last,
                                                               std::size_t limit,
                                                               audit::RowOrder order) {
  const bool up = order == audit::RowOrder::kAscending;
  auto rows = backend_.telemetry_between(
      {.first = first,
       .last = last,
       .limit = limit,
       .order = up ? store::KeyOrder::kAscending : store::KeyOrder::kDescending});
  if (!rows) return base::pass(rows);
  std::vector<audit::SharedRow> found;
  found.reserve(rows->size());
  for (auto& row : *rows) found.push_back({std::move(row.key), std::move(row.value)});
  return found;
}

}  // namespace sutler::admin
