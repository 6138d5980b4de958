// `.env` files in the dialect of npm dotenv 16 (corpora/dotenv says what it makes of each fixture).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace sutler::model {

struct DotenvEntry {
  std::string name;
  base::Secret value;
  unsigned times = 1;         // that the name is there
  bool lost_returns = false;  // its lines ended in CR LF and now end in LF
};

// Entries in file order, a name given twice: the last one wins and keeps the first's place, as in
// npm dotenv. Lines that npm dotenv passes over are passed over. Names are as dotenv takes them
// (`[\w.-]+`); whether sutler takes the name is checked by the caller.
[[nodiscard]] std::vector<DotenvEntry> read_dotenv(std::string_view text);

// The file that read_dotenv reads back to the same entries. kInvalid naming the entry whose value
// this format cannot hold.
[[nodiscard]] base::Result<base::Secret> write_dotenv(const std::vector<DotenvEntry>& entries);

}  // namespace sutler::model
