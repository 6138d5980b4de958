// What the audit records: who did what, when, from where, with which result. Never a value.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace sutler::audit {

// kIntent: something is about to be changed; a second record with the same request id tells whether
// it was (of what sutler does by itself, which has no request id, the next one of the same event).
// One without the second: nobody knows, the machine may have stopped in between.
enum class Outcome { kOk, kDenied, kFailed, kIntent };

// All views must stay valid until append() returned. Empty text and zero numbers are left out of
// the line. Text may hold anything, it is escaped.
struct Event {
  base::UnixTime time = {};
  std::string_view event = {};  // "fetch", "group.update", …
  Outcome outcome = Outcome::kOk;
  std::string_view team = {};
  // The workload; left out when all are empty.
  std::string_view project_id = {};
  std::string_view object_id = {};
  std::string_view object_type = {};
  std::string_view operator_name = {};
  std::string_view remote = {};
  std::string_view request_id = {};
  std::uint64_t revision = 0;
  // Ready-made JSON, taken on trust except for line breaks, which are refused:
  // `[{"name":"g","version":3}]` and `["A","/f"]`. Empty: left out.
  std::string_view groups_json = {};
  std::string_view keys_json = {};
  // Which source it is about, and where in it the value is that could not be had.
  std::string_view source = {};
  std::string_view ref = {};
  std::string_view reason = {};  // a code
  std::string_view key_id = {};  // of the signing key that verified
  std::uint64_t count = 0;       // of events that this one line stands for, when more than one
  // Of `audit.pruned` only: the last line that was let go, and in which node's chain where that is
  // not this one, or where it went from the store and not from this folder.
  std::string_view pruned_node = {};
  std::uint64_t pruned_seq = 0;
  std::string_view pruned_hash = {};
  // Only grants may use the reserve when the disk is full.
  bool grant = false;
};

}  // namespace sutler::audit
