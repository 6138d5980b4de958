#include "admin/denials.h"

#include "base/log.h"

namespace sutler::admin {

Denials::~Denials() {
  const std::lock_guard lock(mutex_);
  write_dues("admin.denied", denied_.take_all());
  write_dues("session.create", logins_.take_all());
  write_dues("http.refused", refused_.take_all());
}

void Denials::record(audit::DenialCounter& counter, std::string_view event, const Denial& denial) {
  audit::Event record;
  record.time = clock_.now();
  record.event = event;
  record.outcome = audit::Outcome::kDenied;
  record.operator_name = denial.who;
  record.remote = denial.remote;
  record.request_id = denial.request_id;
  record.reason = denial.reason;
  const std::lock_guard lock(mutex_);
  if (counter.admit(denial.remote, record.time)) write(record);
}

void Denials::flush() {
  const base::UnixTime now = clock_.now();
  const std::lock_guard lock(mutex_);
  write_dues("admin.denied", denied_.take_due(now));
  write_dues("session.create", logins_.take_due(now));
  write_dues("http.refused", refused_.take_due(now));
}

void Denials::write_dues(std::string_view event, const Dues& dues) {
  for (const auto& due : dues) {
    audit::Event record;
    record.time = due.last;
    record.event = event;
    record.outcome = audit::Outcome::kDenied;
    record.remote = due.address;
    record.count = due.count;
    write(record);
  }
}

void Denials::write(const audit::Event& event) {
  const auto written = log_.append({&event, 1}, audit::Durability::kWritten);
  if (written) return;
  base::log::error("a denial has no audit record",
                   {{"event", event.event}, {"error", written.error().message}});
}

}  // namespace sutler::admin
