// Group files from the local disk, read and checked before anything is sent.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/group.h"

namespace sutler::server {

// One file, or a folder: every *.yaml, *.yml and *.json below it in order of their paths; what
// starts with a dot is passed over, as a mounted ConfigMap keeps its copies there. kInvalid names
// file and, where it can, line: no such file, a folder without such files, whatever the reader
// refuses, a template that does not parse or refers to itself, one group in two places.
// Groups that name no team are of `team`.
[[nodiscard]] base::Result<std::vector<model::Group>> read_group_files(
    const std::filesystem::path& path, std::string_view team = "default");

}  // namespace sutler::server
