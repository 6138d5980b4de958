// Groups as the files of others. Each format refuses what it cannot hold, so that what is written
// comes back byte for byte when it is imported. docs/import-export.md has each rule.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "model/group.h"
#include "model/group_writer.h"

namespace sutler::model {

// kGroup: the group file that `sutler group apply` takes; holds everything.
enum class ExportFormat { kDotenv, kJson, kYaml, kGroup, kNorthflank };
// "dotenv", "json", "yaml", "group" or "northflank"; nothing for another word.
[[nodiscard]] std::optional<ExportFormat> export_format_from(std::string_view word);
// Of a file of that format, with its dot.
[[nodiscard]] std::string_view extension_of(ExportFormat format);

// One group, with a final newline. kInvalid names what the format cannot hold: for the flat ones
// files, templates and references, for `.env` also some values; for Northflank whatever its groups
// do not know. Values::kMask writes a form that changes nothing when it is imported: comments in
// `.env`, masks elsewhere; Northflank has none and refuses.
[[nodiscard]] base::Result<base::Secret> export_group(const Group& group, ExportFormat format,
                                                      Values values);
// Several in one file: kGroup and kNorthflank only, kInvalid for the others.
[[nodiscard]] base::Result<base::Secret> export_groups(const std::vector<Group>& groups,
                                                       ExportFormat format, Values values);

// As Northflank's API takes it, without a final newline.
[[nodiscard]] base::Result<base::Secret> write_northflank(const Group& group);

}  // namespace sutler::model
