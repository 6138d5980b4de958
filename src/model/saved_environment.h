// What a workload had before: a saved runtime environment, and how a bundle differs from it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "model/bundle.h"

namespace sutler::model {

// Files are as on the wire. `owner`, `group` and `permissions` are there only where the saved form
// says them.
struct SavedEnvironment {
  std::map<std::string, base::Secret, std::less<>> variables;
  std::map<std::string, BundleFile, std::less<>> files;
};

// JSON in any of the forms that people have: what Northflank's API answers for a runtime
// environment (`runtimeEnvironment` and `runtimeFiles`, values alone or with details, with or
// without `data` around it), the answer of a secret provider (`{"secrets": […]}`), or one flat
// object. kInvalid names file and member.
[[nodiscard]] base::Result<SavedEnvironment> read_saved_json(std::string_view text,
                                                             std::string_view where);
// A `.env` file.
[[nodiscard]] base::Result<SavedEnvironment> read_saved_dotenv(std::string_view text,
                                                               std::string_view where);

// Names of variables, then paths of files. Variables of Northflank's own (`NF_`) that only the
// saved side has are no difference.
struct EnvironmentDifference {
  std::vector<std::string> missing;  // the bundle does not have it
  std::vector<std::string> extra;    // the saved side does not have it
  std::vector<std::string> changed;  // another value or content, or another owner or mode
  [[nodiscard]] bool none() const { return missing.empty() && extra.empty() && changed.empty(); }
};
[[nodiscard]] EnvironmentDifference compare(const SavedEnvironment& saved, const Bundle& bundle);

}  // namespace sutler::model
