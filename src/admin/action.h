// The audit record of one admin action. Each action that changes something or shows a value leaves
// exactly one: by record_change() or record_reveal() when it is done, else by record_failure().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "admin/context.h"
#include "audit/event.h"
#include "base/result.h"
#include "model/workload.h"

namespace sutler::admin {

// Whether it can be the id of a token or of a signing key, 8 hex digits: everything else that
// stands in the place of one may be the token or the key itself, and is neither recorded nor told.
[[nodiscard]] bool is_key_id(std::string_view text);

class Action {
 public:
  // Both must outlive it. Until begin() there is nothing to record.
  Action(const Context& context, const Call& call) : context_(context), call_(call) {}

  // From now on the request is an audited one. `event` is a literal.
  void begin(std::string_view event);
  // What was to be done is planned anew: as after begin(). What was announced already is not
  // announced again.
  void begin_again() { details_ = {}; }
  // It turned out to change and show nothing (a dry run).
  void drop() { state_ = State::kNothing; }
  // True when a record is owed.
  [[nodiscard]] bool pending() const { return state_ == State::kPending; }

  // True when none is owed and none was written.
  [[nodiscard]] bool unrecorded() const { return state_ == State::kNothing; }

  // What the record says beside who, when and from where.
  struct Details {
    std::string team;
    model::Workload workload;
    std::string groups_json;  // as audit::Event::groups_json
    std::string keys_json;
    std::string key_id;
    std::string_view reason;  // a literal
    std::uint64_t count = 0;  // of what went or came, where the record says it; of the change alone

    bool operator==(const Details&) const = default;
  };
  Details& details() { return details_; }

  // Before the commit; synced, so that no change is without a trace whatever happens after it. An
  // error (kUnavailable, `audit_unavailable`; kNoSpace): nothing may be changed.
  [[nodiscard]] base::Result<void> record_intent();
  // After the commit and before the 2xx; synced. An error (kUnavailable, `audit_unavailable`) says
  // that the change was made all the same.
  [[nodiscard]] base::Result<void> record_change(std::uint64_t revision);
  // Before the value leaves. An error (kUnavailable, `audit_unavailable`): it must not.
  [[nodiscard]] base::Result<void> record_reveal();
  // The action did not happen, or was not allowed. Nothing when no record is owed.
  void record_failure(const base::Error& error);

 private:
  enum class State { kNothing, kPending, kRecorded };
  [[nodiscard]] audit::Event event(audit::Outcome outcome) const;

  const Context& context_;
  const Call& call_;
  State state_ = State::kNothing;
  std::string_view event_;
  Details details_;
  std::optional<Details> announced_;
};

}  // namespace sutler::admin
