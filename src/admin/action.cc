#include "admin/action.h"

#include <algorithm>

#include "base/log.h"

namespace sutler::admin {
namespace {

constexpr const char* kHint = "look at the disk of the audit log and at the server's own log";

}  // namespace

bool is_key_id(std::string_view text) {
  constexpr std::size_t kDigits = 8;
  return text.size() == kDigits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

void Action::begin(std::string_view event) {
  event_ = event;
  state_ = State::kPending;
}

audit::Event Action::event(audit::Outcome outcome) const {
  audit::Event event;
  event.time = context_.clock.now();
  event.event = event_;
  event.outcome = outcome;
  event.team = details_.team.empty() ? std::string_view(call_.team) : details_.team;
  event.project_id = details_.workload.project_id;
  event.object_id = details_.workload.object_id;
  event.object_type = details_.workload.object_type;
  event.operator_name = call_.operator_name;
  event.remote = call_.request.remote;
  event.request_id = call_.request.id;
  event.groups_json = details_.groups_json;
  event.keys_json = details_.keys_json;
  // Which token acted, unless the action is about a key itself.
  event.key_id = details_.key_id.empty() ? call_.who.token_id : details_.key_id;
  event.reason = details_.reason;
  return event;
}

base::Result<void> Action::record_intent() {
  if (announced_ == details_) return {};
  const audit::Event record = event(audit::Outcome::kIntent);
  auto written = context_.audit.append({&record, 1}, audit::Durability::kSynced);
  if (written) announced_ = details_;
  if (written || written.error().code == base::Code::kNoSpace) return written;
  return base::fail(base::Code::kUnavailable,
                    "the audit record could not be written, so nothing was changed", kHint,
                    "audit_unavailable");
}

base::Result<void> Action::record_change(std::uint64_t revision) {
  state_ = State::kRecorded;
  audit::Event record = event(audit::Outcome::kOk);
  record.revision = revision;
  record.count = details_.count;
  auto written = context_.audit.append({&record, 1}, audit::Durability::kSynced);
  if (written) return {};
  base::log::error("a change has no audit record",
                   {{"event", event_},
                    {"revision", static_cast<std::int64_t>(revision)},
                    {"request_id", call_.request.id},
                    {"error", written.error().message}});
  return base::fail(base::Code::kUnavailable,
                    "the change was made and is in force (revision " + std::to_string(revision) +
                        "), but its audit record could not be written",
                    kHint, "audit_unavailable");
}

base::Result<void> Action::record_reveal() {
  state_ = State::kRecorded;
  const audit::Event record = event(audit::Outcome::kOk);
  auto written = context_.audit.append({&record, 1}, audit::Durability::kWritten);
  if (written) return {};
  return base::fail(base::Code::kUnavailable,
                    "the audit record could not be written, so no value is shown", kHint,
                    "audit_unavailable");
}

void Action::record_failure(const base::Error& error) {
  if (!pending()) return;
  state_ = State::kRecorded;
  audit::Event record =
      event(error.code == base::Code::kRefused ? audit::Outcome::kDenied : audit::Outcome::kFailed);
  record.reason = error.name.empty() ? base::code_name(error.code) : error.name;
  auto written = context_.audit.append({&record, 1}, audit::Durability::kWritten);
  if (written) return;
  base::log::error(
      "a refused action has no audit record",
      {{"event", event_}, {"request_id", call_.request.id}, {"error", written.error().message}});
}

}  // namespace sutler::admin
