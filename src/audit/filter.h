// Which records of the log are asked for.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sutler::audit {

// A record matches when it matches every member that is not empty. Names are compared exactly.
struct Filter {
  std::optional<base::UnixTime> since;  // at or after
  std::optional<base::UnixTime> until;  // before
  std::string team;                     // of the record, or of one of its groups
  std::string project, object, type;    // of the workload
  std::string group;                    // one of `groups`
  std::string key;                      // one of `keys`: a variable's name or a file's path
  std::string operator_name;
  std::string event;    // `fetch`, or the start of one: `group.*`
  std::string outcome;  // ok, denied, failed, intent
  std::string key_id;   // the signing key that verified
  std::string remote;
  std::string request_id;
  std::string text;  // stands anywhere in the line but for its hashes, case as written
  // Of the log itself: signatures, once a second. A filter by `event` decides alone.
  enum class Checkpoints { kLeaveOut, kInclude } checkpoints = Checkpoints::kLeaveOut;
};

// kInvalid names the member: an outcome that there is not, a text with control characters, a
// time range that ends before it starts.
[[nodiscard]] base::Result<void> check_filter(const Filter& filter);

// A filter made ready for many lines. First the bytes are searched for what a match must hold,
// as the log escapes it; only what has it all is read as JSON. Immutable, thread-safe.
class LineMatcher {
 public:
  explicit LineMatcher(const Filter& filter);

  // The text that is best searched for in many lines at once, to judge by `sample`, some lines of
  // them; empty: any line may match. It lives as long as this.
  [[nodiscard]] std::string_view needle(std::string_view sample) const;
  // `line` without its newline. A line that cannot be read matches nothing.
  [[nodiscard]] bool matches(std::string_view line) const;

 private:
  [[nodiscard]] bool may_match(std::string_view line) const;
  [[nodiscard]] bool matches_strictly(std::string_view line) const;
  [[nodiscard]] bool members_match(const boost::json::object& line) const;

  Filter filter_;
  std::string since_, until_;         // as the log writes times: they compare as text
  std::vector<std::string> needles_;  // the rarest first, mostly
  bool strict_ = false;               // the bytes alone do not decide
};

}  // namespace sutler::audit
