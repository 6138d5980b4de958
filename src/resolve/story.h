// The one way from a workload to its values, told once for both: the fetch stops at the first
// problem and makes the bundle, `explain` hears all of them and tells what it heard.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "model/workload.h"
#include "resolve/answers.h"
#include "resolve/catalog.h"
#include "resolve/merge.h"

namespace sutler::resolve {

// What keeps the fetch from being answered. `error.name` is the code (docs/merge.md lists them).
struct Problem {
  base::Error error;
  std::string key;          // the variable or file, if it is about one
  std::string group;        // the group, if it is about one
  std::string source = {};  // the source and the reference, if it is about one
  std::string ref = {};
};

// The final value of one winner.
struct Outcome {
  // kAbsent: an optional reference to what does not exist.
  enum class State { kNew, kRunning, kDone, kFailed, kAbsent };
  State state = State::kNew;
  std::string_view literal;  // into the Story's groups; empty for the others
  base::Secret rendered;     // of a template or a reference
  bool is_rendered = false;  // it is one of those
  bool is_reference = false;
  // Of a file whose data is a reference: the encoding that goes out, where it is not the entry's.
  std::optional<model::Encoding> encoding = {};
  std::unique_ptr<source::Found> found =
      {};                 // of a reference: what the source said, less the value
  std::size_t depth = 0;  // templates from here to the literal farthest away

  [[nodiscard]] std::string_view text() const { return is_rendered ? rendered.expose() : literal; }
};

// An optional entry whose value does not exist: it is in no bundle.
struct Absent {
  std::string_view key;
  std::size_t group = 0;
  std::string source;
  std::string ref;
  std::optional<source::Origin> origin;
};

// Move-only; views and pointers in it stay good when it is moved.
struct Story {
  std::vector<MatchIndex::Pointer> found;  // in merge order
  std::vector<OpenGroup> groups;           // the same, opened
  Merged merged;
  std::vector<Outcome> variables;  // one for each of merged.variables
  std::vector<Outcome> files;
  std::vector<Absent> absent;     // taken out of the merged
  std::vector<Problem> problems;  // in the order in which they were met
  bool incomplete = false;        // not all names are known (Answers::References::kStandIn)
};

// With kStop the Story ends with the first problem and is not complete. The first problem is the
// same either way. A group that does not open is a problem, and its entries stand in the story
// without values.
enum class OnProblem { kStop, kCollect };
// Opens a group's values in another way than GroupRecord::open().
using OpenedEntries = std::shared_ptr<const store::OpenEntries>;
using Opener = std::function<base::Result<OpenedEntries>(const MatchIndex::Pointer&)>;
[[nodiscard]] Story tell(const View& view, const model::Workload& workload, Overridden overridden,
                         OnProblem on_problem, const Opener* opener = nullptr,
                         const Answers& answers = {});

}  // namespace sutler::resolve
