// Reading all records from a backend and holding them against their head.
#pragma once

#include <memory>

#include "base/result.h"
#include "store/backend/backend.h"
#include "store/record_codec.h"
#include "store/state.h"

namespace sutler::store {

// kCorrupt: the history that this head ends is not the one that was seen.
[[nodiscard]] base::Unexpected fail_fork(const Head& next);

struct Loaded {
  State state;
  std::shared_ptr<const RecordCodec> codec;
};

// Every header and every body is opened and every row counted. kNotFound: nothing is in there;
// kRefused: a master key is missing, named; kCorrupt: what is there is not what the head says, or a
// record (named) is not what was sealed; and the backend's own errors. Uses all processors for a
// large store.
[[nodiscard]] base::Result<Loaded> load_everything(Backend& backend,
                                                   const std::shared_ptr<const Sealer>& sealer);

// The records above the state's revision, laid over it and held against the new head; the state is
// as it was when that fails. `published` gets what moved.
[[nodiscard]] base::Result<Delta::Moved> catch_up(Backend& backend, const RecordCodec& codec,
                                                  State& state);

// The head as the backend has it now. kNotFound when it has none.
[[nodiscard]] base::Result<Record> read_head(Backend& backend);

}  // namespace sutler::store
