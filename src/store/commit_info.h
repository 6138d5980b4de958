// Who changed something, when and why: kept sealed in the header of every record version.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/wire.h"

namespace sutler::store {

inline constexpr std::size_t kMessageBytesMax = 1024;

struct CommitInfo {
  std::string who;  // "uid:0", an operator's name
  base::UnixTime when;
  std::string message = {};     // what the writer says about it; may be empty
  std::string request_id = {};  // whose answer it decides; not kept
};

// kInvalid or kTooLarge: a message is UTF-8 without control characters, at most 1 KiB. Never
// quoted: somebody may have typed a value there.
[[nodiscard]] base::Result<void> check_message(std::string_view message);

// As it stands in a header (docs/formats/store.md).
void write_info(ByteWriter& out, const CommitInfo& info);
[[nodiscard]] CommitInfo read_info(ByteReader& in);

}  // namespace sutler::store
