// Who changed something, and when: kept sealed in the header of every record version.
#pragma once

#include <string>

#include "base/clock.h"

namespace sutler::store {

struct CommitInfo {
  std::string who;  // "uid:0", an operator's name
  base::UnixTime when;
};

}  // namespace sutler::store
