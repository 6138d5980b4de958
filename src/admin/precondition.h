// Two people, one thing: RFC 9110 section 13 for secret groups, teams and operators.
//
// An entity tag is the version and the revision that made it: `"3-57"`. It changes with every
// change, never comes back (not even where the thing is deleted and made anew), and says nothing of
// the values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/action.h"
#include "admin/context.h"
#include "base/result.h"
#include "http/message.h"
#include "store/snapshot.h"

namespace sutler::admin {

// What is written to, as it is now.
struct Tagged {
  std::string what;           // for people: `group "web"`
  std::uint64_t version = 0;  // 0: there is none
  std::uint64_t revision = 0;
};
[[nodiscard]] Tagged tagged(const Call& call, const store::GroupRecord* record);
[[nodiscard]] Tagged tagged(const store::TeamRecord& record);
// `record` is null where there is no such operator.
[[nodiscard]] Tagged tagged(std::string_view name, const store::OperatorRecord* record);

[[nodiscard]] std::string etag_of(std::uint64_t version, std::uint64_t revision);
[[nodiscard]] std::string etag_of(const store::GroupRecord& record);
// "ETag: …\r\n"
[[nodiscard]] std::string etag_field(const std::string& etag);
[[nodiscard]] std::string etag_field(const store::GroupRecord& record);

class Precondition {
 public:
  // kInvalid for an If-Match that is no list of entity tags, and for an If-None-Match other than
  // `*`, which is all that a write can mean.
  [[nodiscard]] static base::Result<Precondition> read(const http::Request& request);

  // What a write that says nothing may do where the thing exists: one that replaces all of it would
  // undo what somebody else did meanwhile.
  enum class Replaces { kWhole, kNamedParts };
  // Nothing: go on. Else the answer, 412 or 428, with the current version and entity tag; the
  // failure is recorded.
  [[nodiscard]] std::optional<http::Response> judge(const Tagged& now, Replaces replaces,
                                                    Action& action) const;

 private:
  Precondition() = default;
  bool if_match_ = false, any_ = false;  // any: `If-Match: *`
  bool none_ = false;                    // `If-None-Match: *`
  std::vector<std::string> tags_;        // with their quotes; weak ones match nothing
};

}  // namespace sutler::admin
