// Where the members of a JSON text stand: the lines that its tree has lost. Internal to the room.
#pragma once

#include <string_view>

#include "model/tree.h"

namespace sutler::model {

// Gives each node of `root` its line: a member's that of its name, any other's its own. `text` is
// the JSON that `root` was made of by tree_of.
void add_lines(Tree& root, std::string_view text);

}  // namespace sutler::model
