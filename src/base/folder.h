// The files of a folder that somebody names, so that none of them is passed over in silence.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sutler::base {

enum class Depth { kFolder, kTree };  // its own files; those of the folders below it too

// The files whose extension is one of these (".yaml"), sorted by path; maybe none. What begins with
// a dot is passed over, and a folder's own name does not count. Links to files are followed.
// kInvalid: the folder cannot be read; a link leads nowhere or to something that is no file, or, in
// a tree, to a folder: what is not seen would be taken for deleted, or for the same.
[[nodiscard]] Result<std::vector<std::filesystem::path>> files_of_folder(
    const std::filesystem::path& folder, Depth depth,
    const std::vector<std::string_view>& extensions);

}  // namespace sutler::base
