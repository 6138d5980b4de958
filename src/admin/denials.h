// Audit records of those who were not let in: `admin.denied`, `session.create` with the outcome
// denied, and `http.refused` for what did
// not pass the gate. A flood becomes one record a second and address (audit/denial_counter.h).
#pragma once

#include <mutex>
#include <string_view>
#include <vector>

#include "audit/denial_counter.h"
#include "audit/log.h"
#include "base/clock.h"

namespace sutler::admin {

// Thread-safe. A record that cannot be written is logged: the denial stands in any case.
class Denials {
 public:
  Denials(audit::Log& log, const base::Clock& clock) : log_(log), clock_(clock) {}
  ~Denials();  // writes what is counted
  Denials(const Denials&) = delete;
  Denials& operator=(const Denials&) = delete;

  struct Denial {
    std::string_view reason;
    std::string_view who;  // "uid:1000", or empty
    std::string_view remote;
    std::string_view request_id;
  };
  void denied(const Denial& denial) { record(denied_, "admin.denied", denial); }
  void login_failed(const Denial& denial) { record(logins_, "session.create", denial); }
  void refused(const Denial& denial) { record(refused_, "http.refused", denial); }
  // Writes the counts of seconds that are over. Call it about once a second.
  void flush();

 private:
  using Dues = std::vector<audit::DenialCounter::Due>;
  void record(audit::DenialCounter& counter, std::string_view event, const Denial& denial);
  void write_dues(std::string_view event, const Dues& dues);
  void write(const audit::Event& event);

  audit::Log& log_;
  const base::Clock& clock_;
  std::mutex mutex_;  // for the counters
  audit::DenialCounter denied_;
  audit::DenialCounter logins_;
  audit::DenialCounter refused_;
};

}  // namespace sutler::admin
