#include "store/backend/check_batch.h"

#include <set>
#include <utility>

namespace sutler::store {

using base::Code;
using base::fail;

base::Result<void> check_revision(const Batch& batch, std::uint64_t current) {
  if (batch.revision != current + 1) {
    return fail(Code::kConflict, "the store is at revision " + std::to_string(current) +
                                     ", not at " + std::to_string(batch.revision - 1));
  }
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const Record& record : batch.records) {
    if (record.revision != batch.revision) {
      return fail(Code::kInternal, "a record of another revision than its batch");
    }
    if (seen.emplace(record.kind, record.id).second) continue;
    return fail(Code::kConflict,
                "record " + record.kind + "/" + record.id + " is twice in a batch");
  }
  return {};
}

base::Result<void> check_version(const Record& record, std::uint64_t current) {
  if (record.version == current + 1) return {};
  return fail(Code::kConflict, "record " + record.kind + "/" + record.id + " is at version " +
                                   std::to_string(current) + ", not at " +
                                   std::to_string(record.version - 1));
}

bool keeps_history(std::string_view kind) { return kind != "head"; }

}  // namespace sutler::store
