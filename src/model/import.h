// Entries and groups from the files of others: `.env`, flat JSON and YAML, and Northflank's secret
// groups. Nothing is widened and nothing dropped in silence: what cannot be kept is an error, or is
// left out and named. docs/import-export.md has each rule.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/group.h"

namespace sutler::model {

enum class ImportFormat { kDotenv, kJson, kYaml, kNorthflank };
// "dotenv", "json", "yaml" or "northflank"; nothing for another word.
[[nodiscard]] std::optional<ImportFormat> import_format_from(std::string_view word);

// The variables of a flat file: a group without a name, whose header says nothing. kInvalid names
// file, line (not of `.env`) and member: a name that no variable can have, what is no text, nothing
// to import. In JSON and YAML `{masked: true}` stands for a value that stays as it is. Not for
// kNorthflank.
[[nodiscard]] base::Result<Group> read_flat(ImportFormat format, std::string_view text,
                                            std::string_view where);

// What a `.env` file says otherwise than it may look: a name that is there more than once (the last
// counts), and values of several lines whose CR LF became LF, both as with npm dotenv.
[[nodiscard]] std::vector<std::string> dotenv_warnings(std::string_view text);

enum class Unsupported { kRefuse, kSkip };
// What a value or file of Northflank becomes that holds `${`.
enum class Expressions { kTemplates, kLiterals };

struct NorthflankOptions {
  std::string team = "default";
  std::string project;  // whose groups these are; an exact id
  std::string name;     // empty: the group's own id or name
  Unsupported unsupported = Unsupported::kRefuse;
  Expressions expressions = Expressions::kTemplates;
};

struct NorthflankImport {
  std::vector<Group> groups;
  std::vector<std::string> skipped;  // what was left out, one sentence each
  std::vector<std::string> notes;    // what was kept and is worth knowing
};

// Groups as Northflank's API shows them: one, a list, or either as `data`. Each is for its project
// and no other, and never for more than there. A group that matches nothing there (`restricted`
// with nothing listed), that is for builds only, or whose restrictions cannot be read in full is
// unsupported as a whole. kInvalid names file, line and member, or everything that is unsupported.
[[nodiscard]] base::Result<NorthflankImport> read_northflank(std::string_view text,
                                                             std::string_view where,
                                                             const NorthflankOptions& options);

}  // namespace sutler::model
