// The table of the audit of several nodes: telemetry of the store.
#pragma once

#include "audit/shared_rows.h"
#include "store/backend/backend.h"

namespace sutler::admin {

// Thread-safe as the backend is, which must outlive it.
class AuditRows final : public audit::SharedRows {
 public:
  explicit AuditRows(store::Backend& backend) : backend_(backend) {}

  [[nodiscard]] base::Result<void> put(const std::vector<audit::SharedRow>& rows) override;
  [[nodiscard]] base::Result<std::vector<audit::SharedRow>> between(const std::string& first,
                                                                    const std::string& last,
                                                                    std::size_t limit,
                                                                    audit::RowOrder order) override;

 private:
  store::Backend& backend_;
};

}  // namespace sutler::admin
