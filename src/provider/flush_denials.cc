// Writing the counted denials.
#include "base/log.h"
#include "provider/provider.h"

namespace sutler::provider {

namespace {

void write_counted(Shared& shared, const std::vector<audit::DenialCounter::Due>& due) {
  for (const auto& one : due) {
    const audit::Event event{.time = one.last,
                             .event = "denied.counted",
                             .outcome = audit::Outcome::kDenied,
                             .remote = one.address,
                             .count = one.count};
    if (auto written = shared.audit.append({&event, 1}, audit::Durability::kWritten); !written) {
      base::log::warning(
          "counted denials could not be recorded",
          {{"remote", one.address}, {"count", static_cast<std::int64_t>(one.count)}});
    }
  }
}

}  // namespace

void flush_denials(Shared& shared, Flush flush) {
  std::vector<audit::DenialCounter::Due> due;
  {
    const std::scoped_lock lock(shared.denials_mutex);
    due = flush == Flush::kAll ? shared.denials.take_all()
                               : shared.denials.take_due(shared.clock.now());
  }
  write_counted(shared, due);
}

}  // namespace sutler::provider
